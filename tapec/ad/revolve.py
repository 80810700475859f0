"""The binomial schedule of checkpointing, as numbers and as a program that computes them.

Griewank and Walther, "Algorithm 799: revolve", ACM TOMS 26 (2000): with `s` snapshots, the one of
the start among them, binomial(s + r, s) iterations can be reversed such that none is run forward
more than r times before it is reversed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import comb

from tapec.ir.build import Builder, Expr
from tapec.ir.core import Block, Loc, Value
from tapec.ir.places import RUN, Spec, full_range
from tapec.ir.primitive import PRIMITIVES
from tapec.ir.types import Type

INT = Type("i64")


def repetitions(length: int, snapshots: int) -> int:
    """How often some iterations are run forward: the least r with binomial(s + r, s) >= length."""
    r = 0
    while comb(snapshots + r, snapshots) < length:
        r += 1
    return r


def advances(length: int, snapshots: int) -> int:
    """The fewest iterations run forward to reverse `length` of them, up to the last."""
    r = repetitions(length, snapshots)
    return r * length - comb(snapshots + r, snapshots + 1)


def stretch(length: int, snapshots: int) -> int:
    """How far to run before the next snapshot, with this many, to reverse `length` > 1 iterations.

    What is left behind needs one repetition less, what is ahead one snapshot less.
    """
    r = repetitions(length, snapshots)
    ahead = comb(snapshots - 1 + r, r)
    behind = comb(snapshots + r - 2, snapshots) if r > 1 else 0
    return max(behind, length - ahead, 1)


def stretches(length: int, snapshots: int) -> list[int]:
    """The lengths from snapshot to snapshot of the forward sweep.

    In front of the last iteration, the place that is there to write to holds one more snapshot.
    """
    found = []
    while snapshots > 1 and length > 1:
        found.append(stretch(length, snapshots))
        length, snapshots = length - found[-1], snapshots - 1
    return [*found, length - 1, 1] if length > 1 else [*found, 1]


def stretch_of(length: Expr, snapshots: Expr) -> Expr:
    """`stretch` computed by a program."""
    one = integer(length, 1)

    def low(b: Builder, s: list[Value]) -> list[Value]:
        return [(Expr(b, s[3]) < Expr(b, s[0])).value]

    def step(b: Builder, s: list[Value]) -> list[Value]:
        count, r, reach = Expr(b, s[1]), Expr(b, s[2]) + 1, Expr(b, s[3])
        return [r.value, _quotient(reach * (count + r), r).value]

    types = [INT] * 4
    operands = [length, snapshots, integer(length, 0), one]
    found = length.builder.emit(
        PRIMITIVES["while_loop"], [v.value for v in operands], {"consts": 2, "carry": 2},
        (region(types, low), region(types, step)),
    ).results  # fmt: skip
    r, reach = (Expr(length.builder, v) for v in found)
    total = snapshots + r
    ahead = _quotient(reach * snapshots, total)
    behind = _quotient(_quotient(reach * r, total) * (r - 1), total - 1)
    return _larger(_larger(behind, length - ahead), one)


# --- small programs ------------------------------------------------------------------------------


def region(
    types: Sequence[Type], body: Callable[[Builder, list[Value]], list[Value]],
    loc: Loc | None = None,
) -> Block:  # fmt: skip
    """A region from a function of its parameters."""
    builder = Builder()
    builder.loc = loc
    results = body(builder, [builder.param(t) for t in types])
    return Block(tuple(builder.params), tuple(builder.ops), tuple(results))


def _at(x: Type) -> Spec:
    return (RUN, *full_range(x.shape[1:]))


def row(b: Builder, x: Value, i: Value) -> Value:
    """Row i of an array."""
    return b.emit(PRIMITIVES["dynamic_index"], (x, i), {"at": _at(x.type)}).result


def written(b: Builder, x: Value, v: Value, i: Value) -> Value:
    """The array with row i replaced."""
    return b.emit(PRIMITIVES["dynamic_update"], (x, v, i), {"at": _at(x.type)}).result


def integer(like: Expr, number: int) -> Expr:
    """A number beside the expression."""
    return Expr(like.builder, like.builder.const(number, INT))


def _quotient(a: Expr, b: Expr) -> Expr:
    found: Expr = PRIMITIVES["floor_divide"](a, b)
    return found


def _larger(a: Expr, b: Expr) -> Expr:
    found: Expr = PRIMITIVES["maximum"](a, b)
    return found

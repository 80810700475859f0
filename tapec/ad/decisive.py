"""What a way back must not compute again in other rounding.

Machine code may round a value computed again differently: a product fused into an addition, a sum
in another order. For the value itself that is as good. But what is told from a value, which branch
was taken or which element is the largest, must be the same both ways: a tape is popped as it was
pushed, and a largest element that equals none would share its cotangent among none. So what decides
is read from where it was kept, or follows from that without rounding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tapec.ir.core import Op, Value

_EQUALITY = frozenset(("equal", "not_equal"))
# Linear ops that add up; the others move numbers only.
_SUMS = frozenset({"dot", "reduce_sum", "cumsum", "dynamic_add", "scatter_add"})
# Ops on numbers, and on all of an array, that choose one or round nothing.
_EXACT = frozenset({"convert", "select", "stop_gradient", "neg", "abs", "sign", "copysign"})
_EXACT |= {"maximum", "minimum", "fmax", "fmin", "reduce_max", "reduce_min", "argmax", "argmin"}
_EXACT |= {"argsort"}
_EXACT |= {"floor", "ceil", "trunc", "rint", "isnan", "isinf", "isfinite", "signbit"}


def decisive(needed: Iterable[Value], defs: Mapping[Value, Op], late: Iterable[Op]) -> set[Op]:
    """The ops that round on the way to a decision, of those that make what is needed.

    `late` are the ops that read it.
    """
    made = _behind(needed, defs)
    pending = [v for op in made for v in _told(op)]
    pending += [v for op in late for v in _directing(op)]
    seen, found = set[Value](), set[Op]()
    while pending:
        value = pending.pop()
        op = defs.get(value)
        if op is None or value in seen:
            continue
        seen.add(value)
        if _rounds(op):
            found.add(op)
        else:
            pending += op.operands
    return found


def _behind(values: Iterable[Value], defs: Mapping[Value, Op]) -> dict[Op, None]:
    """All ops that the values are made by."""
    found: dict[Op, None] = {}
    pending = list(values)
    while pending:
        op = defs.get(pending.pop())
        if op is not None and op not in found:
            found[op] = None
            pending += op.operands
    return found


def _told(op: Op) -> Iterator[Value]:
    """Floats that an op tells apart: for equality, or to become integers."""
    integers = op.name == "convert" and op.result.type.dtype in ("i32", "i64")
    if integers or op.name in _EQUALITY:
        yield from (v for v in op.operands if _floating(v))


def _directing(op: Op) -> Iterator[Value]:
    """Conditions, branch numbers and counts of an op with regions."""
    if op.regions:
        yield from (v for v in op.operands if not _floating(v) and not v.type.shape)


def _rounds(op: Op) -> bool:
    if op.primitive.kind == "linear":
        return op.name in _SUMS
    exact = op.name in _EXACT or all(v.type.dtype == "bool" for v in op.results)
    return not exact and any(map(_floating, (*op.operands, *op.results)))


def _floating(value: Value) -> bool:
    return value.type.dtype in ("f32", "f64")

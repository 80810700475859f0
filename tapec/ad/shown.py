"""Which values show in a result: where one is infinite or NaN, so is the result.

The derivatives of such a result are worth no test for zero. An infinity does not show if its
element is not read, if a selection or extreme may pass it over, or if it makes a number:
1 / inf, exp(-inf), tanh(inf).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.ops import arith
from tapec.ir.ops import math as functions
from tapec.ir.places import slices
from tapec.ir.regions import RegionOp, branch_or_loop

# Infinite or NaN where an operand is.
_SHOWING = frozenset(
    {arith.add, arith.sub, arith.mul, arith.neg, arith.abs, functions.sqrt, functions.cbrt}
    | {functions.log, functions.log2, functions.log10, functions.log1p, functions.hypot}
    | {functions.sin, functions.cos, functions.tan, functions.sinh, functions.cosh}
    | {functions.arcsin, functions.arccos, functions.arcsinh, functions.arccosh}
)


class Shown:
    """What shows in results of a program.

    `values` show where they are infinite or NaN, `divisors` where they are zero or NaN: quotients
    by them show.
    """

    def __init__(self, func: Func | Block | None = None, results: Iterable[Value] = ()) -> None:
        self.values: set[Value] = set()
        self.divisors: set[Value] = set()
        if func is not None:
            self._follow(func, results)

    def _follow(self, block: Func | Block, results: Iterable[Value]) -> None:
        """From results backwards."""
        read: dict[Value, np.ndarray] = {}
        self.values.update(results)
        for op in reversed(block.ops):
            self._join(op.results, read)
            if not self.values.isdisjoint(op.results):
                self._visit(op, read)
        self._join(block.params, read)

    def _join(self, values: Sequence[Value], read: dict[Value, np.ndarray]) -> None:
        """Values all parts of which show."""
        self.values.update(v for v in values if v in read and read[v].all())

    def _visit(self, op: Op, read: dict[Value, np.ndarray]) -> None:
        region = branch_or_loop(op)
        if region is not None:
            self.values.update(self._loop(region) if op.primitive.loop else self._branch(region))
        elif _is_part(op):
            _note(read, op)
        else:
            self.values.update(_showing(op))
            if op.primitive in (arith.div, functions.log):
                self.divisors.add(op.operands[-1])

    def _branch(self, region: RegionOp) -> Iterator[Value]:
        """Arguments that show on all sides."""
        pairs = [zip(region.op.results, body.results, strict=True) for body in region.bodies]
        for body, sides in zip(region.bodies, pairs, strict=True):
            self._follow(body, [inner for outer, inner in sides if outer in self.values])
        for k, v in enumerate(region.args):
            if all(region.params(body)[k] in self.values for body in region.bodies):
                yield v

    def _loop(self, region: RegionOp) -> Iterator[Value]:
        """Carried values that show whatever the number of iterations."""
        op, body = region.op, region.body
        state, shown = region.state(body), [v in self.values for v in op.results]
        while True:
            inner = Shown(body, (v for v, s in zip(body.results, shown, strict=True) if s))
            kept = [s and v in inner.values for v, s in zip(state, shown, strict=False)]
            if kept == shown[: region.carry]:
                break
            shown[: region.carry] = kept
        self.values |= inner.values
        self.divisors |= inner.divisors
        yield from (v for v, s in zip(region.starts, kept, strict=True) if s)


def _showing(op: Op) -> Sequence[Value]:
    """The operands that show in the result."""
    primitive = op.primitive
    if primitive is arith.div:
        return op.operands[:1]
    if primitive is arith.integer_pow:
        return op.operands if op.attrs["n"] > 0 else ()
    if primitive.kind == "elementwise":
        return op.operands if primitive in _SHOWING else ()
    if primitive.writes is not None:
        return op.operands[1:2]
    moves = primitive.kind == "linear" and primitive.places is None
    return op.operands if moves and (primitive.rounding or not _shrinks(op)) else ()


def _note(read: dict[Value, np.ndarray], op: Op) -> None:
    """One more part of a value is read."""
    x = op.operands[0]
    mask = read.setdefault(x, np.zeros(x.type.shape, bool))
    mask[slices(op.attrs["at"])] = True


def _is_part(op: Op) -> bool:
    """Whether it reads a part known in advance."""
    return op.primitive.kind == "linear" and op.primitive.view == {0: 0} and "at" in op.attrs


def _shrinks(op: Op) -> bool:
    return sum(v.type.size for v in op.operands) > op.result.type.size

"""Loops over a space of indices: for every place, or to reduce over all places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from math import prod

from tapec.ir.affine import Affine, Index, var
from tapec.ir.core import Value
from tapec.lower.build import ScalarBuilder
from tapec.lower.spacekeys import unrolled_from
from tapec.lower.sums import chained
from tapec.lower.tuning import FEW_TERMS, LANES, SUM_BLOCK

How = tuple[str, object]  # a scalar op and its initial value (None: the neutral element)
# How the carried values of a loop are combined, by the scalar op.
_KINDS = dict(
    add="add", mul="mul", maximum="max", minimum="min", logical_or="or", logical_and="and"
)


def over(
    build: ScalarBuilder,
    shape: tuple[int, ...],
    body: Callable[[Index], None],
    *,
    rows: bool = False,
) -> None:
    """Run `body` at every place; the last long axis is the vector axis, short ones are unrolled."""
    cut = unrolled_from(shape, rows=rows)
    tails = [tuple(map(Affine, at)) for at in product(*(range(n) for n in shape[cut:]))]

    def leaf(at: Index) -> None:
        for tail in tails:
            body((*at, *tail))

    loops(build, shape[:cut], "vector", leaf)


def loops(
    build: ScalarBuilder,
    shape: Sequence[int],
    kind: str,
    leaf: Callable[[Index], None],
    at: Index = (),
) -> None:
    """Nested loops without carried values; the innermost is of `kind`."""
    if len(at) == len(shape):
        leaf(at)
        return
    last = len(at) == len(shape) - 1
    if shape[len(at)] == 1:
        loops(build, shape, kind, leaf, (*at, Affine()))
        return
    with build.loop(shape[len(at)], kind=kind if last else "serial") as loop:
        loops(build, shape, kind, leaf, (*at, var(loop.index)))


def neutral(build: ScalarBuilder, how: How, dtype: str) -> Value:
    """The neutral element of a reduction."""
    name, start = how
    return build.const(_extreme(name, dtype) if start is None else start, dtype)


def _extreme(name: str, dtype: str) -> float | int:
    """The neutral element of an extreme."""
    if dtype in ("f32", "f64"):
        return float("-inf") if name == "maximum" else float("inf")
    bits = {"i32": 31, "i64": 63}.get(dtype, 0)
    low = -(2**bits) if bits else 0
    return low if name == "maximum" else (2**bits - 1 if bits else 1)


def block_length(extent: int, about: int) -> int:
    """The length of the blocks of a long axis: one without a remainder, whose loop would be a
    second copy of the body, if there is one near."""
    fitting = [n for n in range(LANES, 2 * about, LANES) if not extent % n and 2 * n >= about]
    return min(fitting, key=lambda n: abs(n - about), default=about)


def carried(
    build: ScalarBuilder,
    shape: Sequence[int],
    hows: Sequence[How],
    dtypes: Sequence[str],
    elements: Callable[[Index], list[Value]],
    kind: str = "vector",
    *,
    rows: bool = False,
) -> list[Value]:
    """Reduce `elements` over all places of a space.

    Of kind "vector" in the order of `tapec.lower.sums`: blocks and rows summed from scratch, their
    totals compensated. Of kind "serial" (lanes are other results) one after the other.
    """
    return _Reduction(build, shape, hows, dtypes, elements, kind, rows).run()


class _Reduction:
    """The loops of one reduction."""

    def __init__(
        self,
        build: ScalarBuilder,
        shape: Sequence[int],
        hows: Sequence[How],
        dtypes: Sequence[str],
        elements: Callable[[Index], list[Value]],
        kind: str,
        rows: bool,
    ) -> None:
        self.build, self.shape, self.hows, self.kind = build, shape, hows, kind
        self.elements = elements
        few = kind == "serial" and 0 < prod(shape) * len(hows) <= FEW_TERMS
        self.cut = 0 if few else unrolled_from(tuple(shape), rows=rows)
        ends = product(*(range(n) for n in shape[self.cut :]))
        self.tails = [tuple(map(Affine, at)) for at in ends]
        self.start = [neutral(build, h, d) for h, d in zip(hows, dtypes, strict=True)]
        self.reduce = tuple(_KINDS[name] for name, _ in hows)
        self.length = max(SUM_BLOCK // len(self.tails), 64)

    def run(self) -> list[Value]:
        """The totals."""
        return self.descend((), self.start)

    def descend(self, at: Index, values: Sequence[Value]) -> list[Value]:
        """Everything from a place on, on all axes that are left, combined into `values`."""
        if len(at) == self.cut:
            return self.leaf(at, values)
        extent = self.shape[len(at)]
        if extent == 1:
            return self.descend((*at, Affine()), values)
        last = all(n == 1 for n in self.shape[len(at) + 1 : self.cut])
        if self.kind == "vector" and not last:

            def row(i: Value) -> list[Value]:
                return self.descend((*at, var(i)), self.start)

            return chained(self.build, self.hows, values, extent, row)
        if self.kind == "vector" and extent >= 2 * self.length:
            return self.blocks(at, values, extent)
        return self.sweep(at, Affine(), extent, values, self.kind if last else "serial")

    def leaf(self, at: Index, values: Sequence[Value]) -> list[Value]:
        """The elements at one place, short axes written out."""
        for tail in self.tails:
            found = zip(self.hows, values, self.elements((*at, *tail)), strict=True)
            values = [self.build.accumulate(how[0], v, e) for how, v, e in found]
        return list(values)

    def blocks(self, at: Index, values: Sequence[Value], extent: int) -> list[Value]:
        """An axis in blocks, each summed from scratch."""
        length = block_length(extent, self.length)
        full = extent - extent % length
        rest: list[Value] = []
        if full < extent:
            rest = self.sweep(at, Affine(full), extent % length, self.start, self.kind)

        def part(i: Value) -> list[Value]:
            return self.sweep(at, var(i).times(length), length, self.start, self.kind)

        return chained(self.build, self.hows, values, extent // length, part, rest)

    def sweep(
        self, at: Index, base: Affine, extent: int, values: Sequence[Value], kind: str
    ) -> list[Value]:
        """A stretch of an axis in one loop."""
        with self.build.loop(extent, values, kind=kind, reduce=self.reduce) as loop:
            loop.yields = self.descend((*at, base + var(loop.index)), loop.carried)
        return list(loop.results)

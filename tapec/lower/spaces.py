"""Loops over a space of indices: for every place, or to combine what is at all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

from tapec.ir.affine import Affine, Index, var
from tapec.ir.core import Value
from tapec.lower.plan import unrolled_from
from tapec.lower.pull import Puller
from tapec.lower.sums import chained

BLOCK = 512  # elements of the partial sums of long reductions

_KINDS = {"add": "add", "mul": "mul", "maximum": "max", "minimum": "min"}
_KINDS |= {"logical_or": "or", "logical_and": "and"}


class Spaces(Puller):
    """Emits loops over spaces; short last axes are unrolled."""

    def over(self, shape: tuple[int, ...], body: Callable[[Index], None]) -> None:
        """Run `body` at every place; the last long axis is the vector axis."""
        cut = unrolled_from(shape)
        tails = [tuple(map(Affine, at)) for at in product(*(range(n) for n in shape[cut:]))]

        def leaf(at: Index) -> None:
            for tail in tails:
                body((*at, *tail))

        self.loops(shape[:cut], "vector", leaf)

    def loops(
        self, shape: Sequence[int], kind: str, leaf: Callable[[Index], None], at: Index = ()
    ) -> None:
        """Nested loops without carried values; the innermost is of `kind`."""
        if len(at) == len(shape):
            leaf(at)
            return
        last = len(at) == len(shape) - 1
        if shape[len(at)] == 1:
            self.loops(shape, kind, leaf, (*at, Affine()))
            return
        with self.build.loop(shape[len(at)], kind=kind if last else "serial") as loop:
            self.loops(shape, kind, leaf, (*at, var(loop.index)))

    def neutral(self, how: tuple[str, object], dtype: str) -> Value:
        """What a reduction starts from."""
        name, start = how
        if start is None:
            worst = float("-inf") if name == "maximum" else float("inf")
            if dtype not in ("f32", "f64"):
                bits = {"i32": 31, "i64": 63}.get(dtype, 0)
                low = -(2**bits) if bits else 0
                start = low if name == "maximum" else (2**bits - 1 if bits else 1)
            else:
                start = worst
        return self.build.const(start, dtype)

    def carried(
        self,
        shape: Sequence[int],
        hows: Sequence[tuple[str, object]],
        dtypes: Sequence[str],
        elements: Callable[[Index], list[Value]],
        kind: str = "vector",
    ) -> list[Value]:
        """Reduce `elements` over all places of a space.

        Of kind "vector" in the order of `tapec.lower.sums`: blocks and rows summed from scratch,
        their totals compensated. Of kind "serial" (lanes are other results) one after the other.
        """
        cut = unrolled_from(tuple(shape))
        tails = [tuple(map(Affine, at)) for at in product(*(range(n) for n in shape[cut:]))]
        start = [self.neutral(h, d) for h, d in zip(hows, dtypes, strict=True)]
        reduce = tuple(_KINDS[name] for name, _ in hows)
        length = max(BLOCK // len(tails), 64)

        def descend(at: Index, values: Sequence[Value]) -> list[Value]:
            if len(at) == cut:
                for tail in tails:
                    found = zip(hows, values, elements((*at, *tail)), strict=True)
                    values = [self.build.op(h[0], v, e) for h, v, e in found]
                return list(values)
            extent = shape[len(at)]
            if extent == 1:
                return descend((*at, Affine()), values)
            last = all(n == 1 for n in shape[len(at) + 1 : cut])
            if kind == "vector" and not last:

                def row(i: Value) -> list[Value]:
                    return descend((*at, var(i)), start)

                return chained(self.build, hows, values, extent, row)
            if kind == "vector" and extent >= 4 * length:
                return blocks(at, values, extent)
            return sweep(at, Affine(), extent, values, kind if last else "serial")

        def blocks(at: Index, values: Sequence[Value], extent: int) -> list[Value]:
            whole = extent - extent % length
            rest = sweep(at, Affine(whole), extent % length, start, kind) if whole < extent else []

            def part(i: Value) -> list[Value]:
                return sweep(at, var(i).times(length), length, start, kind)

            return chained(self.build, hows, values, extent // length, part, rest)

        def sweep(
            at: Index, base: Affine, extent: int, values: Sequence[Value], how: str
        ) -> list[Value]:
            with self.build.loop(extent, values, kind=how, reduce=reduce) as loop:
                loop.yields = descend((*at, base + var(loop.index)), loop.carried)
            return list(loop.results)

        return descend((), start)

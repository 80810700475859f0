"""Reductions with large results, and products: which elements of the result are computed together.

A product whose contracted axis is contiguous makes several rows at once, which share the loads of
the other side. One whose result is contiguous along the other side keeps a block of rows in
registers; where the result is one row only, it adds several scaled rows of the other side to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from tapec.ir.affine import Affine, Index, flat, var
from tapec.ir.core import Op, Value
from tapec.lower.elements import product_at
from tapec.lower.folds import COMBINE
from tapec.lower.frame import Frame
from tapec.lower.lanes import Element, lane_axis, written_out
from tapec.lower.memory import Memory
from tapec.lower.spaces import carried
from tapec.lower.tuning import TILE_ROWS, TILED_SUM


def partial(n: Frame, op: Op, buffer: Memory) -> None:
    """All elements of the result, into its memory."""
    shape = op.result.type.shape
    summed = "contract" in op.attrs
    reduced, element, inner = products(n, op) if summed else rows(n, op)
    how = ("add", 0) if summed else COMBINE[op.name]
    lane = lane_axis(op, reduced, n.source)
    tiles = Tiles(n, op, buffer, how, reduced, element, inner)
    if lane is not None and (inner or lane < len(shape) - 1):
        written_out(n, op, buffer, how, reduced, element, lane)
    elif not summed:
        together = inner and prod(reduced) <= TILED_SUM and _whole(n, op, reduced[-1])
        tiles.blocks(len(shape) - 1, TILE_ROWS if together else 1)
    elif not inner and len(shape) == 1 and len(reduced) == 1:
        added_rows(n, op, buffer, reduced[0], element)
    elif inner or len(shape) < 2:
        tiles.blocks(len(shape) - 1, TILE_ROWS if inner else 1)
    else:
        tiles.blocks(len(shape) - 2, TILE_ROWS)


def _whole(n: Frame, op: Op, extent: int) -> bool:
    """Whether sums together leave no rest of lanes, or one that is loaded only."""
    return not extent % TILE_ROWS or n.in_memory(op.operands[0])


def rows(n: Frame, op: Op) -> tuple[list[int], Element, bool]:
    """A reduction: its space, its elements, whether they are contiguous in memory."""
    (x,) = op.operands
    axes = sorted(op.attrs["axes"])
    kept = [k for k in range(x.type.ndim) if k not in axes]

    def element(at: Index, reduced: Index) -> Value:
        where = dict(zip(kept, at, strict=True)) | dict(zip(axes, reduced, strict=True))
        return n.pull(x, tuple(where[k] for k in range(x.type.ndim)))

    return [x.type.shape[k] for k in axes], element, x.type.ndim - 1 in axes


def products(n: Frame, op: Op) -> tuple[list[int], Element, bool]:
    """A product: its space, its elements, whether those of a sum are contiguous."""
    a, b = op.operands
    pairs = op.attrs["contract"]

    def element(at: Index, reduced: Index) -> Value:
        return product_at(n, op, at, reduced)

    batch = op.attrs["batch"]
    free = [
        [k for k in range(v.type.ndim) if k not in {p[s] for p in (*batch, *pairs)}]
        for s, v in enumerate(op.operands)
    ]
    across = free[1] and free[1][-1] == b.type.ndim - 1
    across = across or (not free[1] and bool(free[0]) and free[0][-1] == a.type.ndim - 1)
    return [a.type.shape[p[0]] for p in pairs], element, not across


class Tiles:
    """A reduction whose result is made in blocks of neighbours along one axis."""

    def __init__(
        self,
        n: Frame,
        op: Op,
        buffer: Memory,
        how: tuple[str, object],
        reduced: Sequence[int],
        element: Element,
        inner: bool,
    ) -> None:
        self.n, self.op, self.buffer, self.how = n, op, buffer, how
        self.reduced, self.element, self.inner = reduced, element, inner

    def blocks(self, axis: int, size: int) -> None:
        """Blocks of `size` along `axis` (-1 of a single number), then what is left over."""
        extent = self.op.result.type.shape[axis] if axis >= 0 else 1
        if not extent:
            return
        size = min(size, extent)
        full = extent // size
        self.block(axis, 0, size, full)
        if extent % size:
            self.block(axis, full * size, extent % size, 1)

    def block(self, axis: int, start: int, size: int, count: int) -> None:
        """`count` blocks of `size` elements from `start`."""
        n, shape = self.n, self.op.result.type.shape
        dtype, kind = self.op.result.type.dtype, "vector" if self.inner else "serial"

        def body(at: Index) -> None:
            places = [at]
            if axis >= 0:
                first = at[axis].times(size) + Affine(start)
                places = [(*at[:axis], first + Affine(k), *at[axis + 1 :]) for k in range(size)]
            totals = carried(
                n.build,
                self.reduced,
                [self.how] * size,
                [dtype] * size,
                lambda r: [self.element(place, r) for place in places],
                kind,
            )
            for place, total in zip(places, totals, strict=True):
                n.save(total, self.buffer, flat(place, shape))

        space = [*shape[:axis], count, *shape[axis + 1 :]] if axis >= 0 else []
        n.loops(space, "serial" if self.inner else "vector", body)


def added_rows(n: Frame, op: Op, buffer: Memory, extent: int, element: Element) -> None:
    """The result as a sum of rows, `TILE_ROWS` of them in each pass over it."""
    shape = op.result.type.shape
    first = extent % TILE_ROWS or min(TILE_ROWS, extent)

    def sweep(base: Affine, count: int, more: bool) -> None:
        def body(at: Index) -> None:
            place = flat(at, shape)
            terms = [element(at, (base + Affine(k),)) for k in range(count)]
            total = n.load(buffer, place, stable=False) if more else terms.pop(0)
            for term in terms:
                total = n.build.accumulate("add", total, term)
            n.save(total, buffer, place)

        n.loops(shape, "vector", body)

    sweep(Affine(), first, False)
    if extent > first:
        with n.build.loop((extent - first) // TILE_ROWS) as loop:
            sweep(var(loop.index).times(TILE_ROWS) + Affine(first), TILE_ROWS, True)
            loop.yields = []

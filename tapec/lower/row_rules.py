"""Ops on rows: which axis of a result the rows run along, and the same op on a block of rows.

`along(op, places)` says where the rows of a result are, given those of the operands (None: they are
the same for every row); `SUMMED` where the op adds rows up, None where it mixes them. `blocked` is
the op on a block, whose rows stay where they are or come last, so that lanes run over rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from math import prod

from tapec.ir.build import Expr
from tapec.ir.core import Op, Value
from tapec.ir.ops.gather import GATHER
from tapec.ir.ops.indexing import INDEX, PLACE
from tapec.ir.ops.linalg import DOT, free_axes
from tapec.ir.ops.reduce import ARGMAX, ARGMIN, REDUCE_SUM
from tapec.ir.ops.shape import (
    BROADCAST_TO,
    CONCATENATE,
    RESHAPE,
    STACK,
    TRANSPOSE,
    call,
    reshaped,
    transposed,
)
from tapec.ir.places import kept
from tapec.ir.primitive import Primitive
from tapec.lower.row_block import RowBlock
from tapec.lower.tuning import CALL_FLOPS, PACKED_REUSE

SUMMED = -1
Places = Sequence[int | None]  # for each operand, which axis the rows run along
Along = Callable[[Op, Places, int], int | None]


# ---- where the rows of results are ----


def _elementwise(op: Op, places: Places, rows: int) -> int | None:
    ndim = op.result.type.ndim
    pairs = zip(op.operands, places, strict=True)
    found = {p + ndim - v.type.ndim for v, p in pairs if p is not None}
    return found.pop() if len(found) == 1 else None


def _reduction(op: Op, places: Places, rows: int) -> int | None:
    (p,) = places
    axes = op.attrs["axes"] if "axes" in op.attrs else (op.attrs["axis"],)
    if p is None:
        return None
    if p in axes:
        return SUMMED if op.primitive is REDUCE_SUM and op.result.type.is_float else None
    return p - len([a for a in axes if a < p])


def _reshape(op: Op, places: Places, rows: int) -> int | None:
    (p,), old, new = places, op.operands[0].type.shape, op.result.type.shape
    if p is None:
        return None
    before = prod(old[:p])
    found = (k for k in range(len(new)) if prod(new[:k]) == before and new[k] == rows)
    return next(found, None)


def _transpose(op: Op, places: Places, rows: int) -> int | None:
    (p,) = places
    return None if p is None else int(op.attrs["perm"].index(p))


def _index(op: Op, places: Places, rows: int) -> int | None:
    (p,), at = places, op.attrs["at"]
    if p is None or at[p] != (0, rows, 1):
        return None
    return p - len([e for e in at[:p] if isinstance(e, int)])


def _placed(op: Op, places: Places, rows: int) -> int | None:
    """Parts that all have the rows along the same axis of the result, and all of them."""
    found = {
        kept(at)[p] if p is not None else None for at, p in zip(op.attrs["at"], places, strict=True)
    }
    axis = found.pop() if len(found) == 1 else None
    whole = axis is not None and all(at[axis] == (0, rows, 1) for at in op.attrs["at"])
    return axis if whole else None


def _gathered(op: Op, places: Places, rows: int) -> int | None:
    """Rows of the indices, into an array that is not made row by row."""
    x, *places = places
    rank = max(v.type.ndim for v in op.operands[1:])
    pairs = zip(op.operands[1:], places, strict=True)
    found = {p + rank - v.type.ndim for v, p in pairs if p is not None}
    return found.pop() if x is None and len(found) == 1 else None


def _joined(op: Op, places: Places, rows: int) -> int | None:
    """Operands side by side, all of them by rows."""
    axis: int = op.attrs["axis"]
    p, *others = places
    if p is None or any(o != p for o in others):
        return None
    if op.primitive is STACK:
        return p + (axis <= p)
    return None if axis == p else p


def _product(op: Op, places: Places, rows: int) -> int | None:
    """Rows of one operand or, of a batch, of both; not what one call computes."""
    pairs, batch = op.attrs["contract"], op.attrs["batch"]
    inner = prod(op.operands[0].type.shape[i] for i, _ in pairs)
    free = [free_axes(v.type.ndim, pairs, batch, s) for s, v in enumerate(op.operands)]
    sizes = [prod(v.type.shape[k] for k in g) for v, g in zip(op.operands, free, strict=True)]
    large = 2 * inner * prod(sizes) >= CALL_FLOPS and min(sizes) >= PACKED_REUSE
    if large or op.result.type.dtype not in ("f32", "f64"):
        return None
    if tuple(places) in pairs:
        return SUMMED
    if tuple(places) in batch:
        return int(batch.index(tuple(places)))
    sides = [s for s, p in enumerate(places) if p is not None]
    if len(sides) != 1 or places[sides[0]] not in free[sides[0]]:
        return None
    (side,) = sides
    return len(batch) + side * len(free[0]) + int(free[side].index(places[side] or 0))


ALONG: Mapping[Primitive, Along] = {
    BROADCAST_TO: _elementwise, RESHAPE: _reshape, TRANSPOSE: _transpose, INDEX: _index,
    STACK: _joined, CONCATENATE: _joined, PLACE: _placed, GATHER: _gathered, DOT: _product,
    ARGMAX: _reduction, ARGMIN: _reduction,
}  # fmt: skip


def along(op: Op, places: Places, rows: int) -> int | None:
    """The axis of the result that rows run along."""
    rule = ALONG.get(op.primitive)
    if rule is None and op.primitive.kind == "elementwise":
        rule = _elementwise
    if rule is None and op.primitive.reduces:
        rule = _reduction
    return rule(op, places, rows) if rule is not None else None


# ---- the op on a block ----


def blocked(b: RowBlock, op: Op, places: Places, axis: int) -> Expr:
    """The op on the rows of a block, or the sum over them."""
    rule = _BLOCKED.get(op.primitive)
    if rule is not None:
        return rule(b, op, places, axis)
    if op.primitive.reduces or "axis" in op.attrs:
        return _reduce(b, op, places)
    ndim = op.result.type.ndim
    made = call(op.name, *(b.operand(v, axis, ndim) for v in op.operands), **op.attrs)
    # Arrays of one number are numbers here, also those that give the result its shape.
    shape = b.shape(op.result.type.shape, axis)
    return made if made.shape == shape else call("broadcast_to", made, shape=shape)


def _reduce(b: RowBlock, op: Op, places: Places) -> Expr:
    (x,), p = op.operands, places[0] or 0
    part, last = b.part(x, p), x.type.ndim - 1
    if "axis" in op.attrs:
        return call(op.name, part, axis=b.moved(op.attrs["axis"], p))
    where = [last if b.last and a == p else b.moved(a, p) for a in op.attrs["axes"]]
    return call(op.name, part, axes=tuple(where))


def _broadcast(b: RowBlock, op: Op, places: Places, axis: int) -> Expr:
    x = b.operand(op.operands[0], axis, op.result.type.ndim)
    return call("broadcast_to", x, shape=b.shape(op.result.type.shape, axis))


def _reshaped(b: RowBlock, op: Op, places: Places, axis: int) -> Expr:
    return reshaped(b.part(op.operands[0], places[0] or 0), b.shape(op.result.type.shape, axis))


def _transposed(b: RowBlock, op: Op, places: Places, axis: int) -> Expr:
    p, perm = places[0] or 0, op.attrs["perm"]
    part = b.part(op.operands[0], p)
    if not b.last:
        return transposed(part, perm)
    return transposed(part, [*(b.moved(k, p) for k in perm if k != p), len(perm) - 1])


def _indexed(b: RowBlock, op: Op, places: Places, axis: int) -> Expr:
    p = places[0] or 0
    return call("index", b.part(op.operands[0], p), at=b.entries(op.attrs["at"], p))


def _placed_parts(b: RowBlock, op: Op, places: Places, axis: int) -> Expr:
    parts = [b.part(v, p or 0) for v, p in zip(op.operands, places, strict=True)]
    at = tuple(b.entries(spec, axis) for spec in op.attrs["at"])
    return call("place", *parts, at=at, shape=b.shape(op.result.type.shape, axis))


def _gathered_rows(b: RowBlock, op: Op, places: Places, axis: int) -> Expr:
    x, *indices = op.operands
    rank = max(v.type.ndim for v in indices)
    found = call("gather", b.given(x), *(b.operand(v, axis, rank) for v in indices))
    if not b.last:
        return found
    return transposed(found, [k for k in range(len(found.shape)) if k != rank - 1] + [rank - 1])


def _put_together(b: RowBlock, op: Op, places: Places, axis: int) -> Expr:
    parts = [b.part(v, p or 0) for v, p in zip(op.operands, places, strict=True)]
    where = b.moved(op.attrs["axis"], axis)
    return call(op.name, *parts, axis=where)


def _summed_products(b: RowBlock, op: Op, places: Places, axis: int) -> Expr:
    """The sum of the products of all pairs, with the result's axes first, then those summed over.

    With rows last, so that lanes run along them; else in the order of the result.
    """
    pairs, batch = op.attrs["contract"], op.attrs["batch"]
    free = [free_axes(v.type.ndim, pairs, batch, s) for s, v in enumerate(op.operands)]
    number = count()
    names: list[dict[int, int]] = [{}, {}]
    for i, j in batch:
        names[0][i] = names[1][j] = next(number)
    for side in (0, 1):
        for k in free[side]:
            names[side][k] = next(number)
    ndim = next(number)
    terms = {}
    for n, (i, j) in enumerate(pairs):
        names[0][i] = names[1][j] = ndim + n
        terms[ndim + n] = op.operands[0].type.shape[i]
    total = ndim + len(pairs)
    rows = axis if axis != SUMMED else ndim + list(pairs).index(tuple(places))
    factors = []
    for side, value in enumerate(op.operands):
        factors.append(_spread(b, value, places[side], names[side], total, rows))
    product = call("mul", *factors)
    where = tuple(total - 1 if b.last and k == rows else b.moved(k, rows) for k in terms)
    return call("reduce_sum", product, axes=where) if where else product


def _spread(
    b: RowBlock, value: Value, place: int | None, names: Mapping[int, int], total: int, rows: int
) -> Expr:
    """A factor over all axes of a product, of extent 1 where it has none."""
    x = b.part(value, place) if place is not None else b.given(value)
    shape = [1] * total
    for axis, name in names.items():
        shape[name] = b.size if axis == place else value.type.shape[axis]
    order = sorted(names, key=names.__getitem__)
    if place is not None and b.last:
        order = [b.moved(k, place) for k in order if k != place] + [len(order) - 1]
    if b.last:
        shape = [*shape[:rows], *shape[rows + 1 :], shape[rows]]
    return reshaped(transposed(x, order), tuple(shape))


_BLOCKED: Mapping[Primitive, Callable[[RowBlock, Op, Places, int], Expr]] = {
    BROADCAST_TO: _broadcast, RESHAPE: _reshaped, TRANSPOSE: _transposed, INDEX: _indexed,
    STACK: _put_together, CONCATENATE: _put_together, PLACE: _placed_parts, GATHER: _gathered_rows,
    DOT: _summed_products,
}  # fmt: skip

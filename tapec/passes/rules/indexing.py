"""Rules of views: an index reads through whatever only moves elements."""

from __future__ import annotations

import numpy as np

from tapec.ir.affine import ravel, unravel
from tapec.ir.core import Dense, Op, Value
from tapec.ir.places import (
    Entry,
    Spec,
    compose,
    disjoint,
    full_range,
    kept,
    progression,
    relative,
    selected,
)
from tapec.passes.rewriter import Rewriter, constant, remade, rule
from tapec.passes.tuning import MAX_PIECES

Result = Op | Value | None


@rule("index")
def index_all(op: Op, cx: Rewriter) -> Result:
    """x[:] -> x."""
    (x,) = op.operands
    return x if op.attrs["at"] == full_range(x.type.shape) else None


@rule("index")
def index_index(op: Op, cx: Rewriter) -> Result:
    """x[a][b] -> x[a after b]."""
    inner = cx.defined(op.operands[0], "index")
    if inner is None:
        return None
    at = compose(inner.attrs["at"], op.attrs["at"])
    return None if at is None else remade(op, "index", inner.operands, at=at)


@rule("index")
def index_update(op: Op, cx: Rewriter) -> Result:
    """Read what was written, or what was there before."""
    inner = cx.defined(op.operands[0], "update")
    if inner is None:
        return None
    at, written = op.attrs["at"], inner.attrs["at"]
    if disjoint(at, written):
        return remade(op, "index", inner.operands[:1], at=at)
    inside = relative(at, written)
    return None if inside is None else remade(op, "index", inner.operands[1:], at=inside)


@rule("index")
def index_place(op: Op, cx: Rewriter) -> Result:
    """Where exactly one contribution is hit, read it; where none is, zero."""
    inner = cx.defined(op.operands[0], "place")
    if inner is None or len(inner.operands) > MAX_PIECES:
        return None
    at = op.attrs["at"]
    pieces = zip(inner.operands, inner.attrs["at"], strict=True)
    hit = [(value, spec) for value, spec in pieces if not disjoint(at, spec)]
    if not hit:
        return constant(op, 0)
    inside = relative(at, hit[0][1]) if len(hit) == 1 else None
    return None if inside is None else remade(op, "index", (hit[0][0],), at=inside)


@rule("index")
def index_stack(op: Op, cx: Rewriter) -> Result:
    """stack(a, b, ...)[k] -> the k-th."""
    inner = cx.defined(op.operands[0], "stack")
    if inner is None:
        return None
    at, axis = op.attrs["at"], inner.attrs["axis"]
    if not isinstance(at[axis], int):
        return None
    return remade(op, "index", (inner.operands[at[axis]],), at=(*at[:axis], *at[axis + 1 :]))


@rule("index")
def index_concatenate(op: Op, cx: Rewriter) -> Result:
    """A part inside one piece is read from that piece."""
    inner = cx.defined(op.operands[0], "concatenate")
    if inner is None or len(inner.operands) > MAX_PIECES:
        return None
    at, axis, start = op.attrs["at"], inner.attrs["axis"], 0
    for piece in inner.operands:
        size = piece.type.shape[axis]
        inside = relative((at[axis],), ((start, size, 1),))
        if inside is not None:
            return remade(op, "index", (piece,), at=(*at[:axis], *inside, *at[axis + 1 :]))
        start += size
    return None


@rule("index")
def index_broadcast(op: Op, cx: Rewriter) -> Result:
    """Read before repeating."""
    inner = cx.defined(op.operands[0], "broadcast_to")
    if inner is None:
        return None
    (x,) = inner.operands
    at: Spec = op.attrs["at"][len(op.attrs["at"]) - x.type.ndim :]
    wide = inner.attrs["shape"][len(inner.attrs["shape"]) - x.type.ndim :]
    narrow = tuple(
        _unrepeated(e) if n == 1 and m != 1 else e
        for e, n, m in zip(at, x.type.shape, wide, strict=True)
    )
    if selected(narrow) == op.result.type.shape:
        return remade(op, "index", (x,), at=narrow)
    return cx.fitted(op, cx.emit("index", (x,), at=narrow))


def _unrepeated(entry: Entry) -> Entry:
    return 0 if isinstance(entry, int) else (0, 1, 1)


@rule("index")
def index_transpose(op: Op, cx: Rewriter) -> Result:
    """Read in the original order of axes, where the remaining ones keep it."""
    inner = cx.defined(op.operands[0], "transpose")
    if inner is None:
        return None
    perm, at = inner.attrs["perm"], op.attrs["at"]
    order = [perm[k] for k in kept(at)]
    if order != sorted(order):
        return None
    entries = dict(zip(perm, at, strict=True))
    return remade(op, "index", inner.operands, at=tuple(entries[i] for i in range(len(perm))))


@rule("index")
def index_reshape(op: Op, cx: Rewriter) -> Result:
    """One element of a reshaped array is one element of the original."""
    inner = cx.defined(op.operands[0], "reshape")
    at = op.attrs["at"]
    if inner is None or not all(isinstance(e, int) for e in at):
        return None
    (x,) = inner.operands
    position = ravel(at, inner.attrs["shape"])
    return remade(op, "index", (x,), at=unravel(position, x.type.shape))


@rule("gather")
def gather_constant(op: Op, cx: Rewriter) -> Result:
    """Constant indices that are numbers, or evenly spaced along one axis, are a view."""
    x, *indices = op.operands
    if len(indices) > 1 or any(i.type.shape for i in indices[1:]):
        return None
    entry = _entry_of(indices[0], x.type.shape[0], cx)
    if entry is None:
        return None
    return remade(op, "index", (x,), at=(entry, *full_range(x.type.shape[1:])))


def _entry_of(value: Value, size: int, cx: Rewriter) -> Entry | None:
    source = cx.defined(value, "const")
    if source is None or value.type.ndim > 1:
        return None
    number = source.attrs["value"]
    if isinstance(number, Dense):
        return progression(number.array, size)
    return None if value.type.shape else progression(np.asarray(number), size)

"""Views as index arithmetic: which element of which operand an element of the result is.

A map takes an op and an index into its result; it gives (operand, index into it) for all terms of
that element, and None where the operand depends on the value of a varying index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from tapec.ir.affine import ZERO, Affine, Index, regroup
from tapec.ir.core import Op, Value
from tapec.ir.ops.shape import STACK
from tapec.ir.places import Entry, Spec, full_range, part_of, triple

Source = tuple[Value, Index]
View = Callable[[Op, Index], Sequence[Source] | None]


def aligned(index: Index, shape: tuple[int, ...]) -> Index:
    """The index of a broadcast operand."""
    skip = len(index) - len(shape)
    pairs = zip(index[skip:], shape, strict=True)
    return tuple(ZERO if extent == 1 else i for i, extent in pairs)


def _same(op: Op, index: Index) -> Sequence[Source]:
    return [(op.operands[0], index)]


def _broadcast(op: Op, index: Index) -> Sequence[Source]:
    (x,) = op.operands
    return [(x, aligned(index, x.type.shape))]


def _transpose(op: Op, index: Index) -> Sequence[Source]:
    places = dict(zip(op.attrs["perm"], index, strict=True))
    return [(op.operands[0], tuple(places[k] for k in range(len(index))))]


def _reshape(op: Op, index: Index) -> Sequence[Source] | None:
    (x,) = op.operands
    inner = regroup(index, x.type.shape, op.result.type.shape)
    return None if inner is None else [(x, inner)]


def _index(op: Op, index: Index) -> Sequence[Source]:
    rest = iter(index)
    return [(op.operands[0], tuple(entered(entry, rest) for entry in op.attrs["at"]))]


def entered(entry: Entry, rest: Iterator[Affine]) -> Affine:
    """The index on an axis of which a place selects this; one of `rest` counts what is selected."""
    start, _, step = triple(entry)
    return Affine(start) if isinstance(entry, int) else next(rest).times(step) + Affine(start)


def _varies(at: Spec, index: Index, shape: tuple[int, ...]) -> bool:
    """Whether an index moves along an axis of which a part is a piece only."""
    pairs = zip(at, full_range(shape), index, strict=True)
    return any(i.terms and entry != everything for entry, everything, i in pairs)


def _inside(at: Spec, index: Index, shape: tuple[int, ...]) -> Index | None:
    """The index into a part placed at `at`, None outside of it."""
    inner = []
    for entry, i, everything in zip(at, index, full_range(shape), strict=True):
        if entry == everything:
            inner.append(i)
            continue
        found = part_of(i.const, entry)
        if not isinstance(found, int):
            return None
        if not isinstance(entry, int):
            inner.append(Affine(found))
    return tuple(inner)


def _place(op: Op, index: Index) -> Sequence[Source] | None:
    shape, specs = op.result.type.shape, op.attrs["at"]
    if any(_varies(at, index, shape) for at in specs):
        return None
    found = ((part, _inside(at, index, shape)) for part, at in zip(op.operands, specs, strict=True))
    return [(part, inner) for part, inner in found if inner is not None]


def _update(op: Op, index: Index) -> Sequence[Source] | None:
    (x, v), at, shape = op.operands, op.attrs["at"], op.result.type.shape
    if _varies(at, index, shape):
        return None
    inner = _inside(at, index, shape)
    return [(x, index) if inner is None else (v, inner)]


def _concatenate(op: Op, index: Index) -> Sequence[Source] | None:
    axis = op.attrs["axis"] % op.result.type.ndim
    if index[axis].terms:
        return None
    at = index[axis].const
    if op.primitive is STACK:
        return [(op.operands[at], index[:axis] + index[axis + 1 :])]
    for part in op.operands:
        if at < part.type.shape[axis]:
            break
        at -= part.type.shape[axis]
    return [(part, (*index[:axis], Affine(at), *index[axis + 1 :]))]


VIEWS: Mapping[str, View] = {
    "stop_gradient": _same,
    "materialize": _same,
    "share": _same,
    "copy": _same,
    "broadcast_to": _broadcast,
    "transpose": _transpose,
    "reshape": _reshape,
    "index": _index,
    "place": _place,
    "update": _update,
    "concatenate": _concatenate,
    "stack": _concatenate,
}

"""Rules of placement: what covers everything exactly once needs no zeros."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from tapec.ir.core import Op, Value
from tapec.passes.rewriter import Rewriter, constant, remade, rule
from tapec.passes.views import Entry, Spec, compose, whole

Result = Op | Value | None
Shape = tuple[int, ...]


@rule("place")
def place_whole(op: Op, cx: Rewriter) -> Result:
    """One contribution everywhere is the value."""
    shape: Shape = op.attrs["shape"]
    return op.operands[0] if op.attrs["at"] == (whole(shape),) else None


@rule("place")
def place_zeros(op: Op, cx: Rewriter) -> Result:
    """Zeros contribute nothing."""
    pieces = list(zip(op.operands, op.attrs["at"], strict=True))
    kept = [(v, at) for v, at in pieces if cx.number(v) != 0 and v.type.size]
    if len(kept) == len(pieces):
        return None
    return _placed(op, kept) if kept else constant(op, 0)


@rule("place")
def place_place(op: Op, cx: Rewriter) -> Result:
    """A placement placed: its contributions go where they end up."""
    inner = [cx.defined(v, "place") for v in op.operands]
    if not any(inner):
        return None
    pieces: list[tuple[Value, Spec]] = []
    for value, at, source in zip(op.operands, op.attrs["at"], inner, strict=True):
        if source is None:
            pieces.append((value, at))
            continue
        specs = (compose(at, spec) for spec in source.attrs["at"])
        pieces += zip(source.operands, specs, strict=True)
    return _placed(op, pieces)


@rule("place")
def place_together(op: Op, cx: Rewriter) -> Result:
    """Contributions to one place are added first."""
    groups: dict[Spec, list[Value]] = {}
    for value, at in zip(op.operands, op.attrs["at"], strict=True):
        groups.setdefault(at, []).append(value)
    if len(groups) == len(op.operands):
        return None
    return _placed(op, [(_total(values, cx), at) for at, values in groups.items()])


def _total(values: list[Value], cx: Rewriter) -> Value:
    total = values[0]
    for value in values[1:]:
        total = cx.emit("add", (total, value))
    return total


@rule("place")
def place_as_join(op: Op, cx: Rewriter) -> Result:
    """Rows (or blocks) covering one axis exactly once are a stack (or a concatenation)."""
    return joined(op, op.operands, op.attrs["at"])


def joined(op: Op, values: Sequence[Value], specs: Sequence[Spec]) -> Op | None:
    """The result of `op` put together from parts that cover it exactly once along one axis."""
    axis = _only_axis(specs, op.result.type.shape)
    if axis is None:
        return None
    size = op.result.type.shape[axis]
    entries = [spec[axis] for spec in specs]
    if all(isinstance(e, int) for e in entries):
        order = sorted(range(len(specs)), key=lambda k: entries[k])
        if [entries[k] for k in order] != list(range(size)):
            return None
        return remade(op, "stack", [values[k] for k in order], axis=axis)
    return _concatenated(op, values, entries, axis, size)


def _only_axis(specs: Sequence[Spec], shape: Shape) -> int | None:
    """The one axis along which the parts differ; all others are complete."""
    full = whole(shape)
    axes = [k for k, e in enumerate(specs[0]) if e != full[k]]
    if len(axes) != 1:
        return None
    axis = axes[0]
    rest = (full[:axis], full[axis + 1 :])
    return axis if all((s[:axis], s[axis + 1 :]) == rest for s in specs) else None


def _concatenated(
    op: Op, values: Sequence[Value], entries: list[Entry], axis: int, size: int
) -> Op | None:
    """Blocks of step one, each starting where the one before ends."""
    blocks = [(e, v) for e, v in zip(entries, values, strict=True) if isinstance(e, tuple)]
    blocks.sort(key=lambda block: block[0][0])
    if len(blocks) < len(entries) or any(e[2] != 1 for e, _ in blocks):
        return None
    ends = [e[0] + e[1] for e, _ in blocks]
    adjacent = all(a[0][0] + a[0][1] == b[0][0] for a, b in pairwise(blocks))
    if blocks[0][0][0] != 0 or ends[-1] != size or not adjacent:
        return None
    return remade(op, "concatenate", [v for _, v in blocks], axis=axis)


def _placed(op: Op, pieces: list[tuple[Value, Spec]]) -> Op:
    values, specs = zip(*pieces, strict=True)
    return remade(op, "place", values, at=tuple(specs), shape=op.attrs["shape"])


@rule("update")
def update_known(op: Op, cx: Rewriter) -> Result:
    """Writing everything leaves the written; what was there, nothing; twice, the last."""
    x, value = op.operands
    at = op.attrs["at"]
    if at == whole(x.type.shape):
        return value
    source = cx.defined(value, "index")
    if source and source.operands[0] is x and source.attrs["at"] == at:
        return x
    before = cx.defined(x, "update")
    if before and before.attrs["at"] == at:
        return remade(op, "update", (before.operands[0], value), at=at)
    return None

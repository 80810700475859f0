"""Rules of placement: what covers everything exactly once needs no zeros."""

from __future__ import annotations

from collections.abc import Sequence

from tapec.ir.core import Op, Value
from tapec.ir.places import Spec, compose, full_range, in_a_row
from tapec.passes.rewriter import Rewriter, constant, remade, rule

Result = Op | Value | None
Shape = tuple[int, ...]


@rule("place")
def place_whole(op: Op, cx: Rewriter) -> Result:
    """One contribution that covers the array is the result."""
    shape: Shape = op.attrs["shape"]
    return op.operands[0] if op.attrs["at"] == (full_range(shape),) else None


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
        for inner_value, inner_at in zip(source.operands, source.attrs["at"], strict=True):
            spec = compose(at, inner_at)
            assert spec is not None, "the starts of placements are known"
            pieces.append((inner_value, spec))
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
    entries = [spec[axis] for spec in specs]
    order = in_a_row(entries, op.result.type.shape[axis])
    if order is None:
        return None
    name = "stack" if isinstance(entries[0], int) else "concatenate"
    return remade(op, name, [values[k] for k in order], axis=axis)


def _only_axis(specs: Sequence[Spec], shape: Shape) -> int | None:
    """The one axis along which the parts differ; all others are complete."""
    full = full_range(shape)
    axes = [k for k, e in enumerate(specs[0]) if e != full[k]]
    if len(axes) != 1:
        return None
    axis = axes[0]
    rest = (full[:axis], full[axis + 1 :])
    return axis if all((s[:axis], s[axis + 1 :]) == rest for s in specs) else None


def _placed(op: Op, pieces: list[tuple[Value, Spec]]) -> Op:
    values, specs = zip(*pieces, strict=True)
    return remade(op, "place", values, at=tuple(specs), shape=op.attrs["shape"])


@rule("update")
def update_known(op: Op, cx: Rewriter) -> Result:
    """A write of everything is what is written, and one of what is there already is nothing.

    Of two writes to one place the last one counts.
    """
    x, value = op.operands
    at = op.attrs["at"]
    if at == full_range(x.type.shape):
        return value
    source = cx.defined(value, "index")
    if source and source.operands[0] is x and source.attrs["at"] == at:
        return x
    before = cx.defined(x, "update")
    if before and before.attrs["at"] == at:
        return remade(op, "update", (before.operands[0], value), at=at)
    return None

"""Rules of shapes and reductions: no-ops and compositions."""

from __future__ import annotations

from tapec.ir.core import Op, Value
from tapec.ir.places import full_range
from tapec.passes.rewriter import Rewriter, remade, rule

Result = Op | Value | None
Pairs = tuple[tuple[int, int], ...]


@rule("reshape", "broadcast_to")
def same_shape(op: Op, cx: Rewriter) -> Result:
    """To the shape it has."""
    (x,) = op.operands
    return x if x.type == op.result.type else None


@rule("reshape", "broadcast_to")
def composed(op: Op, cx: Rewriter) -> Result:
    """reshape(reshape(x)) -> reshape(x); the same for broadcast_to."""
    inner = cx.defined(op.operands[0], op.name)
    return remade(op, op.name, inner.operands, **op.attrs) if inner else None


@rule("transpose")
def transposed(op: Op, cx: Rewriter) -> Result:
    """Identity permutations vanish, permutations compose."""
    (x,) = op.operands
    perm = op.attrs["perm"]
    if all(i == p for i, p in enumerate(perm)):
        return x
    inner = cx.defined(x, "transpose")
    if inner is None:
        return None
    before = inner.attrs["perm"]
    return remade(op, "transpose", inner.operands, perm=tuple(before[p] for p in perm))


@rule("reduce_sum", "reduce_prod", "reduce_max", "reduce_min", "reduce_any", "reduce_all")
def reduce_no_axes(op: Op, cx: Rewriter) -> Result:
    """A reduction over no axes."""
    (x,) = op.operands
    return x if not op.attrs["axes"] and x.type == op.result.type else None


@rule("cumsum")
def scan_of_one(op: Op, cx: Rewriter) -> Result:
    """A running sum along an axis of one element."""
    (x,) = op.operands
    return x if x.type.shape[op.attrs["axis"]] <= 1 else None


@rule("concatenate")
def concatenate_one(op: Op, cx: Rewriter) -> Result:
    """One piece is the whole; empty pieces add nothing."""
    axis = op.attrs["axis"]
    kept = tuple(v for v in op.operands if v.type.shape[axis])
    if len(kept) == 1:
        return kept[0]
    return remade(op, "concatenate", kept, axis=axis) if 0 < len(kept) < len(op.operands) else None


@rule("stack")
def stack_one(op: Op, cx: Rewriter) -> Result:
    """One piece is a new axis."""
    if len(op.operands) > 1:
        return None
    return remade(op, "reshape", op.operands, shape=op.result.type.shape)


@rule("stack")
def stack_of_rows(op: Op, cx: Rewriter) -> Result:
    """Rows of one array put back in order are that array."""
    first = cx.defined(op.operands[0], "index")
    source = first.operands[0] if first else None
    if source is None or source.type != op.result.type:
        return None
    at = list(full_range(source.type.shape))
    for k, value in enumerate(op.operands):
        row = cx.defined(value, "index")
        at[op.attrs["axis"]] = k
        if row is None or row.operands[0] is not source or row.attrs["at"] != tuple(at):
            return None
    return source


@rule("dot")
def dot_to_scale(op: Op, cx: Rewriter) -> Result:
    """Without common axes and with a number on one side, a product is a scaling."""
    a, b = op.operands
    if op.attrs["contract"] or op.attrs.get("batch") or (a.type.shape and b.type.shape):
        return None
    return remade(op, "mul", (a, b))


@rule("dot")
def dot_of_transposed(op: Op, cx: Rewriter) -> Result:
    """A product names its axes, so that operands need no transposition.

    Except where the order of the axes left over is what the transposition is for.
    """
    for side, value in enumerate(op.operands):
        inner = cx.defined(value, "transpose")
        if inner is None:
            continue
        perm = inner.attrs["perm"]
        contract = _moved(op.attrs["contract"], side, perm)
        batch = _moved(op.attrs.get("batch", ()), side, perm)
        used = {pair[side] for pair in (*contract, *batch)}
        free = [p for p in perm if p not in used]
        if free == sorted(free):
            operands = list(op.operands)
            operands[side] = inner.operands[0]
            return remade(op, "dot", operands, contract=contract, batch=batch)
    return None


def _moved(pairs: Pairs, side: int, perm: tuple[int, ...]) -> Pairs:
    """The pairs with the axes of one side looked up in the permutation."""
    if side:
        return tuple((i, perm[j]) for i, j in pairs)
    return tuple((perm[i], j) for i, j in pairs)

"""Store-to-load forwarding across iterations: what one writes and the next reads is carried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tapec.ir.affine import AffineForms
from tapec.ir.core import Block, Op, Value
from tapec.ir.ops.dynamic import DYNAMIC_INDEX, DYNAMIC_UPDATE
from tapec.ir.regions import RegionOp, region_op
from tapec.ir.types import Type
from tapec.passes.rewriter import Rewriter, region_rule
from tapec.passes.tuning import MAX_WINDOW

Result = Sequence[Value] | None
Defs = Mapping[Value, Op]


@region_rule("scan")
def forward_to_next_iteration(op: Op, cx: Rewriter) -> Result:
    """A loop that writes a[i] and reads a[i - 1] carries the element; so do sums kept in an array.

    The writes stay; what goes is the way through memory from each iteration to the next. Only
    where the loop certainly runs, since the first element is read before it.
    """
    form = region_op(op)
    if op.attrs["length"] < 1:
        return None
    body = form.body
    defs = {v: inner for inner in body.ops for v in inner.results}
    for k in range(form.carry):
        write = defs.get(body.results[k])
        read = _read_of(form, k, write, defs) if write else None
        if write and read:
            values = cx.put(_carried(form, k, read, write, defs, cx))
            return [*values[: form.carry], *values[form.carry + 1 :]]
    return None


def _read_of(form: RegionOp, k: int, write: Op, defs: Defs) -> Op | None:
    """The read that finds what the only write to carried array k left in the iteration before."""
    body = form.body
    array = form.params(body)[form.consts + k]
    if write.primitive is not DYNAMIC_UPDATE or write.operands[0] is not array:
        return None
    for op in body.ops:
        if op.primitive is not DYNAMIC_INDEX or op.operands[0] is not array:
            continue
        pairs = zip(op.operands[1:], write.operands[2:], strict=False)
        same = op.attrs["at"] == write.attrs["at"] and op.result.type.size <= MAX_WINDOW
        if same and all(_meets(form, r, w, defs) for r, w in pairs):
            return op
    return None


def _meets(form: RegionOp, read: Value, write: Value, defs: Defs) -> bool:
    """Whether a start read in the next iteration is the one written in this."""
    body = form.body
    forms = AffineForms(defs.get)
    base, gap = forms.of(read).offset(), forms.difference(write, read)
    if base is None or gap is None:
        return False
    value, _ = base
    if value is body.params[0]:
        return gap == (-1 if form.op.attrs.get("reverse", False) else 1)
    return gap == 0 and (value is None or value in form.params(body)[: form.consts])


def _carried(form: RegionOp, k: int, read: Op, write: Op, defs: Defs, cx: Rewriter) -> Op:
    """The loop with one more carried value: the read's result, from the write before."""
    body = form.body
    starts = [_first(form, start, defs, cx) for start in read.operands[1:]]
    array = form.args[form.consts + k]
    first = cx.emit("dynamic_index", (array, *starts), at=read.attrs["at"])
    end = form.consts + form.carry
    params, inner = body.params[: form.skip + end], body.params[form.skip + end :]
    results, ys = body.results[: form.carry], body.results[form.carry :]
    region = Block(
        (*params, read.result, *inner),
        tuple(op for op in body.ops if op is not read),
        (*results, write.operands[1], *ys),
    )
    last = Value(read.result.type, read.result.hint)
    return Op(
        form.op.primitive,
        (*form.args[:end], first, *form.args[end:]),
        form.attrs(form.consts, form.carry + 1),
        (*form.op.results[: form.carry], last, *form.op.results[form.carry :]),
        (region,),
        form.op.loc,
    )


def _first(form: RegionOp, start: Value, defs: Defs, cx: Rewriter) -> Value:
    """The start of the read in the first iteration, outside of the loop."""
    body = form.body
    found = AffineForms(defs.get).of(start).offset()
    assert found is not None
    base, offset = found
    if base is body.params[0] or base is None:
        last = form.op.attrs["length"] - 1 if form.op.attrs.get("reverse", False) else 0
        return cx.const(offset + (last if base is not None else 0), Type("i64"))
    outer = form.args[form.params(body).index(base)]
    if not offset:
        return outer
    return cx.emit("add", (outer, cx.const(offset, Type("i64"))))

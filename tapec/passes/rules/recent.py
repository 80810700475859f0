"""Elements that one iteration writes and the next one reads: carried, not loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tapec.ir.affine import AffineForms
from tapec.ir.core import Block, Op, Value
from tapec.ir.ops.dynamic import DYNAMIC_INDEX, DYNAMIC_UPDATE
from tapec.ir.types import Type
from tapec.passes.regions.site import Site, attrs, site
from tapec.passes.rewriter import Rewriter, region_rule

Result = Sequence[Value] | None

# Windows above this size stay in the array.
MAX_CARRIED = 64


@region_rule("scan")
def read_back(op: Op, cx: Rewriter) -> Result:
    """A loop that writes a[i] and reads a[i - 1] carries the element; so do sums kept in an array.

    The writes stay; what goes is the way through memory from each iteration to the next. Only
    where the loop certainly runs, since the first element is read before it.
    """
    s = site(op)
    assert s is not None
    if op.attrs["length"] < 1:
        return None
    (body,) = op.regions
    defs = {v: inner for inner in body.ops for v in inner.results}
    for k in range(s.carry):
        write = defs.get(body.results[k])
        read = _read_of(s, body, k, write, defs) if write else None
        if write and read:
            values = cx.put(_carried(s, k, read, write, defs, cx))
            return [*values[: s.carry], *values[s.carry + 1 :]]
    return None


def _read_of(s: Site, body: Block, k: int, write: Op, defs: Mapping[Value, Op]) -> Op | None:
    """The read that finds what the only write to carried array k left in the iteration before."""
    array = s.params(body)[s.consts + k]
    if write.primitive is not DYNAMIC_UPDATE or write.operands[0] is not array:
        return None
    for op in body.ops:
        if op.primitive is not DYNAMIC_INDEX or op.operands[0] is not array:
            continue
        pairs = zip(op.operands[1:], write.operands[2:], strict=False)
        same = op.attrs["at"] == write.attrs["at"] and op.result.type.size <= MAX_CARRIED
        if same and all(_meets(s, body, r, w, defs) for r, w in pairs):
            return op
    return None


def _meets(s: Site, body: Block, read: Value, write: Value, defs: Mapping[Value, Op]) -> bool:
    """Whether a start read in the next iteration is the one written in this."""
    forms = AffineForms(defs.get)
    base, gap = forms.of(read).offset(), forms.difference(write, read)
    if base is None or gap is None:
        return False
    value, _ = base
    if value is body.params[0]:
        return gap == (-1 if s.op.attrs.get("reverse", False) else 1)
    return gap == 0 and (value is None or value in s.params(body)[: s.consts])


def _carried(s: Site, k: int, read: Op, write: Op, defs: Mapping[Value, Op], cx: Rewriter) -> Op:
    """The loop with one more carried value: the read's result, from the write before."""
    (body,) = s.op.regions
    starts = [_first(s, body, start, defs, cx) for start in read.operands[1:]]
    array = s.args[s.consts + k]
    first = cx.emit("dynamic_index", (array, *starts), at=read.attrs["at"])
    end = s.consts + s.carry
    params, inner = body.params[: s.skip + end], body.params[s.skip + end :]
    results, ys = body.results[: s.carry], body.results[s.carry :]
    region = Block(
        (*params, read.result, *inner),
        tuple(op for op in body.ops if op is not read),
        (*results, write.operands[1], *ys),
    )
    last = Value(read.result.type, read.result.hint)
    return Op(
        s.op.primitive,
        (*s.args[:end], first, *s.args[end:]),
        attrs(s, s.consts, s.carry + 1),
        (*s.op.results[: s.carry], last, *s.op.results[s.carry :]),
        (region,),
        s.op.loc,
    )


def _first(s: Site, body: Block, start: Value, defs: Mapping[Value, Op], cx: Rewriter) -> Value:
    """The start of the read in the first iteration, outside of the loop."""
    found = AffineForms(defs.get).of(start).offset()
    assert found is not None
    base, offset = found
    if base is body.params[0] or base is None:
        last = s.op.attrs["length"] - 1 if s.op.attrs.get("reverse", False) else 0
        return cx.const(offset + (last if base is not None else 0), Type("i64"))
    outer = s.args[s.params(body).index(base)]
    if not offset:
        return outer
    return cx.emit("add", (outer, cx.const(offset, Type("i64"))))

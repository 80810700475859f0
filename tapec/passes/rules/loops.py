"""Rules of loops: known trip counts, short loops, values that do not change."""

from __future__ import annotations

from collections.abc import Sequence

from tapec.ir.core import Block, Op, Value
from tapec.ir.ops.const import is_const
from tapec.ir.places import full_range
from tapec.ir.primitive import lookup
from tapec.ir.regions import RegionOp, rebuilt, region_op, without_tapes
from tapec.ir.types import Type
from tapec.passes.regions.passthrough import Source, passed_by_all
from tapec.passes.rewriter import Rewriter, region_rule
from tapec.passes.tuning import MAX_UNROLLED, MAX_UNROLLED_OPS

Result = Sequence[Value] | None


@region_rule("fori_loop")
def constant_trip_count(op: Op, cx: Rewriter) -> Result:
    """A constant trip count: a scan, whose length is part of the program."""
    count = cx.number(op.operands[0])
    if count is None:
        return None
    form, length = region_op(op), max(int(count), 0)
    attrs = {"consts": form.consts, "carry": form.carry, "length": length,
             "reverse": op.attrs.get("reverse", False)}  # fmt: skip
    return cx.put(Op(lookup("scan"), op.operands[1:], attrs, op.results, op.regions, op.loc))


@region_rule("scan")
def unroll(op: Op, cx: Rewriter) -> Result:
    """No iteration, one, or a few short ones: the bodies one after the other."""
    length = op.attrs["length"]
    (body,) = op.regions
    if length > 1 and (length > MAX_UNROLLED or length * work(body) > MAX_UNROLLED_OPS):
        return None
    form = region_op(op)
    carry = [form.args[k] for k in form.carried]
    xs = form.args[form.consts + form.carry :]
    rows: dict[int, list[Value]] = {}
    for i in range(length)[:: -1 if op.attrs.get("reverse", False) else 1]:
        row = [_element(cx, x, i) for x in xs]
        number = cx.const(i, Type("i64"))
        found = cx.inline(body, [number, *form.args[: form.consts], *carry, *row])
        carry, rows[i] = found[: form.carry], found[form.carry :]
    stacked = [
        _stacked(cx, [rows[i][k] for i in range(length)], v)
        for k, v in enumerate(op.results[form.carry :])
    ]
    return [*carry, *stacked]


def work(block: Block) -> int:
    """How many ops a region is, those inside its own regions included; constants are free."""
    count, pending = 0, [block]
    while pending:
        for op in pending.pop().ops:
            count += not is_const(op)
            pending.extend(op.regions)
    return count


def _element(cx: Rewriter, x: Value, i: int) -> Value:
    return cx.emit("index", (x,), at=(i, *full_range(x.type.shape[1:])))


def _stacked(cx: Rewriter, rows: list[Value], result: Value) -> Value:
    return cx.emit("stack", rows, axis=0) if rows else cx.const(0, result.type)


@region_rule("scan", "fori_loop", "while_loop")
def invariant_carry(op: Op, cx: Rewriter) -> Result:
    """What no iteration changes: a carried value becomes a constant, a stacked one is read off."""
    form = region_op(op)
    found = passed_by_all(form)
    frozen = {p for k, p in enumerate(form.carried) if _unchanged(form, p, found[k])}
    known = {p - form.consts: form.args[p] for p in frozen}
    for k in range(form.carry, len(op.results)):
        value = _repeated(form, k, found[k], cx)
        if value is not None:
            known[k] = value
    if not known:
        return None
    rest = [k for k in range(len(op.results)) if k not in known]
    if rest:
        args = without_tapes(form, frozen)
        values = cx.put(rebuilt(form, args, rest, frozen=frozen))
        known.update(zip(rest, values, strict=True))
    return [known[k] for k in range(len(op.results))]


def _unchanged(form: RegionOp, position: int, source: Source) -> bool:
    """Whether a carried value comes back as it went in."""
    if source == position:
        return True
    if not isinstance(source, int) or source >= form.consts:
        return False
    return form.args[source] is form.args[position]


def _repeated(form: RegionOp, k: int, source: Source, cx: Rewriter) -> Value | None:
    """A stacked result whose rows are one constant, one argument, or the rows of one."""
    type = form.op.results[k].type
    if isinstance(source, Op):
        return cx.const(source.attrs["value"], type)
    if not isinstance(source, int) or source in form.carried:
        return None
    if source < form.consts:
        return cx.emit("broadcast_to", (form.args[source],), shape=type.shape)
    return form.args[source]

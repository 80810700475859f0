"""Rules of branches: those decided already, those that make no difference."""

from __future__ import annotations

from collections.abc import Sequence, Set

from tapec.ir.core import Op, Value
from tapec.ir.ops.control import COND
from tapec.ir.regions import RegionOp, rebuilt, region_op, without_tapes
from tapec.passes.regions.key import Keys
from tapec.passes.regions.passthrough import Source, passed_by_all, passed_through
from tapec.passes.rewriter import Rewriter, region_rule
from tapec.passes.tuning import MAX_SELECTED

Result = Sequence[Value] | None


@region_rule("cond", "switch")
def known_branch(op: Op, cx: Rewriter) -> Result:
    """A constant predicate or index: the branch alone."""
    number = cx.number(op.operands[0])
    if number is None:
        return None
    taken = int(not number) if op.primitive is COND else int(number)
    return cx.inline(op.regions[min(max(taken, 0), len(op.regions) - 1)], op.operands[1:])


@region_rule("cond")
def negated_condition(op: Op, cx: Rewriter) -> Result:
    """cond(not p) {a} {b} -> cond(p) {b} {a}."""
    inner = cx.defined(op.operands[0], "logical_not")
    if inner is None:
        return None
    operands = (inner.operands[0], *op.operands[1:])
    return cx.put(Op(op.primitive, operands, op.attrs, op.results, op.regions[::-1], op.loc))


@region_rule("cond", "switch")
def equal_branches(op: Op, cx: Rewriter) -> Result:
    """Equal branches are one."""
    first, *others = op.regions
    if any(len(region.ops) != len(first.ops) for region in others):
        return None
    keys = Keys()
    if any(keys.of(region) != keys.of(first) for region in others):
        return None
    return cx.inline(first, op.operands[1:])


@region_rule("cond", "switch")
def result_of_argument(op: Op, cx: Rewriter) -> Result:
    """A result that is the same argument or constant in all branches needs no branch."""
    form = region_op(op)
    found = passed_by_all(form)
    known = {k: _value(form, source, cx) for k, source in enumerate(found) if source is not None}
    passed = {source for source in found if isinstance(source, int)}
    return _without(form, known, passed, cx)


@region_rule("cond")
def branch_to_select(op: Op, cx: Rewriter) -> Result:
    """A small result that is an argument or constant on both sides -> select(p, a, b)."""
    form = region_op(op)
    known: dict[int, Value] = {}
    for k, sides in enumerate(
        zip(*(passed_through(form, body) for body in form.bodies), strict=True)
    ):
        type = op.results[k].type
        if None not in sides and type.size <= MAX_SELECTED and not type.is_tape:
            a, b = (_value(form, side, cx) for side in sides)
            known[k] = cx.emit("select", (op.operands[0], a, b))
    return _without(form, known, frozenset(), cx)


def _value(form: RegionOp, source: Source, cx: Rewriter) -> Value:
    if isinstance(source, Op):
        return cx.const(source.attrs["value"], source.result.type)
    assert source is not None
    return form.args[source]


def _without(form: RegionOp, known: dict[int, Value], passed: Set[int], cx: Rewriter) -> Result:
    """All results, those not known from a branch that returns nothing else."""
    if not known:
        return None
    rest = [k for k in range(len(form.op.results)) if k not in known]
    if rest:
        values = cx.put(rebuilt(form, without_tapes(form, passed), rest))
        known.update(zip(rest, values, strict=True))
    return [known[k] for k in range(len(form.op.results))]

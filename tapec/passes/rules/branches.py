"""Rules of branches: those decided already, those that make no difference."""

from __future__ import annotations

from collections.abc import Sequence

from tapec.ir.core import Op, Value
from tapec.passes.regions.forward import sources
from tapec.passes.regions.key import Keys
from tapec.passes.regions.site import rebuilt, site, without_tapes
from tapec.passes.rewriter import Rewriter, region_rule

Result = Sequence[Value] | None

# A choice between arguments is an op of its own up to this size: larger ones would be copied.
MAX_SELECTED = 64


@region_rule("cond", "switch")
def decided(op: Op, cx: Rewriter) -> Result:
    """A constant predicate or index: the branch alone."""
    number = cx.number(op.operands[0])
    if number is None:
        return None
    chosen = int(not number) if op.name == "cond" else int(number)
    return cx.inline(op.regions[min(max(chosen, 0), len(op.regions) - 1)], op.operands[1:])


@region_rule("cond")
def turned(op: Op, cx: Rewriter) -> Result:
    """cond(not p) {a} {b} -> cond(p) {b} {a}."""
    inner = cx.defined(op.operands[0], "logical_not")
    if inner is None:
        return None
    operands = (inner.operands[0], *op.operands[1:])
    return cx.put(Op(op.primitive, operands, op.attrs, op.results, op.regions[::-1], op.loc))


@region_rule("cond", "switch")
def no_difference(op: Op, cx: Rewriter) -> Result:
    """Equal branches are one."""
    first, *others = op.regions
    if any(len(region.ops) != len(first.ops) for region in others):
        return None
    keys = Keys()
    if any(keys.of(region) != keys.of(first) for region in others):
        return None
    return cx.inline(first, op.operands[1:])


@region_rule("cond", "switch")
def handed_through(op: Op, cx: Rewriter) -> Result:
    """A result that is the same argument or constant in all branches needs no branch."""
    s = site(op)
    assert s is not None
    known: dict[int, Value] = {}
    found = sources(s)
    for k, source in enumerate(found):
        if isinstance(source, Op):
            known[k] = cx.const(source.attrs["value"], source.result.type)
        elif source is not None:
            known[k] = s.args[source]
    if not known:
        return None
    rest = [k for k in range(len(op.results)) if k not in known]
    if rest:
        passed = {source for source in found if isinstance(source, int)}
        values = cx.put(rebuilt(s, without_tapes(s, passed), rest))
        known.update(zip(rest, values, strict=True))
    return [known[k] for k in range(len(op.results))]


@region_rule("cond")
def selected(op: Op, cx: Rewriter) -> Result:
    """cond(p) {a} {b} between small arguments or constants -> select(p, a, b)."""
    wide = any(v.type.size > MAX_SELECTED or v.type.dtype == "tape" for v in op.results)
    if wide or any(inner.name != "const" for region in op.regions for inner in region.ops):
        return None
    pred, *operands = op.operands
    pairs = zip(*(cx.inline(region, operands) for region in op.regions), strict=True)
    return [cx.emit("select", (pred, a, b)) for a, b in pairs]

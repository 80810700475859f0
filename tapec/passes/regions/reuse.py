"""Available expressions: values known before a branch or loop are not computed again in it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping

from tapec.ir.core import Block, Op, Value
from tapec.ir.regions import RegionOp, branch_or_loop, with_consts
from tapec.passes.regions.cost import worth_passing
from tapec.passes.support import with_operands

Key = Callable[[Op], Hashable]


def reuse_available(
    op: Op, seen: Mapping[Hashable, Op], key: Key
) -> tuple[Op, Mapping[Block, list[Op]]]:
    """The op given what its regions would compute like one of the ops `seen` before it.

    With each new region come the ops it lost: their results are parameters now, and known to what
    is nested in it.
    """
    form = branch_or_loop(op)
    if form is None:
        return op, {}
    given: list[Value] = []
    inner: list[dict[int, Value]] = []
    lost: list[list[Op]] = []
    for region in op.regions:
        pairs = _recomputed(form, region, seen, key)
        values = [both for a, b in pairs for both in zip(a.results, b.results, strict=True)]
        inner.append({len(given) + k: v for k, (v, _) in enumerate(values)})
        given += [outer for _, outer in values]
        lost.append([inside for inside, _ in pairs])
    if not given:
        return op, {}
    new = with_consts(form, given, inner, {o for ops in lost for o in ops})
    return new, dict(zip(new.regions, lost, strict=True))


def _recomputed(
    form: RegionOp, region: Block, seen: Mapping[Hashable, Op], key: Key
) -> list[tuple[Op, Op]]:
    """Ops of a region, each with the one before it that has the same operands."""
    outer = dict(zip(form.params(region)[: form.consts], form.args, strict=False))
    found: list[tuple[Op, Op]] = []
    for op in region.ops:
        if any(v not in outer for v in op.operands):
            continue
        before = seen.get(key(with_operands(op, tuple(outer[v] for v in op.operands))))
        if before is None:
            continue
        outer.update(zip(op.results, before.results, strict=True))
        if worth_passing(op):
            found.append((op, before))
    return found

"""Local rewriting by a table of rules, one file of rules per family of primitives."""

from __future__ import annotations

from collections.abc import Mapping

from tapec.ir.core import Block, Func
from tapec.passes.merge_parts import merge_places, merge_updates
from tapec.passes.restored_stores import drop_restored_stores
from tapec.passes.rewriter import Licence, Rewriter, Rule, table
from tapec.passes.rules import (
    arith,
    branches,
    dynamic,
    indexing,
    integers,
    logic,
    loop_carried,
    loops,
    placement,
    repeated,
    seeds,
    select_writes,
    shape,
    sink_writes,
)
from tapec.passes.support import Shared, rewrite_program, rewrite_regions

__all__ = ["simplify"]

_FAMILIES = (
    arith,
    branches,
    select_writes,
    sink_writes,
    dynamic,
    indexing,
    integers,
    logic,
    loops,
    placement,
    repeated,
    seeds,
    loop_carried,
    shape,
)  # importing them declares the rules
EXACT: frozenset[Licence] = frozenset({"exact"})


def simplify(func: Func, *, licences: frozenset[Licence] = EXACT) -> Func:
    """Replace ops by cheaper ones of the same value: no-ops, views of views, whole placements.

    After the adjoint, whose rules multiply by one and place into zeros; before code generation,
    for which every view composed is an address computation saved. Licences beyond ``exact`` allow
    ``finite`` (zero times x is zero) and ``reassoc`` (constants regrouped). Regions come first:
    branches and loops are judged by what is left of their bodies.
    """
    rules = table(licences)
    return rewrite_program(func, lambda block, done: _block(block, rules, done))


def _block(block: Block, rules: Mapping[str, tuple[Rule, ...]], done: Shared) -> Block:
    if any(op.regions for op in block.ops):
        ops = tuple(rewrite_regions(op, lambda r: _block(r, rules, done), done) for op in block.ops)
        block = block if ops == block.ops else Block(block.params, ops, block.results)
    func = block.func("")
    return drop_restored_stores(merge_updates(Rewriter(rules).func(merge_places(func))).block)

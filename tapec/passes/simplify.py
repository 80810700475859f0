"""Local rewriting by a table of rules, one file of rules per family of primitives."""

from __future__ import annotations

from tapec.ir.core import Func
from tapec.passes.places import merge_places, merge_updates
from tapec.passes.rewriter import Licence, Rewriter, table
from tapec.passes.rules import arith, indexing, logic, place, shape

__all__ = ["simplify"]

_FAMILIES = (arith, indexing, logic, place, shape)  # importing them declares the rules
EXACT: frozenset[Licence] = frozenset({"exact"})


def simplify(func: Func, *, licences: frozenset[Licence] = EXACT) -> Func:
    """Replace ops by cheaper ones of the same value: no-ops, views of views, whole placements.

    After the adjoint, whose rules multiply by one and place into zeros; before code generation,
    for which every view composed is an address computation saved. Licences beyond ``exact`` allow
    ``finite`` (zero times x is zero) and ``reassoc`` (constants regrouped).
    """
    return merge_updates(Rewriter(table(licences)).func(merge_places(func)))

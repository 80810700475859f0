"""Sums of placements as one placement: the adjoint of reading an array piece by piece."""

from __future__ import annotations

from collections import Counter

from tapec.ir.core import Func, Op, Value
from tapec.passes.rewriter import remade


def merge_places(func: Func) -> Func:
    """Turn trees of `add` over `place` into one `place` at their root.

    In one go rather than pairwise, which would copy the growing list at every addition.
    """
    trees = _trees(func)
    if not trees:
        return func
    inner = _inner(func, trees)
    ops = [
        _merged(op, trees, inner) if op.name == "add" and op.result in trees else op
        for op in func.ops
        if op.primitive.name != "add" or op.result not in inner
    ]
    return func.with_ops(ops)


def _trees(func: Func) -> dict[Value, Op]:
    """Sums of placements by value, the placements themselves included; empty without a sum."""
    trees: dict[Value, Op] = {}
    sums = 0
    for op in func.ops:
        name = op.primitive.name
        if name == "place":
            trees[op.result] = op
        elif name == "add" and _sums_placements(op, trees):
            trees[op.result] = op
            sums += 1
    return trees if sums else {}


def _sums_placements(op: Op, trees: dict[Value, Op]) -> bool:
    a, b = op.operands
    return a in trees and b in trees and a.type == b.type


def _inner(func: Func, trees: dict[Value, Op]) -> set[Value]:
    """Sums read once, by another sum: they disappear into it."""
    uses: Counter[Value] = Counter(func.results)
    within: set[Value] = set()
    for op in func.ops:
        uses.update(op.operands)
        if op.regions:
            return set()
        if op.primitive.name == "add" and op.result in trees:
            within.update(op.operands)
    return {v for v in within if uses[v] == 1 and trees[v].name == "add"}


def _merged(op: Op, trees: dict[Value, Op], inner: set[Value]) -> Op:
    parts: list[Value] = []
    specs: list[object] = []
    pending = list(reversed(op.operands))
    while pending:
        source = trees[pending.pop()]
        if source.name == "place":
            parts += source.operands
            specs += source.attrs["at"]
        elif source.result in inner:
            pending += reversed(source.operands)
        else:
            return op
    return remade(op, "place", parts, at=tuple(specs), shape=op.result.type.shape)

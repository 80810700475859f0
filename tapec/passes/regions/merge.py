"""Branches and loops given, or returning, the same thing twice."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

from tapec.ir.core import Block, Op, Value
from tapec.passes.regions.site import Site, rebuilt, site
from tapec.passes.support import over


def merged(op: Op) -> tuple[Op, Mapping[Value, Value]]:
    """The op with equal arguments and equal results once, and which result stands for which.

    Carried values are equal when they start and continue with the same value.
    """
    s = site(op)
    if s is None:
        return op, {}
    args = _twice(_argument(s, k) for k in range(len(s.args)))
    results = _twice(_result(s, k) for k in range(len(op.results)))
    if not args and not results:
        return op, {}
    gone = {*args, *(s.consts + k for k in results if k < s.carry)}
    instead = {**args, **{s.consts + k: s.consts + j for k, j in results.items() if k < s.carry}}
    new = rebuilt(
        s,
        set(range(len(s.args))) - gone,
        set(range(len(op.results))) - results.keys(),
        lambda old, block: _renamed(s, old, block, instead),
    )
    return new, {op.results[k]: op.results[j] for k, j in results.items()}


def _twice(keys: Iterable[Hashable]) -> dict[int, int]:
    """Positions of later equal keys, with the position of the first."""
    first: dict[Hashable, int] = {}
    return {k: first[key] for k, key in enumerate(keys) if first.setdefault(key, k) != k}


def _argument(s: Site, k: int) -> Hashable:
    """Equal for constants that are the same value, and for arrays read slice by slice."""
    if k in s.carried:
        return k
    return (k < s.consts, s.args[k])


def _result(s: Site, k: int) -> Hashable:
    start = s.args[s.consts + k] if k < s.carry else None
    return (start, *(body.results[k] for body in s.bodies))


def _renamed(s: Site, old: Block, block: Block, instead: Mapping[int, int]) -> Block:
    """The region reading the parameters that stay."""
    params = s.params(old)
    same = {params[k]: params[j] for k, j in instead.items()}

    def final(values: tuple[Value, ...]) -> tuple[Value, ...]:
        return tuple(same.get(v, v) for v in values)

    ops = tuple(
        over(op, final(op.operands)) if not same.keys().isdisjoint(op.operands) else op
        for op in block.ops
    )
    return Block(block.params, ops, final(block.results))

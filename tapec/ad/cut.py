"""Minimum cuts between what is known and what is needed: which values to keep.

Between the inputs of a program and the values that a later part reads, a set of values is chosen
that costs least to keep; everything behind it is computed again (the formulation is that of Jain et
al., Checkmate, MLSys 2020, without its schedule).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from tapec.ad.network import INFINITE, Network
from tapec.ir.core import Op, Value
from tapec.ir.ops.const import is_const

Defs = Mapping[Value, Op]
Price = Callable[[Value], int | None]
Starts = Callable[[Op | None], bool]


def minimum_cut(
    needed: Sequence[Value], defs: Defs, known: Collection[Value], price: Price, starts: Starts
) -> list[Value]:
    """The values to keep.

    `price` says what keeping a value costs (None: it cannot be kept), `starts` which ops are not
    run again (None stands for an input); values in `known` are there anyway.
    """
    if all(starts(defs.get(v)) for v in needed):
        return list(needed)
    values = _sources(needed, defs, known, starts)
    number = {v: k for k, v in enumerate(values)}
    network = Network(2 * len(values) + 2)
    source, sink = 2 * len(values), 2 * len(values) + 1
    for v in needed:
        if v in number:
            network.join(2 * number[v] + 1, sink, INFINITE)
    for v, k in number.items():
        cost = price(v)
        network.join(2 * k, 2 * k + 1, INFINITE if cost is None else cost)
        op = defs.get(v)
        if op is None or starts(op):
            network.join(source, 2 * k, INFINITE)
            continue
        for u in op.operands:
            if u in number:
                network.join(2 * number[u] + 1, 2 * k, INFINITE)
    before = network.cut(source, sink)
    return [v for v, k in number.items() if before[2 * k] and not before[2 * k + 1]]


def _sources(
    needed: Iterable[Value], defs: Defs, known: Collection[Value], starts: Starts
) -> list[Value]:
    """All that would be computed again for the needed values."""
    found: dict[Value, None] = {}
    pending = list(needed)
    while pending:
        value = pending.pop()
        op = defs.get(value)
        if value in found or value in known or is_const(op):
            continue
        found[value] = None
        if op is not None and not starts(op):
            pending += op.operands
    return list(found)

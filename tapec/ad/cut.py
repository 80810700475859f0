"""Minimum cuts between what is known and what is needed: which values to keep.

Between the inputs of a program and the values that a later part reads, a set of values is chosen
that costs least to keep; everything behind it is computed again (the formulation is that of Jain et
al., Checkmate, MLSys 2020, without its schedule).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from tapec.ir.core import Op, Value

_SOURCE, _SINK = "source", "sink"
Defs = Mapping[Value, Op]
Price = Callable[[Value], int | None]
Starts = Callable[[Op | None], bool]


def is_const(op: Op | None) -> bool:
    """Whether an op is a constant, which is never kept."""
    return op is not None and op.name == "const"


def minimum_cut(
    needed: Sequence[Value], defs: Defs, known: Collection[Value], price: Price, starts: Starts
) -> list[Value]:
    """The values to keep.

    `price` says what keeping a value costs (None: it cannot be kept), `starts` which ops are not
    run again (None stands for an input); values in `known` are there anyway.
    """
    if all(starts(defs.get(v)) for v in needed):
        return list(needed)
    sources = _sources(needed, defs, known, starts)
    import networkx as nx  # heavy, and most programs never come here

    graph = nx.DiGraph()
    for value in needed:
        graph.add_edge((value, "out"), _SINK)
    for value in sources:
        _connect(graph, value, defs, known, price(value), starts)
    if _SOURCE not in graph:
        return []
    _, (before, after) = nx.minimum_cut(graph, _SOURCE, _SINK)
    return [v for v in sources if (v, "in") in before and (v, "out") in after]


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


def _connect(
    graph: Any,
    value: Value,
    defs: Defs,
    known: Collection[Value],
    cost: int | None,
    starts: Starts,
) -> None:
    """The edges of one value; without a capacity they are infinite."""
    graph.add_edge((value, "in"), (value, "out"), **({} if cost is None else {"capacity": cost}))
    op = defs.get(value)
    if op is None or starts(op):
        graph.add_edge(_SOURCE, (value, "in"))
        return
    for operand in op.operands:
        if operand not in known and not is_const(defs.get(operand)):
            graph.add_edge((operand, "out"), (value, "in"))

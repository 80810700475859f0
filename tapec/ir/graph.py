"""A program as a networkx graph: a view for drawing and graph algorithms, never the storage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tapec.ir.core import Func, Value
from tapec.ir.printer import print_attrs

if TYPE_CHECKING:
    import networkx as nx


def to_networkx(func: Func) -> nx.MultiDiGraph[Any]:
    """Ops as nodes, uses as edges from producer to consumer.

    Nodes are positions in the body, ``("param", i)`` and ``("result", i)``; every node has a
    `label`, op nodes also `op`; every edge has its `value` and the `operand` position. Uses
    inside an op's regions count as uses by that op.
    """
    import networkx as nx

    graph: nx.MultiDiGraph[Any] = nx.MultiDiGraph(name=func.name)
    source: dict[Value, Any] = {}
    for i, value in enumerate(func.params):
        graph.add_node(("param", i), label=f"{value.hint}: {value.type}")
        source[value] = ("param", i)
    for i, op in enumerate(func.ops):
        graph.add_node(i, label=f"{op.name} {print_attrs(op)}".strip(), op=op)
        for k, value in enumerate((*op.operands, *_captured(op.regions, source))):
            graph.add_edge(source[value], i, value=value, operand=k)
        source.update(dict.fromkeys(op.results, i))
    for i, value in enumerate(func.results):
        graph.add_node(("result", i), label=str(value.type))
        graph.add_edge(source[value], ("result", i), value=value, operand=0)
    return graph


def _captured(regions: tuple[Any, ...], source: dict[Value, Any]) -> list[Value]:
    """Outer values that the regions use, each once."""
    found: dict[Value, None] = {}
    pending = list(regions)
    while pending:
        block = pending.pop()
        for op in block.ops:
            found.update(dict.fromkeys(v for v in op.operands if v in source))
            pending.extend(op.regions)
        found.update(dict.fromkeys(v for v in block.results if v in source))
    return list(found)

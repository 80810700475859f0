"""A program in two: what can run before its last inputs are known, and the rest.

`vjp` runs the first part at once and the second once the cotangent is there. What the first part
hands over is a minimum cut between storing a value and computing it again (the formulation is that
of Jain et al., Checkmate, MLSys 2020, without its schedule: cheap ops are free to recompute).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tapec.ir.core import Block, Func, Op, Value

# Handing over a value costs its bytes and the making of an array.
OVERHEAD = 100
# Cost of a primitive, in additions, up to which computing it again is taken for free.
CHEAP = 4
# Values to hand over from which it is better to start again from the inputs.
MOST = 100

_SOURCE, _SINK = "source", "sink"
Defs = dict[Value, Op]


def partition(func: Func, late: Sequence[Value]) -> tuple[Func, Func]:
    """The parts (other inputs) -> (early results, residuals) and (residuals, late) -> rest.

    Results that do not depend on the parameters in `late` are early; both parts keep the order.
    """
    waiting = _dependent(func, late)
    defs = {v: op for op in func.ops for v in op.results}
    early = [v for v in func.results if v not in waiting]
    rest = [v for v in func.results if v in waiting]
    crossing = _crossing(func, waiting, defs)
    inputs = [p for p in func.params if p not in late]
    residuals = _cut(crossing, defs)
    if len(residuals) > MOST:
        residuals = [p for p in inputs if p in _sources(crossing, defs)]
    first = _part(func, inputs, [*early, *residuals], defs)
    return first, _part(func, [*residuals, *late], rest, defs)


def _dependent(func: Func, late: Iterable[Value]) -> set[Value]:
    found = set(late)
    for op in func.ops:
        if not found.isdisjoint(op.operands):
            found.update(op.results)
    return found


def _crossing(func: Func, waiting: set[Value], defs: Defs) -> list[Value]:
    """Early values, constants apart, that late ops read."""
    read = [v for op in func.ops if op.results and op.results[0] in waiting for v in op.operands]
    return [v for v in dict.fromkeys(read) if v not in waiting and not _is_const(v, defs)]


def _is_const(value: Value, defs: Defs) -> bool:
    op = defs.get(value)
    return op is not None and op.name == "const"


def _sources(values: Iterable[Value], defs: Defs) -> set[Value]:
    """Everything the values are computed from, themselves included."""
    found: set[Value] = set()
    pending = list(values)
    while pending:
        value = pending.pop()
        if value not in found:
            found.add(value)
            pending += defs[value].operands if value in defs else ()
    return found


def _cut(crossing: Sequence[Value], defs: Defs) -> list[Value]:
    """What to hand over: a minimum cut between the inputs and what the second part reads."""
    import networkx as nx  # takes long to load, and most programs never come here

    graph = nx.DiGraph()
    for value in crossing:
        graph.add_edge((value, "out"), _SINK)
    for value in _sources(crossing, defs):
        _connect(graph, value, defs)
    if _SOURCE not in graph or _SINK not in graph:
        return []
    _, (known, _) = nx.minimum_cut(graph, _SOURCE, _SINK)
    order = [v for v in (*_inputs(graph, defs), *defs) if (v, "in") in known]
    return [v for v in order if (v, "out") not in known]


def _inputs(graph: Any, defs: Defs) -> list[Value]:
    return [n[0] for n in graph if isinstance(n, tuple) and n[1] == "in" and n[0] not in defs]


def _connect(graph: Any, value: Value, defs: Defs) -> None:
    """The edges of one value; without a capacity they are infinite."""
    op = defs.get(value)
    if op is not None and op.name == "const":
        return
    if _is_stored(op):
        size = value.type.size * value.type.numpy.itemsize
        graph.add_edge((value, "in"), (value, "out"), capacity=size + OVERHEAD)
    else:
        graph.add_edge((value, "in"), (value, "out"))
    if op is None or not _is_recomputed(op):
        graph.add_edge(_SOURCE, (value, "in"))
        return
    for operand in op.operands:
        graph.add_edge((operand, "out"), (value, "in"))


def _is_stored(op: Op | None) -> bool:
    """Tapes stay inside one program; so do all results of what makes one."""
    return op is None or all(v.type.dtype != "tape" for v in op.results)


def _is_recomputed(op: Op) -> bool:
    if not _is_stored(op):
        return True
    limit = {"elementwise": CHEAP, "linear": 0}.get(op.primitive.kind, -1)
    return op.primitive.cost <= limit


def _part(func: Func, params: Sequence[Value], results: Sequence[Value], defs: Defs) -> Func:
    """The ops between these parameters and results."""
    wanted: set[Value] = set()
    pending = list(results)
    given = set(params)
    while pending:
        value = pending.pop()
        if value in wanted or value in given:
            continue
        wanted.add(value)
        pending += defs[value].operands
    ops = tuple(op for op in func.ops if not wanted.isdisjoint(op.results))
    return Func(func.name, Block(tuple(params), ops, tuple(results)))

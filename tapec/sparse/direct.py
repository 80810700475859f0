"""The nonzeros of a Jacobian computed one by one: forward mode with sparse tangents.

A program with loops, or with ops whose elements all mix, is left to compressed seeds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tapec.ad.activity import Activity, active_params
from tapec.ad.finite import Finiteness
from tapec.ad.flow import Flow
from tapec.ir import Func, Op
from tapec.ir.core import Value
from tapec.sparse.apart import Joined
from tapec.sparse.facts import Array, Fact
from tapec.sparse.pieces import Emission, NotDirect
from tapec.sparse.pieces_rules import rule_of
from tapec.sparse.tuning import DIRECT_COST, MOST_ARRAY_OPS


@dataclass(frozen=True, slots=True)
class Direct:
    """A program that returns arrays of nonzeros, and row and column of each (-1: none)."""

    func: Func
    rows: Array
    columns: Array
    work: int  # the elements of all entries on the way


def direct(
    func: Func, independent: Sequence[bool], facts: Mapping[Value, Fact], directions: float
) -> Direct:
    """The program of the nonzeros of all results, the rows of which are counted through.

    `facts` holds what is known of the program's values. Raises NotDirect where there is no rule,
    and where the entries on the way are more than the elements of tangents along `directions`.
    """
    sources = active_params(func, independent)
    active = set(Activity(func, sources, Flow()).active_ops(func, func.results))
    limit = directions * DIRECT_COST * sum(v.type.size for op in active for v in op.results)
    emission = Emission(facts, limit)
    emission.builder.params = list(func.params)
    emission.seed(sources)
    finite = Finiteness(func.ops)
    for op in func.ops:
        emission.builder.ops.append(op)
        if op in active:
            emission.builder.loc = op.loc
            _visit(emission, op, finite)
    many = sum(op.results[0].type.size > 1 for op in emission.builder.ops if op.results)
    if many > MOST_ARRAY_OPS and math.isfinite(directions):
        raise NotDirect(f"it takes {many} operations on arrays")
    return _finished(emission, func)


def _visit(emission: Emission, op: Op, finite: Finiteness) -> None:
    rule = rule_of(op)
    if rule is None:
        raise NotDirect(f"there is no rule for {op.name}")
    emission.add(op.result, rule(emission, op, finite))


def _finished(emission: Emission, func: Func) -> Direct:
    """The program of all pieces of the results."""
    first, outs, rows, columns = 0, [], [], []
    parts = Joined(emission.builder)
    for v in func.results:
        for e in emission.pieces.get(v, []):
            real = np.where(e.columns >= 0, np.arange(e.columns.size).reshape(e.columns.shape), -1)
            for numbers, at in parts.of(e.numbers, real.reshape(e.numbers.type.shape)):
                own = at.reshape(-1)
                outs.append(emission.flat(numbers))
                rows.append((own if e.rows is None else e.rows.reshape(-1)[own]) + first)
                columns.append(np.where(own >= 0, e.columns.reshape(-1)[own], -1))
        first += v.type.size
    none = [np.zeros(0, np.int64)]
    every = np.concatenate(rows or none), np.concatenate(columns or none)
    return Direct(emission.builder.func(f"{func.name}.nonzeros", outs), *every, emission.work)

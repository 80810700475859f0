"""Which inputs each element of a program's results depends on: the patterns of Jacobians.

Sets of inputs go forward through the program, op by op. The pattern of a Hessian is that of the
Jacobian of the gradient's program. A set may be too large, never too small: it is asked whether a
derivative can be nonzero, whatever the numbers are. Integers are followed by value where they do
not come from float inputs, so that places and conditions are known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import scipy.sparse as sp

from tapec.ir import Func
from tapec.ir.core import Value
from tapec.sparse.facts import NOTHING, Array, Fact
from tapec.sparse.lanes import laned
from tapec.sparse.regions import RULES
from tapec.sparse.rows import stacked
from tapec.sparse.spread import Spread


@dataclass(frozen=True, slots=True)
class Patterns:
    """A boolean pattern for each result of a program, elements by inputs; columns are the elements
    of the independent inputs, one input after the other. `given` numbers the integer inputs whose
    values it holds for."""

    patterns: tuple[sp.csr_array, ...]
    given: frozenset[int]
    facts: Mapping[Value, Fact]  # of all values outside of regions


def dependence(
    func: Func, independent: Sequence[bool], known: Mapping[int, Array] | None = None
) -> Patterns:
    """The patterns of the derivatives of all results by the inputs flagged.

    `known` has values of integer and boolean inputs, by number; what is not known may be anything.
    """
    sizes = [p.type.size if f else 0 for p, f in zip(func.params, independent, strict=True)]
    spread = Spread(sum(sizes), RULES, laned)
    starts = accumulate(sizes, initial=0)
    facts = [
        spread.input(first, p.type.size) if flag else _given(k, known or {})
        for k, (p, flag, first) in enumerate(zip(func.params, independent, starts, strict=False))
    ]
    env = spread.run(func.block, facts)
    patterns = [stacked([env[v].rows], [v.type.size], spread.columns) for v in func.results]
    return Patterns(tuple(patterns), frozenset(spread.used), env)


def _given(k: int, known: Mapping[int, Array]) -> Fact:
    return Fact(known=known[k], given=frozenset([k])) if k in known else NOTHING

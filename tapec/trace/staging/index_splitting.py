"""Index-set splitting: loops with conditions on the counter, as ``if k % 100 == 0: save(x)``.

Where the two sides cannot be a branch of the program, the loop is split where such conditions
change. Each piece is a loop or a single iteration in which the conditions are constants.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from tapec.ir.core import Op, Value
from tapec.ir.ops.const import is_const
from tapec.trace.arrays.session import Restart, Session
from tapec.trace.staging.region import Region
from tapec.trace.staging.values import truth
from tapec.trace.tuning import LONGEST_PERIOD, SPLIT_CONDITION


@dataclass(frozen=True, slots=True)
class IterationSpace:
    """The counter of a loop being traced, and its trip count."""

    index: Value
    length: int


class ConditionVaries(Restart):
    """A condition on the counter is not the same in all iterations."""

    def __init__(self, truths: Any) -> None:
        super().__init__("a condition depends on the number of the iteration")
        self.truths = truths

    def period(self) -> int:
        """The shortest period of the condition, 0 where there is none that is short."""
        n = len(self.truths)
        for p in range(2, min(LONGEST_PERIOD, n // 2) + 1):
            if (self.truths[p:] == self.truths[:-p]).all():
                return p
        return 0

    def runs(self, start: int) -> Sequence[tuple[int, int]]:
        """The maximal ranges of iterations in which the condition is constant."""
        at = np.flatnonzero(np.diff(self.truths.astype(int))) + 1
        ends = [0, *at.tolist(), len(self.truths)]
        return [(start + a, start + b) for a, b in pairwise(ends)]


def decided(session: Session, test: Any) -> bool | None:
    """A condition on the counter alone, where all iterations agree; None for others."""
    span = session.span if isinstance(session, Region) else None
    if span is None:
        return None
    truths = _for_all(session, truth(session, test), span)
    if truths is None:
        return None
    truths = np.broadcast_to(truths, (span.length,))
    if truths.all() or not truths.any():
        return bool(truths[0])
    raise ConditionVaries(truths)


def _for_all(session: Session, value: Value, span: IterationSpace) -> Any:
    """The value for every iteration at once, None where it depends on more than the counter."""
    made = {r: op for op in session.builder.ops for r in op.results}
    found: dict[Value, Any] = {span.index: np.arange(span.length)}
    needed: dict[Op, None] = {}
    todo = [value]
    while todo:
        op = made.get(v := todo.pop())
        if v in found:
            continue
        if op is None or not _is_number(op) or len(needed) > SPLIT_CONDITION:
            return None
        needed[op] = None
        todo += op.operands
    for op in session.builder.ops:  # in order of creation, so operands come first
        if op in needed:
            assert op.primitive.evaluate is not None
            operands = [found[v] for v in op.operands]
            with np.errstate(all="ignore"):
                found[op.result] = op.primitive.evaluate(*operands, **op.attrs)
    return found[value]


def _is_number(op: Op) -> bool:
    if op.primitive.evaluate is None or op.result.type.shape:
        return False
    return is_const(op) or op.primitive.kind == "elementwise"

"""Traced integers as linear forms, so that differences of indices can be proved constant.

``i + 2`` minus ``i - 1`` is 3 whatever `i` is: a slice between them has a fixed size.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from tapec.ir.affine import Affine, AffineForms, var
from tapec.ir.core import Op, Value
from tapec.ir.types import INTEGERS, Type
from tapec.trace.arrays.session import Session
from tapec.trace.arrays.tracer import is_symbolic
from tapec.trace.tuning import INDEX_DEPTH

_NUMBERS = frozenset(Type(dtype) for dtype in INTEGERS)


def linear(x: Any, session: Session) -> Affine:
    """The form of an integer, traced or not, as seen in `session`."""
    if not is_symbolic(x):
        return Affine(int(x))
    return _Forms(session).of(x._value(session))


def difference(a: Any, b: Any, session: Session) -> int | None:
    """``a - b`` where it is the same number in every run."""
    return (linear(a, session) - linear(b, session)).number()


class _Forms:
    """Forms in terms of numbers that are no sums, each of which has one name; each found once."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.known: dict[Value, Affine] = {}

    def of(self, value: Value, depth: int = 0) -> Affine:
        """The form of an integer."""
        found = self.known.get(value)
        if found is None:
            form = AffineForms(partial(_defined, self.session)).of(value)
            found = Affine(form.const)
            for term, factor in form.terms:
                found = found + self._canonical(term, depth).times(factor)
            self.known[value] = found
        return found

    def _canonical(self, value: Value, depth: int) -> Affine:
        op = _defined(self.session, value)
        if op is not None:
            return var(self._first(op, value, depth))
        outer = _outside(self.session, value)
        return var(value) if outer is None else _Forms(outer[1]).of(outer[0], depth)

    def _first(self, op: Op, value: Value, depth: int) -> Value:
        """The first result of the same op on the same operands: ``n[0]`` read twice is one
        number."""
        inner = [
            self.of(v, depth + 1) if v.type in _NUMBERS and depth < INDEX_DEPTH else v
            for v in op.operands
        ]
        key = (op.name, *inner, *op.attrs.items())
        return self.session.integers.numbers.setdefault(key, value)


def _defined(session: Session, value: Value) -> Op | None:
    """The op in `session` whose result is this number; looks only at ops added since."""
    ops, known = session.builder.ops, session.integers
    for op in ops[known.seen :]:
        if len(op.results) == 1 and op.results[0].type in _NUMBERS and not op.regions:
            known.ops[op.results[0]] = op
    known.seen = len(ops)
    return known.ops.get(value)


def _outside(session: Session, value: Value) -> tuple[Value, Session] | None:
    """What a region got from the code around it, there; only numbers, which nothing writes to."""
    for storage, entry in getattr(session, "entered", {}).items():
        if entry.param is value and not storage.boxed:
            return entry.operand, session.parent  # type: ignore[return-value]
    return None

"""Traced integers as linear forms, so that differences of indices can be proved constant.

``i + 2`` minus ``i - 1`` is 3 whatever `i` is: a slice between them has a fixed size.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from tapec.ir.core import Op, Value
from tapec.ir.types import Type
from tapec.trace.arrays.session import Session
from tapec.trace.arrays.tracer import is_symbolic

_DEPTH = 32  # longer chains of additions are a term of their own


Terms = tuple[tuple[Value, int], ...]


class Linear(NamedTuple):
    """``constant + sum(factor * value)``; the terms in a fixed order, none zero."""

    constant: int
    terms: Terms = ()

    def plus(self, other: Linear, factor: int = 1) -> Linear:
        """``self + factor * other``."""
        sums = dict(self.terms)
        for value, k in other.terms:
            sums[value] = sums.get(value, 0) + factor * k
        terms = sorted(((v, k) for v, k in sums.items() if k), key=lambda term: id(term[0]))
        return Linear(self.constant + factor * other.constant, tuple(terms))

    def times(self, factor: int) -> Linear:
        """``factor * self``."""
        return Linear(0).plus(self, factor)


def linear(x: Any, session: Session) -> Linear:
    """The form of an integer, traced or not, as seen in `session`."""
    if not is_symbolic(x):
        return Linear(int(x))
    return _form(x._value(session), session, 0)


def difference(a: Any, b: Any, session: Session) -> int | None:
    """``a - b`` where it is the same number in every run."""
    form = linear(a, session).plus(linear(b, session), -1)
    return None if form.terms else form.constant


def _form(value: Value, session: Session, depth: int) -> Linear:
    op = _defined(session, value)
    if op is None:
        outer = _outside(session, value)
        return Linear(0, ((value, 1),)) if outer is None else _form(*outer, depth + 1)
    if depth < _DEPTH and op.name in _RULES:
        found = _RULES[op.name](op, [_form(v, session, depth + 1) for v in op.operands])
        if found is not None:
            return found
    return Linear(0, ((_first(op, value, session, depth), 1),))


def _first(op: Op, value: Value, session: Session, depth: int) -> Value:
    """The first result of the same op on the same operands: ``n[0]`` read twice is one number."""
    inner = [
        _form(v, session, depth + 1) if v.type == _INTEGER and depth < _DEPTH else v
        for v in op.operands
    ]
    key = (op.name, *inner, *op.attrs.items())
    return session.integers.numbers.setdefault(key, value)


def _defined(session: Session, value: Value) -> Op | None:
    """The op in `session` whose result is this number; looks only at ops added since."""
    ops, known = session.builder.ops, session.integers
    for op in ops[known.seen :]:
        if len(op.results) == 1 and op.results[0].type == _INTEGER and not op.regions:
            known.ops[op.results[0]] = op
    known.seen = len(ops)
    return known.ops.get(value)


def _outside(session: Session, value: Value) -> tuple[Value, Session] | None:
    """What a region got from the code around it, there; only numbers, which nothing writes to."""
    for storage, entry in getattr(session, "entered", {}).items():
        if entry.param is value and not storage.boxed:
            return entry.operand, session.parent  # type: ignore[return-value]
    return None


def _product(op: Op, forms: list[Linear]) -> Linear | None:
    a, b = forms
    if a.terms and b.terms:
        return None
    return b.times(a.constant) if not a.terms else a.times(b.constant)


_INTEGER = Type("i64")
_RULES: dict[str, Callable[[Op, list[Linear]], Linear | None]] = {
    "const": lambda op, forms: Linear(op.attrs["value"]),
    "add": lambda op, forms: forms[0].plus(forms[1]),
    "sub": lambda op, forms: forms[0].plus(forms[1], -1),
    "neg": lambda op, forms: forms[0].times(-1),
    "mul": _product,
}

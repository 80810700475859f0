"""The Taylor coefficients of one value while they are being found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tapec.ir.build import Expr
from tapec.ir.core import Value
from tapec.ir.series import Term, scaled


class Series:
    """Coefficients, each computed when it is first asked for: `step(k)` appends what it takes.

    Steps may ask for earlier coefficients of this or any other series, in a circle too: sine and
    cosine need each other's.
    """

    __slots__ = ("_known", "_slopes", "kept", "number", "step")

    def __init__(
        self, known: Sequence[Term], step: Callable[[int], Term], number: float | None = None
    ) -> None:
        self._known, self.step, self.number = list(known), step, number
        self._slopes: dict[int, Term] = {}
        self.kept: dict[int, Any] = {}

    def __getitem__(self, k: int) -> Term:
        while len(self._known) <= k:
            self._known.append(self.step(len(self._known)))
        return self._known[k]

    def slope(self, k: int) -> Term:
        """k times coefficient k."""
        if k not in self._slopes:
            self._slopes[k] = scaled(self[k], float(k))
        return self._slopes[k]

    @property
    def first(self) -> Value:
        """The value itself, at t = 0."""
        found = self[0]
        assert found is not None, "a value has a first coefficient"
        return found.value


def constant(value: Expr, number: float | None = None) -> Series:
    """What does not change with t; `number` where it is one known in advance."""
    return Series([value], lambda k: None, number)


def derivative(x: Series) -> Series:
    """The series of dx/dt."""
    return Series([], lambda k: x.slope(k + 1))

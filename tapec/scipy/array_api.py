"""`xpx.at(x, index).set(y)`, by which SciPy's own code writes into arrays."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy._lib.array_api_extra import at

from tapec.scipy.registry import with_members
from tapec.trace.python.packages import CLASSES

_NOWHERE = object()


class At:
    """Updates of an array at an index: in place, unless a copy is asked for."""

    def __init__(self, x: Any, idx: Any = _NOWHERE) -> None:
        self._x, self._index = x, idx

    def __getitem__(self, idx: Any) -> At:
        return At(self._x, idx)

    def set(self, y: Any, /, copy: Any = None, xp: Any = None) -> Any:
        """The array with these elements."""
        x = np.copy(self._x) if copy else self._x
        x[self._index] = y
        return x


def _updates(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def method(self: At, y: Any, /, copy: Any = None, xp: Any = None) -> Any:
        return self.set(function(self._x[self._index], y), copy, xp)

    return method


_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul,
    "divide": operator.truediv, "power": operator.pow, "min": np.minimum, "max": np.maximum,
}  # fmt: skip
for _name, _function in _OPERATIONS.items():
    setattr(At, _name, _updates(_function))

CLASSES[at] = with_members(At, at)

# mypy: disable-error-code="no-any-return"
"""saddle: the least of the maxima of (x_1^2 + x_2^2) - (y_1^2 + y_2^2); nested descents.

The first letter of a function's name is the mode of the outer derivative, the second that of the
inner one: f forward, r reverse.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tapec
from tapec.bench.case import Array, Function
from tapec.bench.gradbench.descent import MODES, argmax, argmin
from tapec.bench.gradbench.protocol import EvalFunction


def surface(x: Array, y: Array) -> Any:
    """The saddle."""
    return np.sum(x**2) - np.sum(y**2)


def solver(outer: str, inner: str) -> Function:
    """The kernel that starts both searches from one point and returns x and y."""

    @tapec.compile
    def solve(start: Array) -> Array:
        def best(x: Array, mode: str) -> Array:
            def along(y: Array) -> Any:
                return surface(x, y)

            return argmax(along, MODES[mode](along), start)

        def worst(x: Array) -> Any:
            return surface(x, best(x, inner))

        x = argmin(worst, MODES[outer](worst), start)
        return np.concatenate([x, best(x, outer)])

    return solve


def read(given: dict[str, Any]) -> tuple[Any, ...]:
    """The point to start from."""
    return (np.array(given["start"], dtype=np.float64),)


FUNCTIONS = {a + b: EvalFunction(solver(a, b), read) for a in "fr" for b in "fr"}

# mypy: disable-error-code="no-any-return"
"""particle: where to put a charge so that a particle hits the origin; nested derivatives.

The force on the particle is a gradient, its path depends on the place of the charge, and the
derivative of where it crosses the axis moves the charge. The first letter of a function's name is
the mode of the derivative along the path, the second that of the force: f forward, r reverse.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tapec
from tapec.bench.case import Array, Function
from tapec.bench.gradbench.descent import MODES, argmin
from tapec.bench.gradbench.protocol import EvalFunction

STEP = 0.1


def miss(w: Array, mode: str) -> Any:
    """The square of where the particle crosses the axis, by Euler's method."""
    charges = np.array([[10.0, 10.0 - w[0]], [10.0, 0.0]])

    def potential(x: Array) -> Any:
        return np.sum(1.0 / np.sqrt(np.sum((charges - x) ** 2, axis=1)))

    field = MODES[mode](potential)
    x, v = np.array([0.0, 8.0]), np.array([0.75, 0.0])
    while True:
        force = -field(x)
        x = x + STEP * v
        if x[1] <= 0.0:
            return (x[0] - x[1] / v[1] * v[0]) ** 2
        v = v + STEP * force


def solver(outer: str, inner: str) -> Function:
    """The kernel that starts from w and returns the place of the charge."""

    @tapec.compile
    def solve(w: Any) -> Any:
        def objective(w: Array) -> Any:
            return miss(w, inner)

        return argmin(objective, MODES[outer](objective), np.array([w]))[0]

    return solve


def read(given: dict[str, Any]) -> tuple[Any, ...]:
    """The place to start from."""
    return (float(given["w"]),)


FUNCTIONS = {a + b: EvalFunction(solver(a, b), read) for a in "fr" for b in "fr"}

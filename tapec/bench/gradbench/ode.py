# mypy: disable-error-code="no-any-return"
"""ode: y_0' = x_0, y_i' = x_i y_{i-1} from t = 0 to 2 by the classical Runge-Kutta method."""

from __future__ import annotations

from typing import Any

import numpy as np

import tapec
from tapec.bench.case import Array
from tapec.bench.gradbench.protocol import EvalFunction


def slope(x: Array, y: Array) -> Array:
    """The right side of the equations."""
    z = x.copy()
    z[1:] *= y[:-1]
    return z


@tapec.compile
def primal(x: Array, steps: Any) -> Array:
    """y at t = 2, from zeros, in equal steps."""
    h = 2.0 / steps
    y = np.zeros_like(x)
    for _ in range(steps):
        k1 = slope(x, y)
        k2 = slope(x, y + h / 2 * k1)
        k3 = slope(x, y + h / 2 * k2)
        k4 = slope(x, y + h * k3)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return y


@tapec.compile
def last(x: Array, steps: Any) -> Any:
    """The last component of the solution."""
    return primal(x, steps)[-1]


def read(given: dict[str, Any]) -> tuple[Any, ...]:
    """Coefficients and the number of steps, which the program takes as it comes."""
    return np.array(given["x"], dtype=np.float64), given["s"]


FUNCTIONS = {"primal": EvalFunction(primal, read), "gradient": EvalFunction(last.grad, read)}

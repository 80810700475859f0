# mypy: disable-error-code="no-any-return"
"""llsq: the misfit of a polynomial to the sign function on a grid."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.polynomial.polynomial import polyval

import tapec
from tapec.bench.case import Array
from tapec.bench.gradbench.protocol import EvalFunction


@tapec.compile(static_argnames="n")
def primal(x: Array, n: int) -> Any:
    """Half the squares of sign(t) - x_0 - x_1 t - x_2 t^2 - ... at n points t of [-1, 1]."""
    t = np.linspace(-1.0, 1.0, n)
    return np.sum((np.sign(t) - polyval(t, x)) ** 2) / 2.0


def read(given: dict[str, Any]) -> tuple[Any, ...]:
    """Coefficients, and the number of points, a number of the program."""
    return np.array(given["x"], dtype=np.float64), given["n"]


FUNCTIONS = {"primal": EvalFunction(primal, read), "gradient": EvalFunction(primal.grad, read)}

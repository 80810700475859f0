# mypy: disable-error-code="no-any-return"
"""det: a determinant by expansion along the first row."""

from __future__ import annotations

from typing import Any

import numpy as np

import tapec
from tapec.bench.case import Array
from tapec.bench.gradbench.protocol import EvalFunction


@tapec.compile(inline=False)
def primal(a: Array) -> Any:
    """The determinant of a (n, n), n! terms; compiled once for each size, not for each minor."""
    if len(a) == 1:
        return a[0, 0]
    minors = (np.delete(a[1:], j, axis=1) for j in range(len(a)))
    return sum((-1) ** j * a[0, j] * primal(minor) for j, minor in enumerate(minors))


def read(given: dict[str, Any]) -> tuple[Any, ...]:
    """The matrix."""
    return (np.array(given["A"], dtype=np.float64).reshape(given["ell"], given["ell"]),)


def write(gradient: Array) -> list[float]:
    """The gradient row by row."""
    found: list[float] = gradient.ravel().tolist()
    return found


FUNCTIONS = {
    "primal": EvalFunction(primal, read),
    "gradient": EvalFunction(primal.grad, read, write),
}

# mypy: disable-error-code="no-any-return"
"""hello: the square of a number, and its derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

import tapec
from tapec.bench.gradbench.protocol import EvalFunction


@tapec.compile
def square(x: Any) -> Any:
    """The square of x."""
    return x * x


def read(given: float) -> tuple[Any, ...]:
    """The input is the number itself."""
    return (np.float64(given),)


FUNCTIONS = {"square": EvalFunction(square, read), "double": EvalFunction(square.grad, read)}

# mypy: disable-error-code="no-any-return"
"""lse: log of the sum of exponentials, shifted by the maximum."""

from __future__ import annotations

from typing import Any

import numpy as np

import tapec
from tapec.bench.case import Array
from tapec.bench.gradbench.protocol import EvalFunction


@tapec.compile
def primal(x: Array) -> Any:
    """log(sum(exp(x))) without overflow."""
    top = np.max(x)
    return top + np.log(np.sum(np.exp(x - top)))


def read(given: dict[str, Any]) -> tuple[Any, ...]:
    """The vector."""
    return (np.array(given["x"], dtype=np.float64),)


FUNCTIONS = {"primal": EvalFunction(primal, read), "gradient": EvalFunction(primal.grad, read)}

# mypy: disable-error-code="no-any-return, import-untyped"
"""Long vectors reduced to one number: log-sum-exp and a fused transcendental chain."""

from __future__ import annotations

import numpy as np

from tapec.bench.case import Array, Case, Task
from tapec.bench.reference import Exact

N = 1_000_000


def logsumexp(x: Array) -> Array:
    """log(sum(exp(x))), shifted by the maximum."""
    shift = np.max(x)
    return shift + np.log(np.sum(np.exp(x - shift)))


def softmax(x: Array) -> Array:
    """Closed-form gradient of log-sum-exp."""
    weights = np.exp(x - x.max())
    return weights / weights.sum()


def expsin(x: Array) -> Array:
    """sum(exp(-x^2) sin(x))."""
    return np.sum(np.exp(-x * x) * np.sin(x))


def expsin_gradient(x: Array) -> Array:
    """exp(-x^2) (cos(x) - 2 x sin(x))."""
    return np.exp(-(x**2)) * (np.cos(x) - 2.0 * x * np.sin(x))


CASES = (
    Case(
        name="logsumexp",
        about="log-sum-exp of a million numbers (ADBench, GradBench)",
        f=logsumexp,
        inputs=lambda rng: (3.0 * rng.standard_normal(N),),
        references={Task.GRADIENT: Exact(softmax)},
        family="logsumexp",
    ),
    Case(
        name="expsin",
        about="sum(exp(-x*x) * sin(x)), a million numbers in one fused loop",
        f=expsin,
        inputs=lambda rng: (rng.uniform(-2.0, 2.0, N),),
        references={Task.GRADIENT: Exact(expsin_gradient)},
        family="expsin",
    ),
)

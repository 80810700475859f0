"""What is asked of SciPy's functions in traced code: values, derivatives of all modes, natively."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tapec
from support.kernel_support import close, without_fallback

Array = Any


def differences(f: Callable[[Array], Array], x: Array, step: float = 1e-3) -> Array:
    """All derivatives by central differences of eighth order, the argument's axes last."""
    weights = {1: 4 / 5, 2: -1 / 5, 3: 4 / 105, 4: -1 / 280}
    x = np.asarray(x, float)
    columns = []
    for at in np.ndindex(x.shape):
        e = np.zeros(x.shape)
        e[at] = step
        parts = [w * (_at(f, x + k * e) - _at(f, x - k * e)) / step for k, w in weights.items()]
        columns.append(sum(parts))
    made = np.stack(columns, axis=-1)
    return made.reshape((*made.shape[:-1], *x.shape))


def _at(f: Callable[[Array], Array], x: Array) -> Array:
    return np.asarray(f(x[()]), float)


def check(
    f: Callable[[Array], Array],
    x: Array,
    tolerance: float = 1e-7,
    values: float = 1e-10,
    step: float = 1e-3,
    second: bool = True,
) -> None:
    """Values against SciPy, Jacobians against differences, reverse and second against forward."""
    x = np.asarray(x, float)[()]
    with without_fallback():
        close(tapec.compile(f)(x), np.asarray(f(x)), values)
        forward = tapec.jacobian(f, mode="fwd")(x)
        close(forward, differences(f, x, step), tolerance)
        close(tapec.jacobian(f, mode="rev")(x), forward, 1e-9)
        if not second:
            return
        slope = tapec.grad(lambda x: np.sum(np.sin(f(x))))
        close(tapec.hessian(lambda x: np.sum(np.sin(f(x))))(x), differences(slope, x, step), 1e-6)

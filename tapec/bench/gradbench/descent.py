# mypy: disable-error-code="no-any-return"
"""Gradient descent as particle and saddle prescribe it, and the two modes they take gradients in.

Pearlmutter and Siskind, Using programming language theory to make automatic differentiation sound
and efficient, Advances in Automatic Differentiation (2008).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tapec
from tapec.bench.case import Array, Function

TOLERANCE = 1e-5


def argmin(f: Function, gradient: Function, x: Array) -> Array:
    """A local minimum of f: the step doubles after ten that went down, and halves after one up."""
    eta, downhill = 1e-5, 0
    fx, slope = f(x), gradient(x)
    while np.sqrt(np.sum(slope**2)) > TOLERANCE:
        if downhill == 10:
            eta, downhill = 2.0 * eta, 0
            continue
        candidate = x - eta * slope
        if np.sqrt(np.sum((candidate - x) ** 2)) <= TOLERANCE:
            break
        value = f(candidate)
        if value < fx:
            x, fx, slope, downhill = candidate, value, gradient(candidate), downhill + 1
        else:
            eta, downhill = eta / 2.0, 0
    return x


def argmax(f: Function, gradient: Function, x: Array) -> Array:
    """A local maximum of f."""
    return argmin(lambda y: -f(y), lambda y: -gradient(y), x)


def forward(f: Function) -> Function:
    """The gradient of f by one directional derivative for each variable."""

    def gradient(x: Array) -> Array:
        directions = np.eye(len(x))
        return np.array([tapec.jvp(f, (x,), (directions[i],))[1] for i in range(len(x))])

    return gradient


MODES: dict[str, Callable[[Function], Any]] = {"f": forward, "r": tapec.grad}

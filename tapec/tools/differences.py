"""Derivatives from values alone (complex step, Richardson extrapolation) and their comparison."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# f(x + ih) is exact to the last bit for any h whose square underflows against f.
COMPLEX_STEP = 1e-100
# Relative noise above which a difference formula cannot excuse a deviation.
UNRESOLVED = 1e-4


def leaves(result: Any) -> list[NDArray[Any]]:
    """The arrays of a result: one for an array or scalar, several for a tuple or list."""
    parts = result if isinstance(result, tuple | list) else [result]
    return [np.asarray(part) for part in parts]


def relative_error(got: Any, want: Any) -> float:
    """Largest deviation over the largest reference entry, per leaf; inf for wrong shapes or NaN."""
    ours, theirs = leaves(got), leaves(want)
    if len(ours) != len(theirs):
        return float("inf")
    return max((_leaf_error(a, b) for a, b in zip(ours, theirs, strict=True)), default=0.0)


def _leaf_error(got: NDArray[Any], want: NDArray[Any]) -> float:
    if got.shape != want.shape:
        return float("inf")
    if got.size == 0:
        return 0.0
    deviation = float(np.max(np.abs(got - want)))
    if not np.isfinite(deviation):
        return float("inf")
    scale = float(np.max(np.abs(want)))
    return deviation / scale if scale > 0.0 else deviation


def error_beyond(got: Any, want: Any, noise: float) -> float:
    """Relative error less the noise of the difference formula (near kinks nothing is excused)."""
    if np.shape(got) != np.shape(want):
        return float("inf")
    scale = max(float(np.max(np.abs(want), initial=0.0)), 1e-300)
    deviation = float(np.max(np.abs(got - want), initial=0.0))
    if not np.isfinite(deviation):
        return float("inf")
    resolved = noise < UNRESOLVED * scale
    return max(0.0, deviation - 4.0 * noise if resolved else deviation) / scale


def random_direction(rng: np.random.Generator, x: Array) -> Array:
    """A random vector as long as ``x`` itself, so that small arguments are moved by small steps."""
    length = float(np.sqrt(np.mean(x * x))) if x.size else 1.0
    return rng.standard_normal(x.shape) * (length or 1.0)


def ridders(
    line: Callable[[float], Any], step: float = 0.02, shrink: float = 1.6, levels: int = 12
) -> tuple[Array, float]:
    """Derivative of ``line(t)`` at 0 and an estimate of its error.

    C. Ridders, Accurate computation of F'(x) and F'(x)F''(x), Advances in Engineering
    Software 4 (1982): Neville extrapolation of central differences over shrinking steps,
    keeping the entry whose neighbours agree best.
    """
    best, best_error = np.zeros(()), np.inf
    previous: list[Array] = []
    for level in range(levels):
        h = step / shrink**level
        central = np.asarray((line(h) - line(-h)) / (2.0 * h))
        if not np.all(np.isfinite(central)):
            previous = []  # stepped out of the domain: start again nearer
            continue
        row = _extrapolate(central, previous, shrink)
        for order in range(1, len(row)):
            error = _spread(row[order], row[order - 1], previous[order - 1])
            if error < best_error:
                best, best_error = row[order], error
        previous = row
    return best, best_error


def _extrapolate(central: Array, previous: list[Array], shrink: float) -> list[Array]:
    """The next row of Neville's tableau; central differences are even in h."""
    row = [central]
    for order, older in enumerate(previous, start=1):
        factor = shrink ** (2 * order)
        row.append((factor * row[-1] - older) / (factor - 1.0))
    return row


def _spread(entry: Array, left: Array, above: Array) -> float:
    return float(np.max(np.maximum(np.abs(entry - left), np.abs(entry - above)), initial=0.0))

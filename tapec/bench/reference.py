"""Derivatives that owe nothing to the compiler: closed forms, complex step, Richardson extrapolation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapec.bench.case import Arguments, Array, Case, Function

# f(x + ih) is exact to the last bit for any h whose square underflows against f.
COMPLEX_STEP = 1e-100
# Relative noise above which a difference formula cannot excuse a deviation.
UNRESOLVED = 1e-4


def leaves(result: Any) -> list[np.ndarray[Any, Any]]:
    """The arrays of a result: one for an array or scalar, several for a tuple or list."""
    return [np.asarray(leaf) for leaf in result] if isinstance(result, tuple | list) else [np.asarray(result)]


def relative_error(got: Any, want: Any) -> float:
    """Largest deviation over the largest reference entry, over all leaves; inf for wrong shapes or NaN."""
    ours, theirs = leaves(got), leaves(want)
    if len(ours) != len(theirs):
        return float("inf")
    return max((_leaf_error(a, b) for a, b in zip(ours, theirs, strict=True)), default=0.0)


def _leaf_error(got: np.ndarray[Any, Any], want: np.ndarray[Any, Any]) -> float:
    if got.shape != want.shape:
        return float("inf")
    if got.size == 0:
        return 0.0
    deviation = float(np.max(np.abs(got - want)))
    if not np.isfinite(deviation):
        return float("inf")
    scale = float(np.max(np.abs(want)))
    return deviation / scale if scale > 0.0 else deviation


@dataclass(frozen=True)
class Exact:
    """A derivative in closed form, written by hand in NumPy."""

    derivative: Function

    def error(self, result: Any, case: Case, args: Arguments) -> float:
        """Relative error of ``result`` against the closed form at ``args``."""
        return relative_error(result, self.derivative(*args))


@dataclass(frozen=True)
class ComplexStep:
    """Every partial derivative of a real-analytic function by Im f(x + ih) / h.

    Squire and Trapp, SIAM Review 40 (1998). ``function`` defaults to the NumPy function of the
    case; give the closed-form gradient to get a Hessian. One evaluation per input column.
    """

    function: Function | None = None

    def error(self, result: Any, case: Case, args: Arguments) -> float:
        """Relative error of ``result`` against all columns."""
        function = self.function or case.plain
        want = [self._derivative(function, case, args, k) for k in case.selected]
        return relative_error(result, want if isinstance(case.argnums, tuple) else want[0])

    def _derivative(self, function: Function, case: Case, args: Arguments, position: int) -> Array:
        x = np.asarray(args[position], dtype=np.float64)
        shape = x.shape[1:] if case.batch else x.shape
        columns = []
        for index in np.ndindex(shape):
            moved = x.astype(np.complex128)
            moved[(slice(None), *index) if case.batch else index] += 1j * COMPLEX_STEP
            value = function(*args[:position], moved, *args[position + 1 :])
            columns.append(np.imag(value) / COMPLEX_STEP)
        stacked = np.stack(columns, axis=-1)
        return stacked.reshape(*stacked.shape[:-1], *shape)


@dataclass(frozen=True)
class Directional:
    """Central differences with Richardson extrapolation along random directions.

    The derivative is contracted with each direction and compared with
    (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h, Ridders' tableau over shrinking h.
    It serves any function, to about nine digits where the function is smooth.
    """

    directions: int = 4
    seed: int = 7

    def error(self, result: Any, case: Case, args: Arguments) -> float:
        """Largest relative error over the directions."""
        parts = leaves(result) if isinstance(case.argnums, tuple) else [np.asarray(result)]
        worst = 0.0
        for vectors in self._directions(case, args):
            got = sum(_contract(part, vector) for part, vector in zip(parts, vectors, strict=True))
            want, noise = ridders(lambda t, v=vectors: self._shifted(case, args, v, t))
            worst = max(worst, _beyond(got, want, noise))
        return worst

    def _directions(self, case: Case, args: Arguments) -> Iterator[list[Array]]:
        rng = np.random.default_rng(self.seed)
        for _ in range(self.directions):
            yield [_direction(rng, np.asarray(args[k])) for k in case.selected]

    @staticmethod
    def _shifted(case: Case, args: Arguments, vectors: list[Array], t: float) -> Array:
        moved = list(args)
        for k, vector in zip(case.selected, vectors, strict=True):
            moved[k] = args[k] + t * vector
        return np.array(case.plain(*moved), dtype=np.float64)


def _direction(rng: np.random.Generator, x: Array) -> Array:
    """A random vector as long as ``x`` itself, so that small arguments are moved by small steps."""
    length = float(np.sqrt(np.mean(x * x))) if x.size else 1.0
    return rng.standard_normal(x.shape) * (length or 1.0)


def _contract(derivative: Array, vector: Array) -> Array:
    """Derivative of shape out + in, times a direction of shape in."""
    return np.tensordot(derivative, vector, axes=vector.ndim) if vector.ndim else derivative * vector


def _beyond(got: Any, want: Array, noise: float) -> float:
    """Relative error less what the difference formula itself cannot resolve (kinks leave it unresolved)."""
    if np.shape(got) != np.shape(want):
        return float("inf")
    scale = max(float(np.max(np.abs(want), initial=0.0)), 1e-300)
    deviation = float(np.max(np.abs(got - want), initial=0.0))
    if not np.isfinite(deviation):
        return float("inf")
    resolved = noise < UNRESOLVED * scale
    return max(0.0, deviation - 4.0 * noise if resolved else deviation) / scale


def ridders(line: Function, step: float = 0.02, shrink: float = 1.6, levels: int = 12) -> tuple[Array, float]:
    """Derivative of ``line(t)`` at 0 and an estimate of its error.

    C. Ridders, Accurate computation of F'(x) and F'(x)F''(x), Advances in Engineering
    Software 4 (1982): Neville extrapolation of central differences over shrinking steps,
    keeping the entry whose neighbours agree best.
    """
    best, best_error = np.zeros(()), np.inf
    previous: list[Array] = []
    for level in range(levels):
        h = step / shrink**level
        row = [np.asarray((line(h) - line(-h)) / (2.0 * h))]
        if not np.all(np.isfinite(row[0])):
            previous = []  # stepped out of the domain: start again nearer
            continue
        for order, older in enumerate(previous, start=1):
            factor = shrink ** (2 * order)
            row.append((factor * row[-1] - older) / (factor - 1.0))
        for order in range(1, len(row)):
            spread = np.maximum(np.abs(row[order] - row[order - 1]), np.abs(row[order] - previous[order - 1]))
            error = float(np.max(spread, initial=0.0))
            if error < best_error:
                best, best_error = row[order], error
        previous = row
    return best, best_error

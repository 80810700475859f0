"""Derivatives independent of the compiler: closed forms, complex step, extrapolation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tapec.bench.case import Arguments, Array, Case, Function
from tapec.tools.differences import (
    COMPLEX_STEP,
    error_beyond,
    leaves,
    random_direction,
    relative_error,
    ridders,
)


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
            want, noise = ridders(partial(self._shifted, case, args, vectors))
            worst = max(worst, error_beyond(got, want, noise))
        return worst

    def _directions(self, case: Case, args: Arguments) -> Iterator[list[Array]]:
        rng = np.random.default_rng(self.seed)
        for _ in range(self.directions):
            yield [random_direction(rng, np.asarray(args[k])) for k in case.selected]

    @staticmethod
    def _shifted(case: Case, args: Arguments, vectors: list[Array], t: float) -> Array:
        moved = list(args)
        for k, vector in zip(case.selected, vectors, strict=True):
            moved[k] = args[k] + t * vector
        return np.array(case.plain(*moved), dtype=np.float64)


@dataclass(frozen=True)
class ComplexDirectional:
    """Complex steps along random directions: exact also next to kinks, of analytic pieces.

    One evaluation for each direction, as the derivative of f along v is Im f(x + ihv) / h.
    """

    directions: int = 2
    seed: int = 7

    def error(self, result: Any, case: Case, args: Arguments) -> float:
        """Largest relative error over the directions."""
        parts = leaves(result) if isinstance(case.argnums, tuple) else [np.asarray(result)]
        rng = np.random.default_rng(self.seed)
        worst = 0.0
        for _ in range(self.directions):
            moved, got = list(args), np.zeros(())
            for k, part in zip(case.selected, parts, strict=True):
                vector = random_direction(rng, np.asarray(args[k]))
                moved[k] = args[k] + 1j * COMPLEX_STEP * vector
                got = got + _contract(part, vector)
            want = np.imag(case.plain(*moved)) / COMPLEX_STEP
            worst = max(worst, relative_error(got, want))
        return worst


def _contract(derivative: Array, vector: Array) -> Array:
    """Derivative of shape out + in, times a direction of shape in."""
    return (
        np.tensordot(derivative, vector, axes=vector.ndim) if vector.ndim else derivative * vector
    )

"""Algebraic Riccati equations: SciPy solves, the implicit function theorem differentiates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import linalg

from tapec.scipy.closed import floating
from tapec.scipy.roots import solution


def _solved(
    real: Callable[..., Any], equation: Callable[..., Any], given: Sequence[Any], name: str
) -> Any:
    a, b, q, r = map(floating, given)
    n = a.shape[0]

    def equations(x: Any, params: Sequence[Any]) -> Any:
        return np.ravel(equation(x.reshape(n, n), *params))

    def run(*params: Any) -> Any:
        return np.ravel(real(*params))

    return solution(equations, run, [a, b, q, r], n * n, 0, name).reshape(n, n)


def continuous(a: Any, b: Any, q: Any, r: Any) -> Any:
    """The stabilising X of A^T X + X A - X B R^-1 B^T X + Q = 0."""

    def equation(x: Any, a: Any, b: Any, q: Any, r: Any) -> Any:
        gain = np.linalg.solve(r, b.T @ x)
        return a.T @ x + x @ a - x @ b @ gain + q

    return _solved(linalg.solve_continuous_are, equation, (a, b, q, r), "solve_continuous_are")


def discrete(a: Any, b: Any, q: Any, r: Any) -> Any:
    """The stabilising X of A^T X A - X - A^T X B (R + B^T X B)^-1 B^T X A + Q = 0."""

    def equation(x: Any, a: Any, b: Any, q: Any, r: Any) -> Any:
        gain = np.linalg.solve(r + b.T @ x @ b, b.T @ x @ a)
        return a.T @ x @ a - x - a.T @ x @ b @ gain + q

    return _solved(linalg.solve_discrete_are, equation, (a, b, q, r), "solve_discrete_are")

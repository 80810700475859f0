"""``tapec.check`` as a function."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapec
from tapec.errors import DerivativeError
from tapec.tools.check import examine


def smooth(x: Any) -> Any:
    """Analytic: takes complex numbers."""
    return np.exp(-x @ x) * np.sin(x[0])


def kinked(x: Any) -> Any:
    """Not analytic: a complex step says nothing here."""
    return np.sum(np.abs(x) * np.maximum(x, 0.3))


def names(report: Any) -> list[str]:
    """What was compared."""
    return [row.name for row in report.rows]


def test_analytic_functions_are_checked_by_complex_step() -> None:
    report = tapec.check(smooth, np.array([0.3, -0.2, 0.5]))
    assert report.ok
    assert "tangent vs complex step" in names(report)
    assert "Hessian symmetry u.Hv = v.Hu" in names(report)


def test_kinks_are_checked_by_differences_only() -> None:
    report = tapec.check(kinked, np.array([0.7, -0.9, 1.5]))
    assert "tangent vs differences" in names(report)
    assert "tangent vs complex step" not in names(report)


def test_order_one_leaves_the_hessian_out() -> None:
    report = tapec.check(smooth, np.array([0.3, -0.2]), order=1)
    assert not [name for name in names(report) if "Hessian" in name]


def test_tuples_of_results_and_several_arguments() -> None:
    def f(a: Any, b: Any, n: int) -> Any:
        return a * b[0] ** n, np.sin(b) / a

    assert tapec.check(f, 1.5, np.array([0.4, 0.8]), 3).ok


def scaled(x: Any) -> Any:
    """Writes into its argument."""
    x[0] = x[0] * 2
    return np.sum(x**2)


def accumulated(x: Any, y: Any) -> Any:
    """Writes into both arguments."""
    x += np.sin(y)
    y[1:] *= x[:-1]
    return np.sum(x * y)


def counted(x: Any, n: Any) -> Any:
    """Writes into an argument that is held."""
    n += 1
    return np.sum(x**n)


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (scaled, (np.array([1.0, 3.0]),)),
        (accumulated, (np.array([0.3, 1.2, -0.5]), np.array([0.7, 0.2, 1.1]))),
        (counted, (np.array([0.3, 1.2]), np.array([1, 2]))),
    ],
)
def test_functions_that_write_into_their_arguments(f: Any, args: tuple[Any, ...]) -> None:
    before = [a.copy() for a in args]
    assert tapec.check(f, *args).ok
    assert all(np.array_equal(a, b) for a, b in zip(args, before, strict=True))


def test_failures_raise_with_the_table() -> None:
    def steps(x: Any) -> Any:
        return np.sum(np.floor(1e7 * x)) / 1e7

    with pytest.raises(DerivativeError, match=r"tangent vs differences +FAILED"):
        tapec.check(steps, np.array([0.31, 0.77]))


def test_examine_reports_without_raising() -> None:
    def steps(x: Any) -> Any:
        return np.sum(np.floor(1e7 * x)) / 1e7

    report = examine(steps, np.array([0.31, 0.77]))
    assert not report.ok
    assert "FAILED" in str(report)


def test_nothing_to_differentiate() -> None:
    with pytest.raises(TypeError, match="no floating-point argument"):
        tapec.check(lambda n: n, 3)

"""Least squares by SciPy with Jacobians of ours: published optima, in as many steps as by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.optimize as so
from support.least_squares_problems import PROBLEMS, Squares

from tapec.interop import optimize

# Where steps are not compared: NumPy's `abs` has no complex step, and along a valley of rounding
# errors the last bits decide how long the way is.
NO_COMPLEX_STEP, VALLEY = 11, 18


def by_complex_step(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The exact Jacobian (Squire, Trapp, SIAM Review 40, 1998)."""

    def jacobian(x: Any) -> Any:
        steps = x + 1e-30j * np.eye(len(x))
        return np.stack([np.imag(f(z)) / 1e-30 for z in steps], axis=1)

    return jacobian


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_published_optima_in_as_many_steps(problem: Squares) -> None:
    start = np.array(problem.start, float)
    found = optimize.least_squares(problem.residuals, start, max_nfev=1000)
    assert any(2 * found.cost == pytest.approx(o, rel=1e-4, abs=1e-10) for o in problem.optima)
    if problem.number not in (NO_COMPLEX_STEP, VALLEY):
        exact = by_complex_step(problem.residuals)
        wanted = so.least_squares(problem.residuals, start, jac=exact, max_nfev=1000)
        assert (found.nfev, found.njev) == (wanted.nfev, wanted.njev)

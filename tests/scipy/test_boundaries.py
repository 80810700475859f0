"""Objects of SciPy as arguments and results of kernels, under other transforms, in loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import integrate, interpolate, optimize, sparse
from support.kernel_support import close

import tapec

X = np.array([0.0, 1.0, 2.5, 3.0, 4.2])
MATRIX = sparse.csr_matrix(np.array([
    [2.0, 0.0, 1.0, 0.0, 0.0], [0.0, 1.5, 0.0, 0.0, 0.3], [0.0, 0.4, 3.0, 0.0, 0.0],
    [0.7, 0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.2, 2.0],
]))  # fmt: skip


def test_objects_are_arguments() -> None:
    product = tapec.compile(lambda x, a: a @ x)
    for a in (MATRIX, MATRIX * 2.0, MATRIX.T.tocsr()):
        close(product(X, a), a @ X, 1e-14)
    curve = interpolate.CubicSpline(X, X**2 + np.sin(X))
    close(tapec.compile(lambda x, c: c(x))(X + 0.1, curve), curve(X + 0.1), 1e-14)


def test_a_matrix_that_is_an_argument_is_changed() -> None:
    a = MATRIX.copy()
    product = tapec.compile(lambda x, a: a @ x)
    product(X, a)
    a.data *= 3.0
    close(product(X, a), a @ X, 1e-14)


def test_looking_at_a_matrix_changes_nothing() -> None:
    a = sparse.csr_matrix(MATRIX.toarray())
    before = dict(vars(a))
    f = lambda x: a @ x  # noqa: E731
    close(tapec.vmap(f)(np.stack([X, 2.0 * X])), np.stack([a @ X, a @ (2.0 * X)]), 1e-14)
    close(tapec.jacobian(f, sparse=True)(X).toarray(), a.toarray(), 1e-14)
    assert vars(a).keys() == before.keys()


def test_results() -> None:
    found = tapec.compile(lambda k: optimize.minimize(lambda v: (v[0] - k) ** 2, [1.0]))(2.0)
    assert isinstance(found, optimize.OptimizeResult)
    close(found.x, np.array([2.0]), 1e-8)
    same, _ = tapec.compile(lambda x: (MATRIX, x))(X)
    assert (same != MATRIX).nnz == 0


@pytest.mark.parametrize(
    "f",
    [
        lambda x: sparse.diags(x),
        lambda x: interpolate.CubicSpline(X, x),
        lambda x: integrate.solve_ivp(lambda t, y: -x[1] * y, (0.0, 1.0), [1.0]).y,
    ],
)
def test_objects_of_traced_values_are_no_results(f: Any) -> None:
    with pytest.raises(tapec.TapecError, match="traced"):
        tapec.compile(f)(X)


def test_branches_in_integrands() -> None:
    slope = tapec.grad(lambda k: integrate.quad(lambda t: t * k if t > 0.5 else 0.0, 0.0, 1.0)[0])
    close(slope(2.0), 0.375, 1e-7)


def test_taylor_series_of_a_root_are_refused_or_right() -> None:
    series = tapec.taylor(lambda k: optimize.brentq(lambda z: z**3 - k, 0.0, 10.0), 3)(8.0, 1.0)
    close(series, np.array([2.0, 1.0 / 12.0, -1.0 / 288.0, 5.0 / 20736.0]), 1e-10)

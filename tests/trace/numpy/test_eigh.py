"""np.linalg.eigh and eigvalsh: triangles, names, repeated eigenvalues, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapec

RNG = np.random.default_rng(5)


def symmetric(n: int) -> np.ndarray[Any, Any]:
    a = RNG.standard_normal((n, n))
    return a + a.T


def with_values(*values: float) -> np.ndarray[Any, Any]:
    q = np.linalg.qr(RNG.standard_normal((len(values),) * 2))[0]
    return (q * values) @ q.T


@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (2, 2), (30, 30), (3, 0, 0), (0, 2, 2)], ids=str)
@pytest.mark.parametrize("dtype", ["f8", "i8"])
def test_values(shape: tuple[int, ...], dtype: str) -> None:
    a = (9 * RNG.standard_normal(shape)).astype(dtype)
    kernel = tapec.compile(np.linalg.eigh)
    got, want = kernel(a), np.linalg.eigh(a)
    for g, w in zip(got, want, strict=True):
        assert (g.dtype, g.shape) == (w.dtype, w.shape)
        np.testing.assert_allclose(g, w, rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(
        tapec.compile(np.linalg.eigvalsh)(a), np.linalg.eigvalsh(a), rtol=1e-10, atol=1e-11
    )


def test_the_pair_has_numpys_names() -> None:
    f = tapec.compile(lambda a: np.linalg.eigh(a, UPLO="u").eigenvalues)
    np.testing.assert_allclose(f(np.diag([2.0, 1.0])), [1.0, 2.0])


def test_one_triangle_is_read() -> None:
    a = RNG.standard_normal((4, 4))
    g = tapec.grad(lambda a: np.sum(np.linalg.eigvalsh(a) ** 3))
    lower, upper = np.tril(a), np.tril(a, -1).T
    exact = 3 * np.linalg.matrix_power(lower + upper, 2)
    np.testing.assert_allclose(g(a), np.tril(exact) + np.tril(exact, -1), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("values", [(1.0, 1.0, 1.0), (2.0, 5.0, 5.0), (0.0, 0.0, 3.0)], ids=str)
def test_symmetric_functions_of_repeated_eigenvalues(values: tuple[float, ...]) -> None:
    """log det (I + A), the trace of A^3, the largest but one of |eigenvalues| squared and summed."""
    a, one = with_values(*values), np.eye(3)
    d = symmetric(3)
    for f, slope in (
        (lambda a: np.sum(np.log(1 + np.linalg.eigvalsh(a))), np.linalg.inv(one + a)),
        (lambda a: np.sum(np.linalg.eigvalsh(a) ** 3), 3 * a @ a),
        (lambda a: np.sum(np.linalg.eigh(a)[0] ** 2), 2 * a),
    ):
        found = np.sum(tapec.grad(f)(a) * np.tril(d))
        np.testing.assert_allclose(found, np.sum(slope * d), rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(tapec.jvp(f, (a,), (d,))[1], found, rtol=1e-10, atol=1e-10)


def test_a_function_of_a_matrix() -> None:
    """Its derivative is the one of the exponential where eigenvalues differ, and NaN where they are
    equal or as good as: no number that is wrong."""

    def exponential(a: Any) -> Any:
        w, v = np.linalg.eigh(a)
        return np.sum(np.cos(np.arange(9.0)).reshape(3, 3) * ((v * np.exp(w)) @ v.T))

    a, d, h = with_values(0.3, 0.9, 2.0), symmetric(3), 1e-5
    slope = (exponential(a + h * d) - exponential(a - h * d)) / (2 * h)
    np.testing.assert_allclose(np.sum(tapec.grad(exponential)(a) * np.tril(d)), slope, rtol=1e-8)
    for same in (np.eye(3), with_values(1.0, 1.0, 2.0), with_values(1.0, 1.0 + 2e-16, 2.0)):
        assert np.isnan(tapec.grad(exponential)(same)).any()
        assert np.isnan(tapec.jvp(exponential, (same,), (d,))[1])


def test_second_derivatives_of_eigenvalues() -> None:
    f, a, d, h = (lambda a: np.linalg.eigvalsh(a)[-1]), symmetric(5), symmetric(5), 1e-5
    curve = (f(a + h * d) - 2 * f(a) + f(a - h * d)) / h**2
    found = np.sum(tapec.hvp(f)(a, d) * np.tril(d))
    np.testing.assert_allclose(found, curve, rtol=1e-4)


def test_failures_are_numpys() -> None:
    for f in (np.linalg.eigh, np.linalg.eigvalsh):
        with pytest.raises(np.linalg.LinAlgError, match="converge"):
            tapec.compile(f)(np.full((3, 3), np.nan))


def test_refusals() -> None:
    with pytest.raises(tapec.TapecError, match="square"):
        tapec.compile(np.linalg.eigvalsh)(np.ones((2, 3)))
    with pytest.raises(tapec.TapecError, match="triangle"):
        tapec.compile(lambda a: np.linalg.eigh(a, UPLO="X"))(np.eye(2))

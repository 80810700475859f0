"""np.linalg.svd and svdvals: options, names, repeated and zero singular values, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapec

RNG = np.random.default_rng(8)


@pytest.mark.parametrize(
    "shape",
    [(3, 3), (5, 2), (2, 5), (30, 20), (20, 60), (2, 3, 4), (0, 3), (3, 0), (2, 0, 0)],
    ids=str,
)
@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("dtype", ["f8", "i8"])
def test_values(shape: tuple[int, ...], full: bool, dtype: str) -> None:
    a = (9 * RNG.standard_normal(shape)).astype(dtype)
    kernel = tapec.compile(lambda a: np.linalg.svd(a, full_matrices=full))
    got, want = kernel(a), np.linalg.svd(a, full_matrices=full)
    for g, w in zip(got, want, strict=True):
        assert (g.dtype, g.shape) == (w.dtype, w.shape)
    k = min(shape[-2:])
    np.testing.assert_allclose(got[1], want[1], rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(got[0][..., :k], want[0][..., :k], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(got[2][..., :k, :], want[2][..., :k, :], rtol=1e-9, atol=1e-9)
    for x in (got[0], np.swapaxes(got[2], -1, -2)):
        square = np.broadcast_to(np.eye(x.shape[-1]), (*x.shape[:-2], *x.shape[-1:] * 2))
        np.testing.assert_allclose(np.swapaxes(x, -1, -2) @ x, square, atol=1e-12)
    assert "backend: native" in str(kernel.explain(a))


def test_options() -> None:
    a = RNG.standard_normal((4, 4))
    for f in (
        lambda a: np.linalg.svd(a, compute_uv=False),
        lambda a: np.linalg.svd(a, hermitian=True, compute_uv=False),
        lambda a: np.linalg.svd(a).S,
        lambda a: np.linalg.svdvals(a),
    ):
        np.testing.assert_allclose(tapec.compile(f)(a), f(a), rtol=1e-12)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5)], ids=str)
def test_vectors_that_belong_to_no_singular_value(shape: tuple[int, int]) -> None:
    """The others have their derivatives beside them."""
    a, d, k = RNG.standard_normal(shape), RNG.standard_normal(shape), 3

    def thin(a: Any, full: bool) -> Any:
        u, s, vh = np.linalg.svd(a, full_matrices=full)
        return np.sum(u[:, :k] ** 3) + np.sum(vh[:k] ** 3) + np.sum(s**2)

    want = tapec.grad(lambda a: thin(a, False))(a)
    np.testing.assert_allclose(tapec.grad(lambda a: thin(a, True))(a), want, rtol=1e-10)
    moved = tapec.jvp(lambda a: thin(a, True), (a,), (d,))[1]
    np.testing.assert_allclose(moved, np.sum(want * d), rtol=1e-10)

    def rest(a: Any) -> Any:
        u, _, vh = np.linalg.svd(a)
        return np.sum(u[:, k:] ** 3) + np.sum(vh[k:] ** 3)

    assert np.isnan(tapec.grad(rest)(a)).all()
    assert np.isnan(tapec.jvp(rest, (a,), (d,))[1])


@pytest.mark.parametrize("values", [(1.0, 1.0, 1.0), (4.0, 2.0, 2.0)], ids=str)
def test_symmetric_functions_of_repeated_singular_values(values: tuple[float, ...]) -> None:
    """The nuclear norm and the sum of squares, of a matrix of full rank."""
    q, p = (np.linalg.qr(RNG.standard_normal((3, 3)))[0] for _ in range(2))
    a, d = (q * values) @ p, RNG.standard_normal((3, 3))
    for f, slope in (
        (lambda a: np.sum(np.linalg.svdvals(a)), q @ p),
        (lambda a: np.sum(np.linalg.svd(a)[1] ** 2), 2 * a),
    ):
        np.testing.assert_allclose(tapec.grad(f)(a), slope, rtol=1e-10, atol=1e-10)
        moved = tapec.jvp(f, (a,), (d,))[1]
        np.testing.assert_allclose(moved, np.sum(slope * d), rtol=1e-10, atol=1e-10)


def test_vectors_that_are_not_unique_have_nan() -> None:
    def f(a: Any) -> Any:
        u, s, vh = np.linalg.svd(a, full_matrices=False)
        return np.sum((u * np.exp(s)) @ vh)

    for a in (np.eye(3), np.diag([1.0, 0.0, 0.0]), np.outer(range(1, 5), [1.0, 2.0])):
        assert np.isnan(tapec.grad(f)(a)).any()
        assert np.isnan(tapec.jvp(f, (a,), (np.cos(a),))[1])


def test_failures_are_numpys() -> None:
    with pytest.raises(np.linalg.LinAlgError, match="converge"):
        tapec.compile(np.linalg.svdvals)(np.full((3, 3), np.nan))


def test_refusals() -> None:
    with pytest.raises(tapec.TapecError, match="matrices"):
        tapec.compile(np.linalg.svd)(np.ones(3))

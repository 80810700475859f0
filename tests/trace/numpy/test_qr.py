"""np.linalg.qr natively: modes, stacks, element types, derivatives of both orders and modes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapec

RNG = np.random.default_rng(0)
SHAPES = [(5, 3), (4, 4), (3, 5), (1, 3), (3, 1), (40, 20), (20, 40), (2, 5, 3), (3, 2, 3, 5)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("mode", ["reduced", "complete", "r"])
@pytest.mark.parametrize("dtype", ["f8", "f4", "i8"])
def test_values(shape: tuple[int, ...], mode: Any, dtype: str) -> None:
    a = (RNG.standard_normal(shape) * 9).astype(dtype)
    kernel = tapec.compile(lambda a: np.linalg.qr(a, mode=mode))
    got, want = kernel(a), np.linalg.qr(a, mode=mode)
    pairs = [(got, want)] if mode == "r" else zip(got, want, strict=True)
    for g, w in pairs:
        assert (g.dtype, g.shape) == (w.dtype, w.shape)
        np.testing.assert_allclose(g, w, atol=2e-4 if dtype == "f4" else 1e-12)
    assert "backend: native" in str(kernel.explain(a))


def test_the_pair_has_numpys_names() -> None:
    q = tapec.compile(lambda a: np.linalg.qr(a).Q)(np.eye(3))
    np.testing.assert_array_equal(q, np.linalg.qr(np.eye(3)).Q)


def weighted(mode: Any) -> Any:
    def f(a: Any) -> Any:
        q, r = np.linalg.qr(a, mode)
        weights = np.arange(q.size).reshape(q.shape) / q.size
        return np.sum(np.sin(q) * weights) + np.sum(r**3)

    return f


@pytest.mark.parametrize("shape", [(5, 3), (3, 3), (3, 5), (2, 4, 2)], ids=str)
@pytest.mark.parametrize("mode", ["reduced", "complete"])
def test_derivatives_are_differences(shape: tuple[int, ...], mode: Any) -> None:
    f, h = weighted(mode), 1e-5
    a = RNG.standard_normal(shape) + np.eye(*shape[-2:])
    d = RNG.standard_normal(shape)
    slope = (f(a + h * d) - f(a - h * d)) / (2 * h)
    grad = tapec.grad(f)
    np.testing.assert_allclose(np.sum(grad(a) * d), slope, rtol=1e-6)
    np.testing.assert_allclose(tapec.jvp(f, (a,), (d,))[1], slope, rtol=1e-6)
    curve = (grad(a + h * d) - grad(a - h * d)) / (2 * h)
    np.testing.assert_allclose(tapec.hvp(f)(a, d), curve, rtol=1e-5, atol=1e-5)


def test_many_at_once() -> None:
    f, a = weighted("reduced"), RNG.standard_normal((4, 5, 3))
    np.testing.assert_allclose(tapec.vmap(f)(a), [f(x) for x in a])
    np.testing.assert_allclose(tapec.vmap(tapec.grad(f))(a), [tapec.grad(f)(x) for x in a])


def test_a_singular_r_has_no_derivative() -> None:
    with pytest.raises(np.linalg.LinAlgError):
        tapec.grad(weighted("reduced"))(np.zeros((4, 2)))


def test_refusals() -> None:
    with pytest.raises(tapec.TapecError, match="raw"):
        tapec.compile(lambda a: np.linalg.qr(a, mode="raw"))(np.eye(2))
    with pytest.raises(tapec.TapecError, match="matrices"):
        tapec.compile(np.linalg.qr)(np.ones(3))

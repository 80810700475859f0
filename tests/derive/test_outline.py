"""Kernels that stay functions of their own inside other programs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapec

X = np.array([0.3, -0.7, 1.1])


def step(x: Any, a: float) -> Any:
    return np.sin(x) * a + np.cos(x * a) * 0.3


def chain(inner: Any) -> Any:
    def f(x: Any) -> Any:
        for _ in tapec.unroll(range(7)):
            x = inner(x, 0.9)
        return np.sum(inner(x[:2], 0.9)) + np.sum(x)

    return f


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_calls_of_equal_types_share_one_region(backend: Any) -> None:
    outlined = tapec.compile(step, inline=False)
    k = tapec.compile(chain(outlined), backend=backend)
    plain = tapec.compile(chain(step), backend=backend)
    calls = [op for op in k.specialization(X).func.ops if op.name == "call"]
    assert len(calls) == 8
    assert len({op.regions[0] for op in calls[:7]}) == 1
    assert calls[7].regions[0] is not calls[0].regions[0]
    np.testing.assert_allclose(k(X), plain(X), rtol=1e-14)
    np.testing.assert_allclose(k.grad(X), plain.grad(X), rtol=1e-13)
    np.testing.assert_allclose(k.hessian(X), plain.hessian(X), rtol=1e-12)
    np.testing.assert_allclose(
        tapec.vmap(k.grad)(X + np.eye(3)), tapec.vmap(plain.grad)(X + np.eye(3))
    )


def test_calls_with_other_constants_are_other_functions() -> None:
    outlined = tapec.compile(step, inline=False)
    f = tapec.compile(lambda x: outlined(x, 0.9) + outlined(x, 0.8) + outlined(x, a=0.8))
    np.testing.assert_allclose(f(X), step(X, 0.9) + 2 * step(X, 0.8), rtol=1e-14)


def test_writes_into_arguments_arrive() -> None:
    def scale(x: Any) -> None:
        x *= 2.0

    outlined = tapec.compile(scale, inline=False)

    def f(x: Any) -> Any:
        y = x + 0.0
        outlined(y)
        outlined(y)
        return np.sum(y * y)

    np.testing.assert_allclose(tapec.grad(f)(X), 32 * X)

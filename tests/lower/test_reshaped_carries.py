"""Small arrays that a loop carries in registers, read through reshapes at varying places."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapec


def put(y: Any, v: Any, i: int) -> Any:
    np.put(y, [1, 3], v)
    return y


def take(y: Any, v: Any, i: int) -> Any:
    return y + y.ravel()[i % y.size] * v


def turned(y: Any, v: Any, i: int) -> Any:
    return 0.9 * y.reshape(y.shape[::-1]).T + v * np.cumsum(y.T.ravel())[i % y.size]


def scattered(y: Any, v: Any, i: int) -> Any:
    z = y.ravel()
    z[[0, -1]] += v * 0.1
    return z.reshape(y.shape)


STEPS = [put, take, turned, scattered]
SHAPES = [(3, 4), (4, 1), (2, 3), (2, 2, 2), (5,)]
CASES = [
    pytest.param(step, shape, marks=[pytest.mark.slow] if (j + k) % 5 else [])
    for j, step in enumerate(STEPS)
    for k, shape in enumerate(SHAPES)
]


@pytest.mark.parametrize(("step", "shape"), CASES)
def test_native_code_and_its_derivatives(step: Any, shape: tuple[int, ...]) -> None:
    def f(x: Any, y: Any) -> Any:
        y = y.copy()
        for i in range(40):
            y = step(y, np.sin(x[i % 3]) if x[1] > 0.0 else 0.5, i)
        return np.sum(y**2)

    rng = np.random.default_rng(len(shape))
    x, y = rng.uniform(0.1, 0.2, 3), rng.uniform(0.1, 1.0, shape)
    for make in (
        lambda g: g(x, y),
        lambda g: tapec.jvp(g, (x, y), (x[::-1].copy(), np.cos(y)))[1],
        lambda g: np.concatenate([np.ravel(d) for d in tapec.grad(g, argnums=(0, 1))(x, y)]),
    ):
        native, plain = (make(tapec.compile(f, backend=b)) for b in ("llvm", "numpy"))
        np.testing.assert_allclose(native, plain, rtol=1e-11)

"""An extreme gives its derivative to the operand that it takes, infinite ones included."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

import tapec

# Passes a number below 1 over, and its derivative with it.
FLOORS: dict[str, Any] = {
    "maximum": lambda x: np.maximum(x, 1.0),
    "fmax": lambda x: np.fmax(1.0, x),
    "minimum": lambda x: 2.0 - np.minimum(2.0 - x, 1.0),
    "fmin": lambda x: 2.0 - np.fmin(1.0, 2.0 - x),
    "clip": lambda x: np.clip(x, 1.0, None),
    "list": lambda x: np.max(np.stack([x, np.ones(3)]), axis=0),
}
# Infinite derivatives at 1, of some order.
STEEP: dict[str, Any] = {
    "sqrt": lambda x: np.sqrt(x - 1.0),
    "cbrt": lambda x: np.cbrt(x - 1.0),
    "power": lambda x: (x - 1.0) ** 1.5,
    "arccosh": np.arccosh,
    "log": lambda x: (x - 1.0) * np.log(x),
    "hypot": lambda x: np.hypot(x - 1.0, 0.0),
}
X = np.array([0.2, 0.9, 1.7])


@pytest.mark.parametrize("pair", list(product(FLOORS, STEEP)), ids="-".join)
def test_what_is_passed_over_gets_nothing(pair: tuple[str, str]) -> None:
    floor, steep = FLOORS[pair[0]], STEEP[pair[1]]
    f = tapec.compile(lambda x: np.sum(steep(floor(x)) * np.arange(1.0, 4.0)), backend="numpy")
    taken = tapec.grad(tapec.compile(lambda x: 3.0 * steep(x), backend="numpy"))(X[2])
    want = np.array([0.0, 0.0, taken])
    np.testing.assert_allclose(tapec.grad(f)(X), want, rtol=1e-12)
    forwards = [tapec.jvp(f, (X,), (d,))[1] for d in np.eye(3)]
    np.testing.assert_allclose(forwards, want, rtol=1e-12)
    second = tapec.hessian(f)(X)
    assert np.isfinite(second).all()
    assert not second[:2].any()


@pytest.mark.parametrize("mode", ["fwd", "rev"])
def test_an_operand_with_an_infinite_derivative_may_be_passed_over(mode: Any) -> None:
    f = lambda x: np.maximum(np.sqrt(x), 1.0) - np.minimum(np.cbrt(-x), -1.0)  # noqa: E731
    assert tapec.jacobian(f, mode=mode)(0.0) == 0.0


def test_equal_operands_share_half_and_half() -> None:
    f = lambda x, y: np.maximum(x, y) + 10.0 * np.fmin(x, y)  # noqa: E731
    assert tapec.grad(f, (0, 1))(2.0, 2.0) == (5.5, 5.5)
    assert tapec.jvp(f, (2.0, 2.0), (1.0, 3.0))[1] == 22.0

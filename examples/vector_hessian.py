"""The Hessian of a function R^n -> R^m: an m x n x n array, symmetric in its last two axes."""

from __future__ import annotations

import numpy as np

import tapec


def field(x):
    """R^3 -> R^2."""
    return np.array([x[0] ** 2 * x[1] + np.sin(x[2]), x[0] * x[1] * x[2]])


def by_hand(x):
    """The same derivative on paper."""
    a, b, c = x
    first = [[2 * b, 2 * a, 0.0], [2 * a, 0.0, 0.0], [0.0, 0.0, -np.sin(c)]]
    second = [[0.0, c, b], [c, 0.0, a], [b, a, 0.0]]
    return np.array([first, second])


def main() -> None:
    """Compute, compare, and use it in a second-order Taylor expansion."""
    x, e = np.array([0.5, -1.5, 2.0]), 1e-3 * np.array([1.0, -2.0, 0.5])
    hessian = tapec.hessian(field)(x)
    print(f"shape {hessian.shape}\n{hessian}")
    assert hessian.shape == (2, 3, 3)
    np.testing.assert_allclose(hessian, by_hand(x), rtol=1e-14, atol=1e-15)
    np.testing.assert_array_equal(hessian, hessian.transpose(0, 2, 1))
    model = field(x) + tapec.jacobian(field)(x) @ e + 0.5 * (hessian @ e) @ e
    np.testing.assert_allclose(field(x + e), model, atol=1e-8)


if __name__ == "__main__":
    main()

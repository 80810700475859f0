"""The chain rule is a product of Jacobians, and ``jvp`` and ``vjp`` multiply from either side."""

from __future__ import annotations

import numpy as np

import tapec


def f(x):
    """R^3 -> R^4."""
    return np.stack([x[0] * x[1], np.sin(x[2]), np.exp(-x[0]), x @ x])


def g(y):
    """R^4 -> R^2."""
    return np.array([y[0] * y[3] - y[1], np.log(1.0 + y[2] ** 2)])


def composed(x):
    """g after f, R^3 -> R^2."""
    return g(f(x))


def main() -> None:
    """Compare the Jacobian of the composition with the product, and both one-sided products."""
    x = np.array([0.3, -1.2, 0.7])
    outer, inner = tapec.jacobian(g)(f(x)), tapec.jacobian(f)(x)
    whole = tapec.jacobian(composed)(x)
    print(f"J_g ({outer.shape}) @ J_f ({inner.shape}) = J ({whole.shape})\n{whole}")
    np.testing.assert_allclose(whole, outer @ inner, rtol=1e-13)

    direction, weights = np.array([1.0, 0.5, -2.0]), np.array([2.0, -1.0])
    _, along = tapec.jvp(composed, (x,), (direction,))
    _, pull = tapec.vjp(composed, x)
    (back,) = pull(weights)
    np.testing.assert_allclose(along, whole @ direction, rtol=1e-13)
    np.testing.assert_allclose(back, weights @ whole, rtol=1e-13)
    print(f"J v = {along}\nw J = {back}")


if __name__ == "__main__":
    main()

"""Taylor polynomials, and how far they are from the function: Lagrange's remainder."""

from __future__ import annotations

from math import factorial

import numpy as np

import tapec


def f(x):
    """Any function will do."""
    return np.exp(np.sin(x)) / (1.0 + x**2)


def remainder_bound(x0, x, degree):
    """|f(x) - p(x)| <= max |f^(n+1)| / (n+1)! |x - x0|^(n+1), the maximum over points between.

    Coefficient n + 1 at a point is f^(n+1) / (n+1)! there, so that no factorial is needed.
    """
    between = np.linspace(x0, x, 200)
    next_terms = tapec.vmap(tapec.taylor(f, degree + 1), in_axes=(0, None))(between, 1.0)[:, -1]
    return np.max(np.abs(next_terms)) * abs(x - x0) ** (degree + 1)


def one_variable(x0=0.5, x=0.8) -> None:
    """Each degree gains digits, and the bound holds."""
    print("degree  error     bound")
    for degree in range(1, 16, 2):
        p = tapec.taylor_polynomial(f, x0, degree)
        error, bound = abs(p(x) - f(x)), remainder_bound(x0, x, degree)
        print(f"{degree:6d}  {error:.1e}  {bound:.1e}")
        assert error <= bound + 1e-15
        assert abs(p.deriv(degree)(x0) / factorial(degree) - p.coef[degree]) < 1e-9


def two_variables() -> None:
    """All coefficients up to a total degree, and the tensors of derivatives that they are."""

    def g(z):
        return np.exp(z[0]) * np.cos(z[1])

    p = tapec.taylor_polynomial(g, np.zeros(2), 4)
    for index, coefficient in p.coefficients.items():
        if abs(coefficient) > 1e-12:
            print(f"x^{index[0]} y^{index[1]}: {coefficient:+.6f}")
    assert abs(p.coefficients[1, 2] + 0.5) < 1e-12
    *_, third = tapec.tensors(g, 3)(np.zeros(2))
    # Harmonic: differentiating twice by x and twice by y cancels.
    assert np.allclose(third[0, 0] + third[1, 1], 0.0)


if __name__ == "__main__":
    one_variable()
    two_variables()

"""Solve Bratu's equation, -u_xx - u_yy = lambda exp(u) on a square, by Newton's method.

Neither the pattern of the sparse Jacobian nor a single entry of it is written by hand.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse.linalg import spsolve

import tapec

N, LAMBDA = 40, 5.0


def residual(u):
    """The five-point Laplacian on the inner points; u is 0 on the border."""
    v = np.zeros((N + 2, N + 2))
    v[1:-1, 1:-1] = u.reshape(N, N)
    inner = v[1:-1, 1:-1]
    around = v[2:, 1:-1] + v[:-2, 1:-1] + v[1:-1, 2:] + v[1:-1, :-2]
    return (4.0 * inner - around - LAMBDA * np.exp(inner) / (N + 1) ** 2).ravel()


def newton(u, tolerance=1e-12):
    """Newton's iterations; the Jacobians share their index arrays."""
    jacobian = tapec.jacobian(residual, sparse=True, format="csc")
    print(jacobian.sparsity(u))
    for iteration in range(20):
        r = residual(u)
        if np.max(np.abs(r)) < tolerance:
            return u, iteration
        u = u - spsolve(jacobian(u), r)
    raise RuntimeError("no convergence")


if __name__ == "__main__":
    solution, iterations = newton(np.zeros(N * N))
    print(f"{iterations} iterations, largest value {solution.max():.6f}")

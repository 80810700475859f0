"""Minimise Rosenbrock: descent by the compiled gradient, Newton by the compiled Hessian."""

from __future__ import annotations

import numpy as np

import tapec


@tapec.compile
def rosenbrock(x):
    """Minimum 0 at (1, ..., 1)."""
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def gradient_descent(x, steps=20_000):
    """Steps along -grad f, halved until f decreases (Armijo)."""
    rate = 1e-3
    for _ in range(steps):
        value, slope = rosenbrock.value_and_grad(x)
        while rosenbrock(x - rate * slope) > value - 0.5 * rate * slope @ slope:
            rate *= 0.5
        x = x - rate * slope
        rate *= 1.5
    return x


def newton(x, tolerance=1e-12):
    """Full Newton steps, made descent directions by shifting the Hessian where it is indefinite."""
    for iteration in range(100):
        slope = rosenbrock.grad(x)
        if np.linalg.norm(slope) < tolerance:
            return x, iteration
        hessian = rosenbrock.hessian(x)
        shift = max(0.0, 1e-3 - np.linalg.eigvalsh(hessian)[0])
        step = np.linalg.solve(hessian + shift * np.eye(x.size), slope)
        t = 1.0
        while rosenbrock(x - t * step) > rosenbrock(x) and t > 1e-8:
            t *= 0.5
        x = x - t * step
    raise RuntimeError("no convergence")


def main() -> None:
    """Both from the classical start."""
    start = np.array([-1.2, 1.0, -1.2, 1.0])
    slow = gradient_descent(start)
    print(f"gradient descent: {slow}, f = {rosenbrock(slow):.1e}")
    assert rosenbrock(slow) < 1e-4
    fast, iterations = newton(start)
    print(f"Newton, {iterations} iterations: {fast}, f = {rosenbrock(fast):.1e}")
    np.testing.assert_allclose(np.abs(fast[1:]), 1.0, atol=0.2)
    assert np.linalg.norm(rosenbrock.grad(fast)) < 1e-10


if __name__ == "__main__":
    main()

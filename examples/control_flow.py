"""Loops and branches in plain Python: stop on data, step in place, solve; and differentiate."""

from __future__ import annotations

import numpy as np

import tapec

STEPS = 400


def throw(p):
    """Distance of a ball with drag: p = (speed, angle, drag). The number of steps depends on p."""
    speed, angle, drag = p
    x, y = 0.0, 0.0
    vx, vy = speed * np.cos(angle), speed * np.sin(angle)
    dt = 0.01
    while True:
        v = np.sqrt(vx**2 + vy**2)
        vx, vy = vx - dt * drag * v * vx, vy - dt * (9.81 + drag * v * vy)
        if y + dt * vy < 0.0:
            break
        x, y = x + dt * vx, y + dt * vy
    return x - y / vy * vx  # the last part of a step, to the ground


def heat(u, alpha):
    """A rod with one isolated end, updated in place."""
    for _ in range(STEPS):
        u[1:-1] += alpha * (u[2:] - 2.0 * u[1:-1] + u[:-2])
        u[0] = u[1]
    return u


def misfit(alpha, start, measured):
    """How far the simulated rod is from the measured one."""
    return np.sum((heat(start.copy(), alpha) - measured) ** 2)


def square_root(a):
    """Newton's iteration on a residual whose slope tapec takes; then differentiated itself."""

    def residual(x):
        return x**2 - a

    x = a
    while abs(residual(x)) > 1e-14 * a:
        x = x - residual(x) / tapec.grad(residual)(x)
    return x


def aim_far() -> None:
    """Gradient ascent on the angle, through a loop whose length changes on the way."""
    slope = tapec.grad(throw)
    p = np.array([30.0, 0.9, 0.02])
    for _ in range(40):
        p[1] += 5e-3 * slope(p)[1]
    print(f"farthest throw: {throw(p):.2f} m at {np.degrees(p[1]):.1f} degrees")
    assert abs(slope(p)[1]) < 0.1
    # A different speed takes another number of steps, not another compilation.
    h, fast = 1e-6, np.array([55.0, 0.7, 0.01])
    for k, e in enumerate(np.eye(3)):
        difference = (throw(fast + h * e) - throw(fast - h * e)) / (2 * h)
        assert abs(slope(fast)[k] - difference) < 1e-5 * max(1.0, abs(difference))


def fit_conductivity() -> None:
    """Newton's method on the parameter of a simulation: first and second derivatives."""
    start = np.exp(-(np.linspace(-1.0, 3.0, 50) ** 2))
    measured = heat(start.copy(), 0.31)
    slope, curvature = tapec.grad(misfit), tapec.hessian(misfit)
    alpha = 0.25
    for _ in range(8):
        alpha -= float(slope(alpha, start, measured) / curvature(alpha, start, measured))
    print(f"conductivity {alpha:.12f}, used 0.31")
    assert abs(alpha - 0.31) < 1e-9


def differentiate_a_solver() -> None:
    """d sqrt(a) / da = 1 / (2 sqrt(a)), through the iterations."""
    value, slope = tapec.value_and_grad(square_root)(2.0)
    print(f"sqrt(2) = {value:.15f}, its slope {slope:.15f}")
    assert abs(value - np.sqrt(2.0)) < 1e-14
    assert abs(slope - 0.5 / np.sqrt(2.0)) < 1e-12


if __name__ == "__main__":
    aim_far()
    fit_conductivity()
    differentiate_a_solver()

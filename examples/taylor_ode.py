"""Three bodies that chase each other along a figure eight, by Taylor's method.

Steps of degree 20, each as long as the coefficients allow (Jorba and Zou, A software package for
the numerical integration of ODEs by means of high-order Taylor methods, 2005). The orbit is that of
Chenciner and Montgomery, 2000.
"""

from __future__ import annotations

import math

import numpy as np

import tapec

TOLERANCE = 1e-16
DEGREE = math.ceil(1 - 0.5 * math.log(TOLERANCE))
PERIOD = 6.32591398


def gravity(t, state):
    """Positions and velocities (2, 3, 2) of three bodies of mass 1: their derivatives."""
    position, velocity = state
    force = np.zeros((3, 2))
    for i in range(3):
        for j in range(i + 1, 3):
            apart = position[j] - position[i]
            pull = apart * (apart[0] ** 2 + apart[1] ** 2) ** -1.5
            force[i] += pull
            force[j] -= pull
    return np.stack([velocity, force])


def energy(state):
    """Kinetic and potential."""
    position, velocity = state
    pairs = [(0, 1), (0, 2), (1, 2)]
    return 0.5 * np.sum(velocity**2) - sum(
        1.0 / np.linalg.norm(position[i] - position[j]) for i, j in pairs
    )


def step_size(series):
    """So long that the last two terms are about as small as the tolerance."""
    size, last, before = (np.max(np.abs(series[k])) for k in (0, -1, -2))
    radius = min((size / before) ** (1 / (DEGREE - 1)), (size / last) ** (1 / DEGREE))
    return radius / math.e**2


def integrate(state, end):
    """The state at the end, and the number of steps."""
    expand = tapec.ode_series(gravity, DEGREE)
    t, steps = 0.0, 0
    while t < end:
        series = expand(t, state)
        h = min(step_size(series), end - t)
        state = np.polynomial.polynomial.polyval(h, series)
        t, steps = t + h, steps + 1
    return state, steps


def main() -> None:
    """Once around: energy is kept, and the bodies are back."""
    first, fast = np.array([0.97000436, -0.24308753]), np.array([-0.93240737, -0.86473146])
    start = np.array([[first, -first, [0.0, 0.0]], [-0.5 * fast, -0.5 * fast, fast]])
    state, steps = integrate(start, PERIOD)
    drift = abs(energy(state) - energy(start))
    away = np.max(np.abs(state - start))
    print(f"degree {DEGREE}, {steps} steps: energy off by {drift:.1e}, bodies by {away:.1e}")
    assert drift < 1e-13
    assert away < 1e-6


if __name__ == "__main__":
    main()

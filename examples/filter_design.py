"""A filter and a throw, tuned by exact derivatives through scipy.signal and scipy.integrate.

The cutoff of a Butterworth filter is chosen so that a noisy record comes nearest to the truth; the
angle of a throw with drag is chosen so that the ball flies farthest. Neither function was written
with derivatives in mind.
"""

from __future__ import annotations

import numpy as np
from scipy import integrate, optimize, signal

import tapec

rng = np.random.default_rng(2)
times = np.linspace(0.0, 1.0, 200)
truth = np.sin(2.0 * np.pi * 3.0 * times)
record = truth + 0.4 * rng.standard_normal(times.size)


def error(cutoff):
    """The mean square of what is left after the filter has gone there and back."""
    b, a = signal.butter(2, cutoff)
    return np.mean((signal.filtfilt(b, a, record) - truth) ** 2)


slope = tapec.grad(error)
best = optimize.brentq(slope, 0.02, 0.2)
assert error(best) < min(error(0.9 * best), error(1.1 * best), 0.5 * error(0.9))
print(f"cutoff {best:.4f} of the Nyquist frequency, error {error(best):.4f}")


def flight(t, y):
    """Position and velocity under gravity and quadratic drag."""
    speed = np.hypot(y[2], y[3])
    return np.stack([y[2], y[3], -0.02 * speed * y[2], -9.81 - 0.02 * speed * y[3]])


def ground(t, y):
    """The height."""
    return y[1]


ground.terminal, ground.direction = True, -1


def distance(angle):
    """Where the ball comes down."""
    start = [0.0, 1.5, 20.0 * np.cos(angle), 20.0 * np.sin(angle)]
    found = integrate.solve_ivp(flight, (0.0, 10.0), start, events=ground, rtol=1e-9, atol=1e-9)
    return found.y_events[0][0][0]


farthest = optimize.brentq(tapec.grad(distance), 0.3, 1.2, xtol=1e-8)
assert distance(farthest) > max(distance(farthest - 0.01), distance(farthest + 0.01))
print(f"angle {np.degrees(farthest):.2f} degrees, distance {distance(farthest):.3f} m")

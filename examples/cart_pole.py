"""Swing up a pendulum on a cart: optimal control by direct collocation.

Kelly: An Introduction to Trajectory Optimization. SIAM Review 59(4), 2017, section 6, whose plan of
least effort costs 58.8. The sparse Jacobian of the collocation's equations and the Hessian of the
Lagrangian come from the plain functions below; IPOPT solves the program where it is installed.
"""

from __future__ import annotations

import importlib.util

import numpy as np

import tapec
from tapec.interop import ipopt

INTERVALS, TIME = 200, 2.0
CART, POLE, LENGTH, GRAVITY = 1.0, 0.3, 0.5, 9.81
STEP = TIME / INTERVALS


def slopes(z):
    """Derivatives of position, angle and their rates; the last column of z is the force."""
    angle, speed, spin, force = z[:, 1], z[:, 2], z[:, 3], z[:, 4]
    s, c = np.sin(angle), np.cos(angle)
    mass = CART + POLE * s**2
    pull = force + POLE * LENGTH * s * spin**2
    push = (pull + POLE * GRAVITY * s * c) / mass
    turn = -(pull * c + (CART + POLE) * GRAVITY * s) / (LENGTH * mass)
    return np.stack([speed, spin, push, turn], axis=1)


def effort(x):
    """The integral of the squared force."""
    force = x.reshape(INTERVALS + 1, 5)[:, 4]
    return STEP * (np.sum(force[1:-1] ** 2) + 0.5 * (force[0] ** 2 + force[-1] ** 2))


def equations(x):
    """The trapezoidal rule in every interval; rest below at first, upright and away at last."""
    z = x.reshape(INTERVALS + 1, 5)
    f = slopes(z)
    defects = z[1:, :4] - z[:-1, :4] - 0.5 * STEP * (f[1:] + f[:-1])
    return defects, z[0, :4], z[-1, :4] - np.array([1.0, np.pi, 0.0, 0.0])


def guess():
    """A straight line from one end to the other."""
    z = np.zeros((INTERVALS + 1, 5))
    z[:, 0], z[:, 1] = np.linspace(0, 1, INTERVALS + 1), np.linspace(0, np.pi, INTERVALS + 1)
    return z.ravel()


def main():
    """Print the program, and its solution."""
    program = tapec.nlp(effort, equations, guess().size)
    print(program)
    if importlib.util.find_spec("cyipopt") is None:
        print("IPOPT is not installed")
        return
    limit = np.tile([2.0, np.inf, np.inf, np.inf, 20.0], INTERVALS + 1)
    found = ipopt.solve(program, guess(), bounds=(-limit, limit))
    print(f"{found.iterations} iterations, effort {found.value:.4f}")
    assert abs(found.value - 58.8) < 0.1


if __name__ == "__main__":
    main()

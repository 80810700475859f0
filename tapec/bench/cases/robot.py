# mypy: disable-error-code="no-any-return, import-untyped"
"""Forward dynamics of a planar two-link robot arm over 100,000 states."""

from __future__ import annotations

import numpy as np

from tapec.bench.case import Array, Case, Task
from tapec.bench.reference import ComplexStep

STATES = 100_000
M1, M2, L1, R1, R2, I1, I2, GRAVITY, FRICTION = 1.2, 0.8, 0.6, 0.3, 0.25, 0.05, 0.02, 9.81, 0.1


def arm(s: Array) -> Array:
    """Joint accelerations from s = (q1, q2, v1, v2, torque1, torque2).

    M(q) a = torque - C(q, v) v - g(q) - friction v, solved by Cramer's rule
    (Spong, Hutchinson, Vidyasagar, Robot Modeling and Control, section 7.4).
    """
    q1, q2, v1, v2, u1, u2 = s[0], s[1], s[2], s[3], s[4], s[5]
    c2 = np.cos(q2)
    m12 = M2 * (R2**2 + L1 * R2 * c2) + I2
    m11 = M1 * R1**2 + M2 * (L1**2 + R2**2 + 2 * L1 * R2 * c2) + I1 + I2
    m22 = M2 * R2**2 + I2
    h = M2 * L1 * R2 * np.sin(q2)
    g2 = M2 * R2 * GRAVITY * np.cos(q1 + q2)
    g1 = (M1 * R1 + M2 * L1) * GRAVITY * np.cos(q1) + g2
    b1 = u1 + h * (2 * v1 * v2 + v2**2) - g1 - FRICTION * v1
    b2 = u2 - h * v1**2 - g2 - FRICTION * v2
    det = m11 * m22 - m12**2
    return np.array([(m22 * b1 - m12 * b2) / det, (m11 * b2 - m12 * b1) / det])


def arm_batch(states: Array) -> Array:
    """``arm`` over the rows of (n, 6): the formulas broadcast over the trailing axis."""
    return np.ascontiguousarray(arm(states.T).T)


CASES = (
    Case(
        name="robot_arm",
        about=f"two-link arm dynamics, {STATES:,} states by vmap, 2 x 6 Jacobians",
        f=arm,
        primal=arm_batch,
        batch=True,
        inputs=lambda rng: (rng.uniform(-2.0, 2.0, (STATES, 6)),),
        references={Task.JACOBIAN: ComplexStep()},
        family="robot_arm",
    ),
)

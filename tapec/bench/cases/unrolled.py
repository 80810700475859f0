# mypy: disable-error-code="no-any-return, import-untyped"
"""A simulation unrolled to about 10,000 scalar operations: what long programs cost to compile."""

from __future__ import annotations

from typing import Any

import numpy as np

import tapec
from tapec.bench.case import Array, Case, Task
from tapec.bench.reference import ComplexStep

STEPS = 830
TIME_STEP = 0.005


def predator_prey(p: Array) -> Any:
    """Lotka-Volterra with saturation by explicit Euler steps, 12 operations each.

    p = (growth, predation, yield, death, prey at 0, predators at 0); a number of the end state.
    """
    growth, predation, gain, death, prey, hunters = p[0], p[1], p[2], p[3], p[4], p[5]
    for _ in tapec.unroll(range(STEPS)):
        eaten = prey * hunters / (1.0 + 0.1 * prey)
        prey, hunters = (
            prey + TIME_STEP * (growth * prey - predation * eaten),
            hunters + TIME_STEP * (gain * eaten - death * hunters),
        )
    return prey * prey + np.log(hunters)


CASES = (
    Case(
        name="unrolled",
        about=f"predator-prey simulation unrolled, about {12 * STEPS:,} scalar operations",
        f=predator_prey,
        inputs=lambda rng: (np.array([1.1, 0.4, 0.2, 0.4, 8.0, 4.0]) * rng.uniform(0.9, 1.1, 6),),
        references={Task.GRADIENT: ComplexStep()},
        family="unrolled",
        rtol=1e-9,
        skip={"jax": "compiles about 3 s per 1000 operations"},
    ),
)

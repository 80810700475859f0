# mypy: disable-error-code="no-any-return, import-untyped"
"""Time stepping in plain Python loops: fixed steps of Runge and Kutta, and adaptive ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.bench.case import Arguments, Array, Case, Function, Task
from tapec.bench.reference import ComplexStep, Exact

NEURONS, SPAN = 100, 10.0
SHORT, LONG = 1_000, 100_000
LOTKA_STEPS, LOTKA_DT = 10_000, 0.002
ORBIT_END, ORBIT_TOLERANCE = 3.0, 1e-6

# Nodes and weights of the stages of the classical Runge-Kutta method.
AHEAD = (0.0, 0.5, 0.5, 1.0)
COUNTS = (1.0 / 6.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0)


# --- 100 neurons ---------------------------------------------------------------------------------


def activity(y: Array, rates: Array, weights: Array) -> Array:
    """A continuous Hopfield network: dy/dt = tanh(W y) - r y."""
    return np.tanh(weights @ y) - rates * y


def neurons(steps: int) -> Function:
    """The program of that many classical Runge-Kutta steps."""
    dt = SPAN / steps

    def rk4(y: Array, rates: Array, weights: Array) -> Any:
        for _ in range(steps):
            k1 = activity(y, rates, weights)
            k2 = activity(y + 0.5 * dt * k1, rates, weights)
            k3 = activity(y + 0.5 * dt * k2, rates, weights)
            k4 = activity(y + dt * k3, rates, weights)
            y = y + dt / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
        return np.sum(y**2)

    return rk4


def neurons_gradient(steps: int) -> Function:
    """The derivatives for the start and the rates by hand: the adjoint of every stage."""
    dt = SPAN / steps

    def gradient(y: Array, rates: Array, weights: Array) -> tuple[Array, Array]:
        places, hidden = np.empty((2, steps, 4, y.size))
        for s in range(steps):
            total, k = y, np.zeros_like(y)
            for j in range(4):
                places[s, j] = y + AHEAD[j] * dt * k
                hidden[s, j] = np.tanh(weights @ places[s, j])
                k = hidden[s, j] - rates * places[s, j]
                total = total + COUNTS[j] * dt * k
            y = total
        ct, rates_ct = 2.0 * y, np.zeros_like(rates)
        for s in reversed(range(steps)):
            total, from_next = ct, np.zeros_like(ct)
            for j in reversed(range(4)):
                k_ct = COUNTS[j] * dt * ct + from_next
                rates_ct -= k_ct * places[s, j]
                place_ct = (k_ct * (1.0 - hidden[s, j] ** 2)) @ weights - rates * k_ct
                total, from_next = total + place_ct, AHEAD[j] * dt * place_ct
            ct = total
        return ct, rates_ct

    return gradient


def _neuron_inputs(rng: np.random.Generator) -> Arguments:
    weights = 1.2 * rng.standard_normal((NEURONS, NEURONS)) / np.sqrt(NEURONS)
    return rng.standard_normal(NEURONS), rng.uniform(0.8, 1.2, NEURONS), weights


# --- predator and prey ---------------------------------------------------------------------------


def lotka_field(y: Array, p: Array) -> Array:
    """Growth, predation, gain and death of prey and predators."""
    prey, hunters = y
    return np.array([p[0] * prey - p[1] * prey * hunters, p[2] * prey * hunters - p[3] * hunters])


def lotka(p: Array) -> Array:
    """Prey and predators at the end, one number of them; p has the four rates."""
    y = np.array([1.0, 0.5])
    dt = LOTKA_DT
    for _ in range(LOTKA_STEPS):
        k1 = lotka_field(y, p)
        k2 = lotka_field(y + 0.5 * dt * k1, p)
        k3 = lotka_field(y + 0.5 * dt * k2, p)
        k4 = lotka_field(y + dt * k3, p)
        y = y + dt / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    return y[0] ** 2 + y[1]


# --- an orbit with adaptive steps ----------------------------------------------------------------


def orbit_field(y: Array, drag: Any) -> Array:
    """A satellite: gravity of a unit mass and linear drag; y = (x, v)."""
    r2 = y[0] ** 2 + y[1] ** 2
    pull = -1.0 / (r2 * np.sqrt(r2))
    return np.array([y[2], y[3], pull * y[0] - drag * y[2], pull * y[1] - drag * y[3]])


def orbit(p: Array) -> Array:
    """Squared distance at the end; p = (speed at the start, drag).

    Bogacki and Shampine, A 3(2) pair of Runge-Kutta formulas, Applied Mathematics Letters 2
    (1989); the step control is part of the program and of its derivative.
    """
    y = np.array([1.0, 0.0, 0.0, p[0]])
    t, h = 0.0, 0.01
    k1 = orbit_field(y, p[1])
    while t < ORBIT_END:
        if t + h > ORBIT_END:
            h = ORBIT_END - t + 1e-12
        k2 = orbit_field(y + 0.5 * h * k1, p[1])
        k3 = orbit_field(y + 0.75 * h * k2, p[1])
        ahead = y + h * (2.0 * k1 + 3.0 * k2 + 4.0 * k3) / 9.0
        k4 = orbit_field(ahead, p[1])
        e = h * (-5.0 * k1 / 72.0 + k2 / 12.0 + k3 / 9.0 - k4 / 8.0)
        error = np.sqrt(np.sum(e * e)) + 1e-30
        if error <= ORBIT_TOLERANCE:
            t = t + h
            y, k1 = ahead, k4
        h = h * np.minimum(2.0, np.maximum(0.3, 0.9 * (ORBIT_TOLERANCE / error) ** (1.0 / 3.0)))
    return y[0] ** 2 + y[1] ** 2


SLOW = "several minutes"

CASES = (
    Case(
        name="rk4_100",
        about=f"ODE of {NEURONS} neurons, {SHORT:,} Runge-Kutta steps in a Python loop",
        f=neurons(SHORT),
        inputs=_neuron_inputs,
        argnums=(0, 1),
        references={Task.GRADIENT: Exact(neurons_gradient(SHORT))},
        family="rk4_100",
        rtol=1e-9,
        skip={"torch": SLOW, "autograd": SLOW, "casadi": SLOW},
    ),
    Case(
        name="rk4_100_long",
        about=f"the same with {LONG:,} steps",
        f=neurons(LONG),
        inputs=_neuron_inputs,
        argnums=(0, 1),
        references={Task.GRADIENT: Exact(neurons_gradient(LONG))},
        family="rk4_100_long",
        rtol=1e-9,
        extended=True,
        skip={"fd": SLOW, "interpreter": SLOW, "torch": SLOW, "autograd": SLOW, "casadi": SLOW},
    ),
    Case(
        name="lotka",
        about=f"Lotka-Volterra, four rates, {LOTKA_STEPS:,} Runge-Kutta steps",
        f=lotka,
        inputs=lambda rng: (np.array([1.1, 0.4, 0.1, 0.4]) * rng.uniform(0.9, 1.1, 4),),
        references={Task.GRADIENT: ComplexStep()},
        family="lotka",
        rtol=1e-9,
        skip={"interpreter": SLOW, "torch": SLOW, "autograd": SLOW},
    ),
    Case(
        name="orbit",
        about="satellite with drag, adaptive steps in a while loop",
        f=orbit,
        inputs=lambda rng: (np.array([1.1, 0.05]) * rng.uniform(0.95, 1.05, 2),),
        references={Task.GRADIENT: ComplexStep()},
        family="orbit",
        rtol=1e-9,
        skip={"torch": "no numpy.array of tensors that are differentiated"},
    ),
)

# mypy: disable-error-code="no-any-return, import-untyped"
"""Descent on functions that take derivatives themselves: particle and saddle of GradBench.

Pearlmutter and Siskind, Using programming language theory to make automatic differentiation sound
and efficient, Advances in Automatic Differentiation (2008). Each comes in four forms: forward or
reverse mode outside, forward or reverse inside.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.bench.case import Array, Case, Function
from tapec.bench.gradbench.descent import MODES, argmin
from tapec.tools.differences import COMPLEX_STEP

Slope = Callable[[Function], Function]


def complex_steps(f: Function) -> Function:
    """The gradient of an analytic function of a vector, by NumPy alone."""

    def gradient(x: Array) -> Array:
        moves = 1j * COMPLEX_STEP * np.eye(x.size)
        return np.array([np.imag(f(x + move)) / COMPLEX_STEP for move in moves])

    return gradient


# --- a charged particle --------------------------------------------------------------------------


def potential(x: Array, w: Any) -> Any:
    """Of the charges at (10, 10 - w) and (10, 0)."""
    a = (x[0] - 10.0) ** 2 + (x[1] - 10.0 + w) ** 2
    b = (x[0] - 10.0) ** 2 + x[1] ** 2
    return 1.0 / np.sqrt(a) + 1.0 / np.sqrt(b)


def field(slope: Slope) -> Callable[[Any], Function]:
    """The gradient of the potential at a control, in the mode given."""
    return lambda w: slope(lambda x: potential(x, w))


def field_by_hand(w: Any) -> Function:
    """The same in closed form."""

    def gradient(x: Array) -> Array:
        near = np.array([x[0] - 10.0, x[1] - 10.0 + w])
        far = np.array([x[0] - 10.0, x[1]])
        return -near / np.sum(near**2) ** 1.5 - far / np.sum(far**2) ** 1.5

    return gradient


def miss(gradient: Function) -> Any:
    """Squared distance from the origin where the particle meets the axis; steps of Euler."""
    dt = 0.1
    x, v = np.array([0.0, 8.0]), np.array([0.75, 0.0])
    while x[1] + dt * v[1] > 0.0:
        x, v = x + dt * v, v - dt * gradient(x)
    ahead = -x[1] / v[1]
    return (x[0] + ahead * v[0]) ** 2


def particle(outer: Slope, forces: Callable[[Any], Function]) -> Function:
    """The control that makes it meet the origin."""

    def solve(start: Array) -> Array:
        def f(w: Array) -> Any:
            return miss(forces(w[0]))

        return argmin(f, outer(f), start)

    return solve


# --- a saddle ------------------------------------------------------------------------------------


def height(x: Array, y: Array) -> Any:
    """Low along x, high along y."""
    return (x[0] ** 2 + x[1] ** 2) - (y[0] ** 2 + y[1] ** 2)


def fall(slope: Slope) -> Callable[[Any], Function]:
    """The gradient of the negated height along y."""
    return lambda x: slope(lambda y: -height(x, y))


def fall_by_hand(x: Array) -> Function:
    """The same in closed form."""
    return lambda y: 2.0 * y


def saddle(outer: Slope, falls: Callable[[Any], Function]) -> Function:
    """Minimum over x of the maximum over y, both from the same start; x and y."""

    def solve(start: Array) -> Array:
        def top(x: Array) -> Array:
            return argmin(lambda y: -height(x, y), falls(x), start)

        def highest(x: Array) -> Any:
            return height(x, top(x))

        x = argmin(highest, outer(highest), start)
        y = argmin(lambda y: -height(x, y), outer(lambda y: -height(x, y)), start)
        return np.concatenate((x, y))

    return solve


def _particle_start(rng: np.random.Generator) -> tuple[Array]:
    return (rng.uniform(0.0, 0.1, 1),)


def _saddle_start(rng: np.random.Generator) -> tuple[Array]:
    return (rng.uniform(0.95, 1.05, 2),)


WORDS = {"f": "forward", "r": "reverse"}
OTHERS = {
    "interpreter": "item by item",
    "torch": "nested loops of Python",
    "autograd": "nested loops of Python",
    "casadi": "loops of unknown length",
}


def _case(problem: str, a: str, b: str) -> Case:
    build, inner, by_hand, start = {
        "particle": (particle, field, field_by_hand, _particle_start),
        "saddle": (saddle, fall, fall_by_hand, _saddle_start),
    }[problem]
    return Case(
        name=f"{problem}_{a}{b}",
        about=f"{problem} of GradBench, {WORDS[a]} mode outside, {WORDS[b]} inside",
        f=build(MODES[a], inner(MODES[b])),
        primal=build(complex_steps, by_hand),
        inputs=start,
        references={},
        family=f"{problem}_{a}{b}",
        rtol=1e-8,
        skip=OTHERS if a == "f" else {**OTHERS, "jax": "no reverse mode through while_loop"},
    )


CASES = tuple(
    _case(problem, a, b) for problem in ("particle", "saddle") for a in "fr" for b in "fr"
)

# mypy: disable-error-code="no-any-return, import-untyped"
"""Dense Hessians of 100 to 1,000 variables, and small ones of many kinds of terms.

The references are complex steps of gradients in closed form.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.bench.case import Arguments, Array, Case, Function, Task
from tapec.bench.reference import ComplexStep

Draw = np.random.Generator
SAMPLES = 200


def rosenbrock(x: Array) -> Any:
    """A chain of valleys: its Hessian has three diagonals."""
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def rosenbrock_gradient(x: Array) -> Array:
    """In closed form."""
    out = np.zeros_like(x)
    out[1:] += 200.0 * (x[1:] - x[:-1] ** 2)
    out[:-1] += -400.0 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2.0 * (1.0 - x[:-1])
    return out


def logistic(w: Array, x: Array, label: Array) -> Any:
    """The loss of a regression, and its penalty."""
    return np.sum(np.log(1.0 + np.exp(-label * (x @ w)))) + 0.05 * np.sum(w * w)


def logistic_gradient(w: Array, x: Array, label: Array) -> Array:
    """In closed form."""
    return x.T @ (-label / (1.0 + np.exp(label * (x @ w)))) + 0.1 * w


def waves(w: Array, x: Array) -> Any:
    """Squares of sines of products."""
    return np.sum(np.sin(x @ w) ** 2)


def waves_gradient(w: Array, x: Array) -> Array:
    """In closed form."""
    return x.T @ np.sin(2.0 * (x @ w))


def quartic(w: Array) -> Any:
    """The fourth power of a length: a Hessian without zeros."""
    return np.sum(w * w) ** 2


def quartic_gradient(w: Array) -> Array:
    """In closed form."""
    return 4.0 * np.sum(w * w) * w


def _case(name: str, n: int, f: Function, gradient: Function, *rest: str) -> Case:
    def inputs(rng: Draw) -> Arguments:
        x = rng.normal(size=(SAMPLES, n)) / np.sqrt(n)
        given = {"x": x, "label": np.sign(rng.normal(size=SAMPLES))}
        return (0.3 * rng.normal(size=n), *(given[k] for k in rest))

    return Case(
        name=f"{name}_{n}",
        about=f"{f.__doc__ or name} {n} variables.",
        f=f,
        inputs=inputs,
        references={Task.HESSIAN: ComplexStep(gradient)},
        rtol=1e-9,
    )


CASES = tuple(
    case
    for n in (10, 100, 300, 1000)
    for case in (
        _case("rosen", n, rosenbrock, rosenbrock_gradient),
        _case("logistic", n, logistic, logistic_gradient, "x", "label"),
        _case("waves", n, waves, waves_gradient, "x"),
        _case("quartic", n, quartic, quartic_gradient),
    )
)

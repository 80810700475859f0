# mypy: disable-error-code="no-any-return, import-untyped"
"""The Rosenbrock function as SciPy ships it, at three sizes."""

from __future__ import annotations

import numpy as np
from scipy.optimize import rosen_der, rosen_hess

from tapec.bench.case import Arguments, Array, Case, Reference, Task
from tapec.bench.reference import Exact


def rosen(x: Array) -> Array:
    """``scipy.optimize.rosen``: sum of 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2."""
    x = np.asarray(x)
    r = np.sum(100.0 * (x[1:] - x[:-1] ** 2.0) ** 2.0 + (1 - x[:-1]) ** 2.0, axis=0)
    return r


def _case(n: int, *, hessian: bool) -> Case:
    def inputs(rng: np.random.Generator) -> Arguments:
        return (rng.uniform(-2.0, 2.0, n),)

    references: dict[Task, Reference] = {Task.GRADIENT: Exact(rosen_der)}
    if hessian:
        references[Task.HESSIAN] = Exact(rosen_hess)
    return Case(
        name=f"rosen{n}",
        about=f"Rosenbrock function of scipy.optimize, n = {n}",
        f=rosen,
        inputs=inputs,
        references=references,
        family="rosen",
        floor=n == 3,
    )


CASES = (_case(3, hessian=True), _case(100, hessian=True), _case(10_000, hessian=False))

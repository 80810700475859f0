"""IPOPT, through the package cyipopt: `solve` a nonlinear program."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapec.errors import MissingDependency, ShapeError
from tapec.interop.nlp import NonlinearProgram

Array = np.ndarray[Any, Any]
Bounds = tuple[Any, Any]  # lower and upper: numbers or arrays


@dataclass(frozen=True)
class IpoptSolution:
    """What IPOPT found: the point, the objective there, the constraints, the multipliers of the
    constraints and of both kinds of bounds, and how it ended."""

    x: Array
    value: float
    constraints: Array
    multipliers: Array
    lower_multipliers: Array
    upper_multipliers: Array
    status: int
    message: str
    iterations: int

    @property
    def success(self) -> bool:
        """Whether it is a local optimum to the tolerances asked for, or to acceptable ones."""
        return self.status in (0, 1)


def solve(
    program: NonlinearProgram,
    x0: Any,
    *,
    bounds: Bounds = (-np.inf, np.inf),
    constraint_bounds: Bounds = (0.0, 0.0),
    options: Mapping[str, Any] | None = None,
) -> IpoptSolution:
    """Minimise a nonlinear program from `x0`, with exact sparse first and second derivatives.

    `bounds` are those of the variables, `constraint_bounds` those of the constraints, equal where a
    constraint is an equation (all of them, by default): pairs of numbers or arrays. `options` are
    IPOPT's own; it prints nothing unless `print_level` is set. With `hessian_approximation` set to
    "limited-memory" no second derivatives are computed.

    Raises MissingDependency where cyipopt is not installed, ShapeError for a start and bounds that
    do not fit the program.

    >>> from tapec.interop import ipopt

    >>> p = tapec.nlp(lambda x: np.sum((x - 2) ** 2), lambda x: np.sum(x), 3)
    >>> ipopt.solve(p, np.zeros(3)).x.round(6) + 0.0
    array([0., 0., 0.])
    """
    low, high = _pair("bounds", bounds, program.n)
    least, most = _pair("constraint_bounds", constraint_bounds, program.m)
    start = np.array(x0, float)
    if start.shape != (program.n,):
        raise ShapeError(
            f"x0 of shape {list(start.shape)} for a program of {program.n} variables",
            hint="give a vector with a number for each variable",
        )
    callbacks = Callbacks(program)
    problem = _cyipopt().Problem(program.n, program.m, callbacks, low, high, least, most)
    for name, value in {"print_level": 0, "sb": "yes", **(options or {})}.items():
        problem.add_option(name, value)
    x, info = problem.solve(start)
    problem.close()
    return IpoptSolution(
        x, float(info["obj_val"]), info["g"], info["mult_g"], info["mult_x_L"], info["mult_x_U"],
        int(info["status"]), info["status_msg"].decode(), callbacks.iterations,
    )  # fmt: skip


def _pair(name: str, given: Bounds, size: int) -> tuple[Array, Array]:
    """Lower and upper bounds, one of each for every number."""
    try:
        low, high = (np.broadcast_to(np.asarray(b, float), size) for b in given)
    except (TypeError, ValueError):
        raise ShapeError(
            f"{name} that do not fit {size} numbers",
            hint=f"give {name}=(lower, upper), each a number or an array of {size}",
        ) from None
    return low, high


class Callbacks:
    """A nonlinear program by the names that cyipopt looks for."""

    def __init__(self, program: NonlinearProgram) -> None:
        self.program, self.iterations = program, 0
        self.objective, self.gradient = program.objective, program.gradient
        self.constraints, self.jacobian = program.constraints, program.jacobian

    def jacobianstructure(self) -> tuple[Array, Array]:
        """Rows and columns of the Jacobian's nonzeros."""
        return self.program.jacobian_structure

    def hessianstructure(self) -> tuple[Array, Array]:
        """Rows and columns of the nonzeros of the Hessian's lower triangle."""
        return self.program.hessian_structure

    def hessian(self, x: Array, multipliers: Array, factor: float) -> Array:
        """The nonzeros of the Hessian of the Lagrangian."""
        return self.program.hessian(x, multipliers, factor)

    def intermediate(self, mode: int, iteration: int, *measures: Sequence[float]) -> bool:
        """Count iterations; go on."""
        self.iterations = iteration
        return True


def _cyipopt() -> Any:
    try:
        return importlib.import_module("cyipopt")
    except ImportError as error:
        raise MissingDependency(
            "IPOPT is called through the package cyipopt, which is not installed",
            hint="apt-get install coinor-libipopt-dev liblapack-dev libblas-dev, "
            "then pip install 'tapec[ipopt]'",
        ) from error

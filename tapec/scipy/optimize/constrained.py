"""Minima under constraints: the conditions of Karush, Kuhn and Tucker are 0 there.

Unknowns are the point x, a multiplier for each equation h(x) = 0 and one for each inequality
c(x) >= 0; min(multiplier, c) = 0 says that one of both is 0 (Nocedal and Wright, Numerical
Optimization, 2006, section 12.3). Derivatives are those of the active constraints; where one is
just about to become active they are one-sided.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import optimize

from tapec.derive.derived import Grad, Jacobian, ValueAndGrad
from tapec.scipy.closed import Closed, CompiledLater, flat, floating, known_array
from tapec.scipy.registry import refused
from tapec.scipy.roots import Newton, solution

Array = np.ndarray[Any, Any]
Values = Callable[[Any, Sequence[Any]], Any]
METHODS = frozenset(["", "slsqp", "trust-constr", "cobyla", "cobyqa"])
ACTIVE = "name the method SLSQP or trust-constr, or leave it out"


class Constraints:
    """Equations and inequalities as two functions of x and parameters."""

    def __init__(self, given: Any, start: Any) -> None:
        listed = given if isinstance(given, list | tuple) else [given]
        parts = [part for one in listed for part in _parts(one, start)]
        self.params = [p for _, closed in parts for p in closed.params]
        self.equations = self._joined(parts, True)
        self.inequalities = self._joined(parts, False)

    def _joined(self, parts: Sequence[tuple[bool, Closed]], equal: bool) -> Values:
        def values(x: Any, params: Sequence[Any]) -> Any:
            found, at = [floating(np.zeros(0))], 0
            for is_equation, closed in parts:
                count = len(closed.params)
                if is_equation is equal:
                    found.append(flat(closed([x], params[at : at + count])))
                at += count
            return np.concatenate(found)

        return values


def _parts(one: Any, start: Any) -> list[tuple[bool, Closed]]:
    """The functions of one constraint, and whether they are to be 0."""
    if isinstance(one, dict):
        args = one.get("args", ())
        if one["type"] not in ("eq", "ineq"):
            raise ValueError(f"Unknown constraint type '{one['type']}'.")
        return [(one["type"] == "eq", Closed(one["fun"], [start], args))]
    if isinstance(one, optimize.LinearConstraint):
        matrix = floating(one.A)
        return _between(lambda x: matrix @ x, one, start)
    if isinstance(one, optimize.NonlinearConstraint):
        return _between(lambda x: flat(one.fun(x)), one, start)
    raise refused(f"a constraint of class {type(one).__name__}", "give a dictionary")


def _between(f: Any, one: Any, start: Any) -> list[tuple[bool, Closed]]:
    """lb <= f(x) <= ub, element by element: equal bounds are equations, infinite ones nothing."""
    count = _count(f, start)
    low, high = (np.broadcast_to(floating(end), (count,)) for end in (one.lb, one.ub))
    known = [known_array(end) for end in (low, high)]
    lower = np.ones(count, bool) if known[0] is None else np.asarray(known[0]) > -np.inf
    upper = np.ones(count, bool) if known[1] is None else np.asarray(known[1]) < np.inf
    same = np.zeros(count, bool)
    if known[0] is not None and known[1] is not None:
        same = np.asarray(known[0]) == np.asarray(known[1])
    chosen = [(True, same, 1.0, low), (False, lower & ~same, 1.0, low),
              (False, upper & ~same, -1.0, high)]  # fmt: skip
    return [
        (equal, Closed(_side(f, np.flatnonzero(which), sign, end), [start]))
        for equal, which, sign, end in chosen
        if which.any()
    ]


def _side(f: Any, places: Array, sign: float, end: Any) -> Any:
    return lambda x: sign * (f(x)[places] - end[places])


def _count(f: Any, start: Any) -> int:
    """How many numbers a constraint has."""
    return int(flat(Closed(f, [start])([start], Closed(f, [start]).params)).shape[0])


class ConstrainedMinimum:
    """The minimum of `value` under constraints, between bounds."""

    def __init__(
        self, value: Values, constraints: Constraints, bounds: tuple[Any, Any] | None, count: int
    ) -> None:
        self.value, self.constraints, self.count = value, constraints, count
        self.bounds = bounds or (np.full(count, -np.inf), np.full(count, np.inf))
        self.held = len(constraints.params)
        self.newton = Newton(self._conditions, "conditions")
        self._value = CompiledLater(lambda x, *p: ValueAndGrad(value, 0)(x, p), "objective")
        self._sides = [
            _with_slope(constraints.equations, "equations"),
            _with_slope(constraints.inequalities, "inequalities"),
        ]

    def _conditions(self, z: Any, given: Sequence[Any]) -> Any:
        low, high, *params = given
        ours, theirs = params[self.held :], params[: self.held]
        x = z[: self.count]
        h = self.constraints.equations(x, theirs)
        c = self.constraints.inequalities(x, theirs)
        m = self.count + h.shape[0]
        multipliers, pressures = z[self.count : m], z[m:]

        def lagrangian(x: Any) -> Any:
            held = np.sum(multipliers * self.constraints.equations(x, theirs))
            pressed = np.sum(pressures * self.constraints.inequalities(x, theirs))
            return self.value(x, ours) - held - pressed

        slope = Grad(lagrangian, 0)(x)
        return np.concatenate([x - np.clip(x - slope, low, high), h, np.minimum(pressures, c)])

    def found(self, real: Any, start: Any, params: Sequence[Any], method: str, options: Any) -> Any:
        """The minimum, and what SciPy tells of its run."""
        given = [start, *map(floating, self.bounds), *self.constraints.params, *params]
        sizes = [
            int(f(start, self.constraints.params).shape[0])
            for f in (self.constraints.equations, self.constraints.inequalities)
        ]
        n = self.count + sum(sizes)

        def run(x: Array, low: Array, high: Array, *rest: Array) -> Array:
            return self._run(real, x, (low, high), rest, (method, options), sizes)

        made = solution(lambda z, p: self._conditions(z, p[1:]), run, given, n, 4, "minimize")
        return made[: self.count], made[n:]

    def _run(
        self, real: Any, x: Array, ends: tuple[Array, Array], rest: Sequence[Array],
        how: tuple[str, Any], sizes: Sequence[int],
    ) -> Array:  # fmt: skip
        theirs, ours = rest[: self.held], rest[self.held :]
        sides = [
            {"type": kind, "fun": _given(f, theirs), "jac": _given(slope, theirs)}
            for kind, (f, slope), size in zip(("eq", "ineq"), self._sides, sizes, strict=True)
            if size
        ]
        method, options = how
        found = real(
            lambda x: self._value(np.ascontiguousarray(x), *ours), x, jac=True,
            bounds=optimize.Bounds(*ends), constraints=sides, method=method or "SLSQP",
            **{"tol": 1e-12, **options},
        )  # fmt: skip
        z = np.concatenate([found.x, *self._multipliers(found.x, ends, theirs, ours)])
        if found.success:
            z = self.newton(z, [*ends, *rest])
        told = [found.success, found.get("status", 0), found.get("nit", 0), found.get("nfev", 0)]
        return np.array([*z, *told], float)

    def _multipliers(
        self, x: Array, ends: tuple[Array, Array], theirs: Any, ours: Any
    ) -> tuple[Array, Array]:
        """Least squares of the slope by those of the constraints that are active."""
        near = 1e-6
        slope = self._value(x, *ours)[1]
        (_, equations), (values, inequalities) = self._sides
        a, b = equations(x, *theirs), inequalities(x, *theirs)
        active = np.flatnonzero(values(x, *theirs) < near)
        free = (x > ends[0] + near) & (x < ends[1] - near)
        rows = np.concatenate([a, b[active]])[:, free].T
        made = np.linalg.lstsq(rows, slope[free], rcond=None)[0]
        pressures = np.zeros(b.shape[0])
        pressures[active] = np.maximum(made[a.shape[0] :], 0.0)
        return made[: a.shape[0]], pressures


def _with_slope(f: Values, name: str) -> tuple[CompiledLater, CompiledLater]:
    """A function and its Jacobian, compiled."""
    slope = Jacobian(lambda x, *p: f(x, p), 0, "auto")
    return CompiledLater(lambda x, *p: f(x, p), name), CompiledLater(slope, f"{name}.slope")


def _given(f: CompiledLater, params: Sequence[Array]) -> Any:
    return lambda x: f(np.ascontiguousarray(x), *params)

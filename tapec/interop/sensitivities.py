"""Derivatives of solutions of differential equations y' = fun(t, y, p) by p and by y(t0).

Forward: the variational equations are solved beside the solution, one kernel giving fun and its
derivatives along all directions. Adjoint: one backward solution gives the gradient of a loss, for
any number of parameters (Cao, Li, Petzold, Serban: Adjoint sensitivity analysis for
differential-algebraic equations. SIAM J. Sci. Comput. 24(3), 2003).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy import integrate

from tapec.call.kernel import Kernel
from tapec.derive.bundle import Bundle
from tapec.derive.derived import Function
from tapec.derive.transforms import value_and_grad
from tapec.errors import ShapeError
from tapec.interop.integrate import IMPLICIT
from tapec.interop.optimize import first
from tapec.interop.vectors import Vector

Array = np.ndarray[Any, Any]
ACCURACY = {"rtol": 1e-8, "atol": 1e-10}  # where a call states none


class StatesFirst(Vector):
    """fun(t, y, p) as a function of (y, p, t)."""

    suffix = "right_side"

    def __call__(self, y: Any, p: Any, t: Any) -> Any:
        return self.vector(t, y, p)


def sensitivities(
    fun: Function, t_span: Sequence[float], y0: Any, p: Any, method: str = "RK45", **options: Any
) -> Any:
    """A solution with its derivatives, as `scipy.integrate.solve_ivp` gives solutions.

    `fun(t, y, p)` returns the slope of y, `p` is a vector. The result has two arrays more: of shape
    (n, k, times), `by_parameters` is dy/dp, of shape (n, n, times), `by_initial` dy/dy0. They obey
    the tolerances as y does (1e-8 and 1e-10 where none are given). Implicit methods get the
    Jacobian of fun once for y and for every derivative, without their coupling. Raises ShapeError
    where y0 or p is no vector.

    >>> from tapec.interop import sensitivities

    >>> decay = lambda t, y, p: -p[0] * y
    >>> s = sensitivities.sensitivities(decay, (0.0, 1.0), [2.0], [0.5])
    >>> np.allclose(s.by_parameters[0, 0], -s.t * s.y[0], atol=1e-6)
    True
    """
    y0, p = _vector("y0", y0), _vector("p", p)
    n, k = y0.size, p.size
    directions = np.hstack([np.zeros((n, k)), np.eye(n)]).T
    fixed = np.vstack([np.eye(k), np.zeros((n, k))])
    vector = StatesFirst(fun)
    run = Kernel(Bundle(vector, ("value", "jvp"), (0, 1), "auto"))

    def slope(t: float, z: Array) -> Array:
        found = run(z[:n], p, float(t), (z[n:].reshape(n + k, n), fixed))
        return np.concatenate([found.value, found.jvp.ravel()])

    if method in IMPLICIT:
        jac = first(vector, y0, p, float(t_span[0]), form=IMPLICIT[method])
        options["jac"] = lambda t, z: _repeated(jac(z[:n], p, float(t)), 1 + n + k, method)
    start = np.concatenate([y0, directions.ravel()])
    found = integrate.solve_ivp(slope, t_span, start, method, **{**ACCURACY, **options})
    every = np.moveaxis(found.y[n:].reshape(n + k, n, -1), 0, 1)
    found.y, found.by_parameters, found.by_initial = found.y[:n], every[:, :k], every[:, k:]
    return found


def _repeated(matrix: Any, times: int, method: str) -> Any:
    """The same block along the diagonal."""
    found = sp.block_diag([matrix] * times, format="csc")
    return found.toarray() if method == "LSODA" else found


@dataclass(frozen=True)
class LossGradient:
    """A loss, and its gradients by the initial values and by the parameters."""

    value: float
    by_initial: Array
    by_parameters: Array


def adjoint_gradient(
    fun: Function,
    t_span: Sequence[float],
    y0: Any,
    p: Any,
    loss: Function,
    t_eval: Any = None,
    method: str = "RK45",
    **options: Any,
) -> LossGradient:
    """The gradient of a loss of the solution of y' = fun(t, y, p), by one backward solution.

    `loss(y)` takes the solution at the times `t_eval`, of shape (n, times), by default at the end
    alone; it is a plain function, which is differentiated too. Costs about as much as three
    solutions, whatever the number of parameters. `options` go to `scipy.integrate.solve_ivp`, with
    tolerances as for `sensitivities`. Raises ShapeError where times are not increasing, and where
    y0 or p is no vector.

    >>> from tapec.interop import sensitivities

    >>> decay = lambda t, y, p: -p[0] * y
    >>> last = lambda y: y[0, -1]
    >>> g = sensitivities.adjoint_gradient(decay, (0.0, 1.0), [2.0], [0.5], last)
    >>> np.allclose(g.by_parameters, -2 * np.exp(-0.5), atol=1e-6)
    True
    """
    y0, p = _vector("y0", y0), _vector("p", p)
    times = _increasing(np.atleast_1d(t_span[1] if t_eval is None else t_eval), t_span)
    options = {**ACCURACY, **options}
    backward = _Backward(fun, y0.size, p, method, options)
    solution = backward.states(t_span, y0)
    value, jumps = value_and_grad(loss)(np.ascontiguousarray(solution.sol(times)))
    costate = np.zeros(y0.size + p.size)
    for k in range(times.size - 1, -1, -1):
        costate[: y0.size] += jumps[:, k]
        until = times[k - 1] if k else t_span[0]
        costate = backward.costate((times[k], until), costate, solution.sol)
    return LossGradient(float(value), costate[: y0.size], costate[y0.size :])


def _vector(name: str, given: Any) -> Array:
    found = np.asarray(given, float)
    if found.ndim != 1:
        raise ShapeError(
            f"{name} of shape {list(found.shape)} is no vector",
            hint=f"give {name} as a list or an array with one axis, and read {name}[0] in fun",
        )
    return found


def _increasing(times: Array, t_span: Sequence[float]) -> Array:
    direction = np.sign(t_span[1] - t_span[0])
    if np.any(np.diff(times) * direction <= 0):
        raise ShapeError("the times are not increasing", hint="sort t_eval along t_span")
    return times


class _Backward:
    """The solution, and the equations of the costates that follow it backwards."""

    def __init__(
        self, fun: Function, n: int, p: Array, method: str, options: dict[str, Any]
    ) -> None:
        self.n, self.p, self.method, self.options = n, p, method, options
        self.vector = StatesFirst(fun)
        self.right = Kernel(self.vector)
        self.pull = Kernel(Bundle(self.vector, ("vjp",), (0, 1), "auto"))
        self.slopes = Kernel(Bundle(self.vector, ("jac",), (0, 1), "auto"))

    def states(self, t_span: Sequence[float], y0: Array) -> Any:
        """The solution, as a function of time."""
        options = dict(self.options)
        if self.method in IMPLICIT:
            jac = first(self.vector, y0, self.p, float(t_span[0]), form=IMPLICIT[self.method])
            options["jac"] = lambda t, y: jac(y, self.p, float(t))

        def slope(t: float, y: Array) -> Array:
            found: Array = self.right(y, self.p, float(t))
            return found

        return integrate.solve_ivp(slope, t_span, y0, self.method, dense_output=True, **options)

    def costate(self, t_span: Sequence[float], start: Array, states: Any) -> Array:
        """Costate and gradient by the parameters at the end of a step backwards."""
        if t_span[0] == t_span[1]:
            return start
        options = dict(self.options)
        if self.method in IMPLICIT:
            options["jac"] = lambda t, z: self._matrix(t, states(t))

        def slope(t: float, z: Array) -> Array:
            found = self.pull(states(t), self.p, float(t), z[: self.n])[0]
            return -np.concatenate(found)

        found = integrate.solve_ivp(slope, t_span, start, self.method, **options)
        end: Array = found.y[:, -1]
        return end

    def _matrix(self, t: float, y: Array) -> Array:
        by_state, by_parameter = self.slopes(y, self.p, float(t))[0]
        left = -np.vstack([by_state.T, by_parameter.T])
        return np.hstack([left, np.zeros((left.shape[0], self.p.size))])

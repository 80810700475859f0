"""Minima, with and without bounds: where the projected gradient is 0."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import optimize

from tapec.derive.derived import Grad, Jacobian, ValueAndGrad
from tapec.scipy.closed import Closed, CompiledLater, flat, floating
from tapec.scipy.optimize.constrained import ACTIVE, METHODS, ConstrainedMinimum, Constraints
from tapec.scipy.optimize.scalar import listed, number
from tapec.scipy.registry import plain, refused, solves
from tapec.scipy.roots import Newton, solution

Array = np.ndarray[Any, Any]
_BY_VALUES = frozenset(["nelder-mead", "powell", "cobyla", "cobyqa"])
_BY_CURVATURE = frozenset(
    ["newton-cg", "dogleg", "trust-ncg", "trust-exact", "trust-krylov", "trust-constr"]
)
Objective = Callable[[Any, Sequence[Any]], Any]


class Minimum:
    """The minimum of `value(x, params)` over a vector x between `low` and `high`.

    With bounds, x - clip(x - gradient, low, high) is 0 there.
    """

    def __init__(self, value: Objective, bounds: tuple[Any, Any] | None) -> None:
        self.value, self._bounds = value, bounds
        count = 0 if bounds is None else 2
        self.ahead = 1 + count  # the start, and the bounds
        self.newton = Newton(self._condition, "conditions")

    @property
    def bounds(self) -> list[Any]:
        """The bounds as operands."""
        return [] if self._bounds is None else list(self._bounds)

    def gradient(self, x: Any, params: Sequence[Any]) -> Any:
        """The gradient of the value."""
        return Grad(lambda x: self.value(x, params), 0)(x)

    def _condition(self, x: Any, given: Sequence[Any]) -> Any:
        """What is 0 at the minimum; `given` are bounds and parameters."""
        if self._bounds is None:
            return self.gradient(x, given)
        low, high, *params = given
        return x - np.clip(x - self.gradient(x, params), low, high)

    def found(
        self,
        run: Any,
        start: Any,
        params: Sequence[Any],
        told: int,
        name: str,
        n: int | None = None,
    ) -> Any:
        """The n unknowns, and what the solver tells; there are as many as in the start."""
        n = start.size if n is None else n
        given = [start, *self.bounds, *params]
        made = solution(lambda x, p: self._condition(x, p[1:]), run, given, n, told, name)
        return made[:n], made[n:]


def vector_bounds(bounds: Any, n: int) -> tuple[Any, Any] | None:
    """Lower and upper bounds as vectors."""
    if bounds is None:
        return None
    if isinstance(bounds, optimize.Bounds):
        ends = [bounds.lb, bounds.ub]
    else:
        ends = [
            [(-np.inf, np.inf)[k] if pair[k] is None else pair[k] for pair in bounds]
            for k in (0, 1)
        ]
    return tuple(np.broadcast_to(floating(end), (n,)) for end in ends)  # type: ignore[return-value]


@solves(optimize.minimize)
def minimize(
    real: Any,
    fun: Any,
    x0: Any,
    args: Any = (),
    method: Any = None,
    jac: Any = None,
    hess: Any = None,
    hessp: Any = None,
    bounds: Any = None,
    constraints: Any = (),
    callback: Any = None,
    **options: Any,
) -> Any:
    """`scipy.optimize.minimize`, given exact derivatives."""
    if callback is not None or callable(method):
        raise refused("scipy.optimize.minimize with callback=", "leave it out")
    start = np.atleast_1d(floating(x0))
    closed = Closed(fun, [start], listed(args))

    def value(x: Any, params: Sequence[Any]) -> Any:
        found = closed([x], params)
        return number(found[0] if jac is True else found)

    if not isinstance(constraints, list | tuple) or constraints:
        return _constrained(real, closed, value, start, bounds, constraints, method, options)
    minimum = Minimum(value, vector_bounds(bounds, start.size))
    run = _Run(real, minimum, (method or "").lower(), plain(options))
    x, told = minimum.found(run, start, closed.params, 4, "minimize")
    return _result(x, value, closed.params, told)


def _result(x: Any, value: Objective, params: Sequence[Any], told: Any) -> Any:
    return optimize.OptimizeResult(
        x=x,
        fun=value(x, params),
        jac=Grad(lambda x: value(x, params), 0)(x),
        success=told[0] > 0.0,
        status=told[1].astype(int),
        nit=told[2].astype(int),
        nfev=told[3].astype(int),
        message="Optimization terminated successfully.",
    )


def _constrained(
    real: Any, closed: Closed, value: Objective, start: Any, bounds: Any, constraints: Any,
    method: Any, options: dict[str, Any],
) -> Any:  # fmt: skip
    name = (method or "").lower()
    if name not in METHODS:
        raise refused(f"scipy.optimize.minimize with constraints= and method {method!r}", ACTIVE)
    minimum = ConstrainedMinimum(
        value, Constraints(constraints, start), vector_bounds(bounds, start.size), start.size
    )
    x, told = minimum.found(
        real, start, closed.params, "trust-constr" if name == "trust-constr" else "SLSQP",
        plain(options),
    )  # fmt: skip
    return _result(x, value, closed.params, told)


class _Run:
    """SciPy's minimiser on compiled functions."""

    def __init__(self, real: Any, minimum: Minimum, method: str, options: dict[str, Any]) -> None:
        self.real, self.minimum, self.method, self.options = real, minimum, method, options

        def value(x: Any, *params: Any) -> Any:
            return minimum.value(x, params)

        self.value = CompiledLater(value, "objective")
        self.slope = CompiledLater(ValueAndGrad(value, 0), "objective.slope")
        self.curvature = CompiledLater(Jacobian(Grad(value, 0), 0, "fwd"), "objective.curvature")

    def __call__(self, x: Array, *given: Array) -> Array:
        params = given[self.minimum.ahead - 1 :]
        choices: dict[str, Any] = {"method": self.method or None}
        if self.minimum.ahead > 1:
            choices["bounds"] = optimize.Bounds(given[0], given[1])
        if self.method in _BY_VALUES:
            found = self.real(lambda x: float(self.value(x, *params)), x, **choices, **self.options)
        else:
            if self.method in _BY_CURVATURE:
                choices["hess"] = lambda x: self.curvature(x, *params)
            found = self.real(
                lambda x: self.slope(x, *params), x, jac=True, **choices, **self.options
            )
        best = self.minimum.newton(found.x, given) if found.success else found.x
        told = [found.success, found.get("status", 0), found.get("nit", 0), found.get("nfev", 0)]
        return np.array([*best, *told], float)


@solves(
    optimize.fmin_l_bfgs_b, optimize.fmin_tnc, optimize.fmin_slsqp, optimize.fmin_cobyla
)  # fmt: skip
def _by_interface(real: Any, func: Any, x0: Any, args: Any = (), **options: Any) -> Any:
    """The interfaces of single methods: what they return besides the minimum is not translated."""
    method = {"fmin_l_bfgs_b": "L-BFGS-B", "fmin_tnc": "TNC", "fmin_slsqp": "SLSQP"}
    given = {"fprime", "approx_grad", "bounds", "disp", "iprint", "messages", "cons", "rhobeg",
             "rhoend", "acc", "epsilon", "pgtol", "factr", "maxfun", "maxiter", "iter"}  # fmt: skip
    if options.keys() - given:
        raise refused(f"scipy.optimize.{real.__name__} with these options", "use minimize")
    cons = options.get("cons", ())
    constraints = [{"type": "ineq", "fun": c} for c in (cons if np.iterable(cons) else [cons])]
    gives_both = real.__name__ in ("fmin_l_bfgs_b", "fmin_tnc") and not (
        options.get("approx_grad") or options.get("fprime")
    )
    found = minimize(
        optimize.minimize, func, x0, args, method.get(real.__name__, "SLSQP"),
        gives_both or None, bounds=options.get("bounds") or None, constraints=constraints,
        tol=1e-12,
    )  # fmt: skip
    if real.__name__ == "fmin_l_bfgs_b":
        return found.x, found.fun, {"warnflag": 0, "nit": found.nit, "funcalls": found.nfev}
    return (found.x, found.nfev, 0) if real.__name__ == "fmin_tnc" else found.x


@solves(
    optimize.fmin, optimize.fmin_powell, optimize.fmin_bfgs, optimize.fmin_cg, optimize.fmin_ncg
)
def _older(real: Any, x0: Any, args: Any = (), **options: Any) -> Any:
    if options.get("full_output") or options.get("retall"):
        raise refused(f"scipy.optimize.{real.__name__} with full_output=", "use minimize")
    fun = options.get("func", options.get("f"))
    method = {"fmin": "Nelder-Mead", "fmin_powell": "Powell", "fmin_bfgs": "BFGS"}
    chosen = method.get(real.__name__, "CG")
    return minimize(optimize.minimize, fun, x0, args, chosen, tol=1e-10).x


# -- one number ------------------------------------------------------------------------------------


@solves(optimize.minimize_scalar)
def _minimize_scalar(
    real: Any,
    fun: Any,
    bracket: Any = None,
    bounds: Any = None,
    args: Any = (),
    method: Any = None,
    **options: Any,
) -> Any:
    start = 0.0 if bounds is None and bracket is None else (bounds or bracket)[0]
    closed = Closed(fun, [number(start)], listed(args))
    options = plain(options)

    def value(x: Any, params: Sequence[Any]) -> Any:
        return number(closed([x.reshape(())], params))

    minimum = Minimum(value, None if bounds is None else vector_bounds([tuple(bounds)], 1))
    compiled = CompiledLater(lambda x, *p: value(x, p), "objective")
    places = floating(np.zeros(0) if bracket is None else bracket)
    before = minimum.ahead - 1

    def run(bracket: Array, *given: Array) -> Array:
        params, choices = given[before:], dict[str, Any](method=method, **options)
        if before:
            choices["bounds"] = float(given[0][0]), float(given[1][0])
        if bracket.size:
            choices["bracket"] = tuple(map(float, bracket))
        found = real(lambda x: float(compiled(float(x), *params)), **choices)
        best = minimum.newton(np.atleast_1d(float(found.x)), given) if found.success else found.x
        return np.array([*np.ravel(best), found.success, found.nit, found.nfev], float)

    x, told = minimum.found(run, places, closed.params, 3, "minimize_scalar", 1)
    return optimize.OptimizeResult(
        x=x[0],
        fun=value(x[0], closed.params),
        success=told[0] > 0.0,
        nit=told[1].astype(int),
        nfev=told[2].astype(int),
        message="Solution found.",
    )


@solves(optimize.brent, optimize.golden)
def _in_bracket(
    real: Any, func: Any, args: Any = (), brack: Any = None, full_output: Any = False,
    **options: Any,
) -> Any:  # fmt: skip
    if full_output:
        raise refused(f"scipy.optimize.{real.__name__} with full_output=", "use minimize_scalar")
    found = _minimize_scalar(optimize.minimize_scalar, func, brack, None, args, real.__name__)
    return found.x


@solves(optimize.fminbound)
def _fminbound(
    real: Any, func: Any, x1: Any, x2: Any, args: Any = (), xtol: float = 1e-5, **options: Any
) -> Any:
    if options.get("full_output"):
        raise refused("scipy.optimize.fminbound with full_output=", "use minimize_scalar")
    found = _minimize_scalar(
        optimize.minimize_scalar, func, None, (x1, x2), args, "bounded", options={"xatol": xtol}
    )
    return found.x


__all__ = ["Minimum", "flat", "minimize", "vector_bounds"]

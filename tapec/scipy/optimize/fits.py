"""Least squares: where the gradient of the cost, projected on the bounds, is 0."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import optimize

from tapec.derive.derived import Jacobian
from tapec.scipy.closed import Closed, CompiledLater, flat, floating, known_array
from tapec.scipy.optimize.minima import Minimum, vector_bounds
from tapec.scipy.optimize.scalar import listed
from tapec.scipy.registry import plain, refused, solves, translates

Array = np.ndarray[Any, Any]
Residuals = Callable[[Any, Sequence[Any]], Any]
# rho(z) of SciPy's loss functions, where z is the square of a scaled residual.
_LOSSES: dict[str, Callable[[Any], Any]] = {
    "linear": lambda z: z,
    "soft_l1": lambda z: 2.0 * (np.sqrt(1.0 + z) - 1.0),
    "huber": lambda z: np.where(z <= 1.0, z, 2.0 * np.sqrt(np.where(z <= 1.0, 1.0, z)) - 1.0),
    "cauchy": np.log1p,
    "arctan": np.arctan,
}


class _Fit:
    """The minimum of sum rho((r / scale)^2) scale^2 / 2 over a vector x."""

    def __init__(self, residuals: Residuals, bounds: Any, loss: str, scale: float) -> None:
        self.residuals = residuals

        def cost(x: Any, params: Sequence[Any]) -> Any:
            z = np.square(residuals(x, params) / scale)
            return 0.5 * scale**2 * np.sum(_LOSSES[loss](z))

        self.minimum = Minimum(cost, bounds)
        self.value = CompiledLater(lambda x, *p: residuals(x, p), "residuals")
        self.slope = CompiledLater(
            Jacobian(lambda x, *p: residuals(x, p), 0, "auto"), "residuals.slope"
        )

    def found(self, start: Any, params: Sequence[Any], options: dict[str, Any]) -> Any:
        """The unknowns, and what the solver tells: success, status, evaluations."""

        def run(x: Array, *given: Array) -> Array:
            inner = given[self.minimum.ahead - 1 :]
            bounds = (given[0], given[1]) if self.minimum.ahead > 1 else (-np.inf, np.inf)
            found = optimize.least_squares(
                lambda x: self.value(x, *inner), x, lambda x: self.slope(x, *inner),
                bounds, **options,
            )  # fmt: skip
            best = self.minimum.newton(found.x, given) if found.success else found.x
            return np.array([*best, found.success, found.status, found.nfev], float)

        return self.minimum.found(run, start, params, 3, "least_squares")


@solves(optimize.least_squares)
def _least_squares(
    real: Any,
    fun: Any,
    x0: Any,
    jac: Any = None,
    bounds: Any = (-np.inf, np.inf),
    method: str = "trf",
    loss: Any = "linear",
    f_scale: float = 1.0,
    args: Any = (),
    kwargs: Any = None,
    **options: Any,
) -> Any:
    if callable(loss):
        raise refused("scipy.optimize.least_squares with a function for loss=", "name a loss")
    start = np.atleast_1d(floating(x0))
    keywords = kwargs or {}
    closed = Closed(lambda x, *rest: fun(x, *rest, **keywords), [start], listed(args))

    def residuals(x: Any, params: Sequence[Any]) -> Any:
        return flat(closed([x], params))

    fit = _Fit(residuals, _bounds(bounds, start.size), loss, float(f_scale))
    given = {**plain(options), "method": method, "loss": loss, "f_scale": f_scale}
    x, told = fit.found(start, closed.params, given)
    slope = Jacobian(lambda x: residuals(x, closed.params), 0, "auto")(x)
    gradient = fit.minimum.gradient(x, closed.params)
    return optimize.OptimizeResult(
        x=x,
        cost=fit.minimum.value(x, closed.params),
        fun=residuals(x, closed.params),
        jac=slope,
        grad=gradient,
        optimality=np.max(np.abs(gradient)),
        success=told[0] > 0.0,
        status=told[1].astype(int),
        nfev=told[2].astype(int),
        message="`gtol` termination condition is satisfied.",
    )


def _bounds(bounds: Any, n: int) -> Any:
    """Bounds as vectors; None where all are infinite."""
    if isinstance(bounds, optimize.Bounds):
        return vector_bounds(bounds, n)
    low, high = (floating(end) for end in bounds)
    known = [known_array(end) for end in (low, high)]
    if all(a is not None and np.all(np.isinf(a)) for a in known):
        return None
    return tuple(np.broadcast_to(end, (n,)) for end in (low, high))


# What MINPACK calls the states of least_squares, by their number.
_MINPACK = floating([5.0, 4.0, 1.0, 2.0, 3.0]).astype(int)


@solves(optimize.leastsq)
def _leastsq(real: Any, func: Any, x0: Any, args: Any = (), **options: Any) -> Any:
    if options.get("full_output"):
        raise refused("scipy.optimize.leastsq with full_output=", "use least_squares")
    found = _least_squares(real, func, x0, args=args, method="lm")
    return found.x, _MINPACK[found.status]


@solves(optimize.curve_fit)
def _curve_fit(
    real: Any,
    f: Any,
    xdata: Any,
    ydata: Any,
    p0: Any = None,
    sigma: Any = None,
    absolute_sigma: bool = False,
    bounds: Any = (-np.inf, np.inf),
    method: Any = None,
    full_output: bool = False,
    **options: Any,
) -> Any:
    if full_output:
        raise refused("scipy.optimize.curve_fit with full_output=", "use least_squares")
    start = np.atleast_1d(floating(_start(f, p0)))
    y, n = floating(ydata), start.shape[0]
    weights = None if sigma is None else floating(sigma)
    limits = _bounds(bounds, n)

    def deviations(p: Any, x: Any, y: Any, *scale: Any) -> Any:
        found = flat(f(x, *(p[k] for k in range(n)))) - np.ravel(y)
        if not scale:
            return found
        if scale[0].ndim == 1:
            return found / scale[0]
        return np.linalg.solve(np.linalg.cholesky(scale[0]), found)

    given = [xdata, y, *([] if weights is None else [weights])]
    closed = Closed(deviations, [start], given)

    def residuals(x: Any, params: Sequence[Any]) -> Any:
        return flat(closed([x], params))

    fit = _Fit(residuals, limits, "linear", 1.0)
    chosen = method or ("lm" if limits is None else "trf")
    x, _ = fit.found(start, closed.params, {"method": chosen})
    slope = Jacobian(lambda x: residuals(x, closed.params), 0, "auto")(x)
    covariance = np.linalg.inv(slope.T @ slope)
    if not absolute_sigma:
        left = residuals(x, closed.params)
        covariance = covariance * (np.sum(left * left) / (left.size - n))
    return x, covariance


def _start(f: Any, p0: Any) -> Any:
    if p0 is not None:
        return p0
    count = len(inspect.signature(f).parameters) - 1
    return np.ones(count)


# -- linear ----------------------------------------------------------------------------------------


@translates(optimize.nnls)
def _nnls(A: Any, b: Any) -> Any:
    x = _linear(A, b, (0.0, np.inf))
    return x, np.linalg.norm(floating(A) @ x - floating(b))


@translates(optimize.lsq_linear)
def _lsq_linear(A: Any, b: Any, bounds: Any = (-np.inf, np.inf)) -> Any:
    x = _linear(A, b, bounds)
    left = floating(A) @ x - floating(b)
    return optimize.OptimizeResult(x=x, cost=0.5 * np.sum(left * left), fun=left, success=True)


def _linear(A: Any, b: Any, bounds: Any) -> Any:
    """min |A x - b| between bounds, to rounding."""
    A, b = floating(A), floating(b)
    low, high = (np.broadcast_to(floating(end), (A.shape[1],)) for end in bounds)

    def cost(x: Any, params: Sequence[Any]) -> Any:
        left = params[0] @ x - params[1]
        return 0.5 * np.sum(left * left)

    minimum = Minimum(cost, (low, high))

    def run(x: Array, low: Array, high: Array, A: Array, b: Array) -> Array:
        found: Array = optimize.lsq_linear(A, b, (low, high), "bvls").x
        return found

    zero = floating(np.zeros(A.shape[1]))
    return minimum.found(run, zero, [A, b], 0, "lsq_linear")[0]

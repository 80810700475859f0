"""SciPy's optimisers, given exact derivatives of plain functions.

The functions are called as SciPy's of the same names, without `jac`, `hess` and `hessp`: those are
derived, in the form that the method takes. All other options are passed on.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy import optimize

from tapec.call.kernel import Kernel
from tapec.derive.derived import Function
from tapec.derive.transforms import hessian, hvp, jacobian, value_and_grad
from tapec.errors import UnsupportedOperation
from tapec.interop.tuning import SPARSE_FROM, SPARSE_SHARE
from tapec.interop.vectors import ConstraintVector, Curve, OneNumber, Vector, Weighted

Array = np.ndarray[Any, Any]

# What `minimize` takes by the name of the method; other methods take no derivatives.
GRADIENT = frozenset(["cg", "bfgs", "l-bfgs-b", "tnc", "slsqp"])
PRODUCTS = frozenset(["newton-cg", "trust-ncg", "trust-krylov"])
MATRIX = frozenset(["dogleg", "trust-exact"])
EITHER = "trust-constr"
OWN = "a callable"  # a solver of the user's
WITHOUT = frozenset(["nelder-mead", "powell", "cobyla", "cobyqa"])


def minimize(
    fun: Function,
    x0: Any,
    args: Sequence[Any] = (),
    method: str | Callable[..., Any] | None = None,
    *,
    bounds: Any = None,
    constraints: Any = (),
    **options: Any,
) -> Any:
    """`scipy.optimize.minimize` with the derivatives that the method takes.

    Value and gradient come from one kernel. Newton-CG, trust-ncg and trust-krylov get products with
    the Hessian, dogleg and trust-exact the Hessian, trust-constr a sparse Hessian where its pattern
    is sparse. Constraints may be `NonlinearConstraint`, `LinearConstraint` or dictionaries; those
    that are functions get their Jacobians, for trust-constr also the Hessians of their weighted
    sums, whatever `jac` and `hess` they were made with. A solver of your own as `method` is given
    `jac`, `hess` and `hessp`, and calls those it needs.

    Raises UnsupportedOperation for methods that SciPy does not have by name, and what tracing
    raises for functions that cannot be traced.

    >>> from tapec.interop import optimize

    >>> from scipy.optimize import rosen
    >>> r = optimize.minimize(rosen, np.array([1.3, 0.7, 0.8]), method="trust-ncg")
    >>> bool(r.success), r.x.round(4)
    (True, array([1., 1., 1.]))
    """
    args = args if isinstance(args, tuple) else (args,)
    start = np.asarray(x0, float)
    listed = _listed(constraints)
    name = OWN if callable(method) else (method or _default(bounds, listed)).lower()
    derived = _derivatives(fun, name, start.ravel(), args)
    suited = [_constraint(c, name, start.ravel()) for c in listed]
    return optimize.minimize(
        x0=start, args=args, method=method, bounds=bounds, constraints=suited, **derived, **options
    )


def _default(bounds: Any, constraints: Sequence[Any]) -> str:
    """The method that SciPy takes where none is named."""
    if constraints:
        return "slsqp"
    return "bfgs" if bounds is None else "l-bfgs-b"


def _listed(constraints: Any) -> list[Any]:
    one = isinstance(
        constraints, Mapping | optimize.NonlinearConstraint | optimize.LinearConstraint
    )
    return [constraints] if one else list(constraints)


def _derivatives(fun: Function, name: str, x: Array, args: Sequence[Any]) -> dict[str, Any]:
    """The objective and its derivatives as arguments of `scipy.optimize.minimize`."""
    if name in WITHOUT:
        return {"fun": fun}
    fun = fun if isinstance(fun, Kernel) else OneNumber(fun)
    both = {"fun": value_and_grad(fun), "jac": True}
    if name in GRADIENT:
        return both
    if name in PRODUCTS:
        return {**both, "hessp": hvp(fun)}
    if name in MATRIX:
        return {**both, "hess": hessian(fun)}
    if name == OWN:
        return {**both, "hess": hessian(fun), "hessp": hvp(fun)}
    if name == EITHER:
        return {**both, "hess": _second(fun, x, *args)}
    raise UnsupportedOperation(
        f"there is no method {name!r}",
        hint=f"use one of {', '.join(sorted({*GRADIENT, *PRODUCTS, *MATRIX, *WITHOUT, EITHER}))}",
    )


def is_sparse(pattern: Any) -> bool:
    """Whether a matrix of this pattern is better given as a sparse one."""
    m, n = pattern.shape
    return bool(m * n >= SPARSE_FROM and pattern.nnz <= SPARSE_SHARE * m * n)


def first(f: Function, x: Array, *args: Any, form: str = "auto") -> Any:
    """The Jacobian of a vector function, dense or sparse as its pattern is; `form` forces one."""
    if form == "dense" or (form == "auto" and x.size == 0):
        return jacobian(f)
    thin = jacobian(f, sparse=True)
    return thin if form == "sparse" or is_sparse(thin.pattern(x, *args)) else jacobian(f)


def _second(f: Function, x: Array, *args: Any) -> Any:
    thin = hessian(f, sparse=True)
    return thin if is_sparse(thin.pattern(x, *args)) else hessian(f)


def _constraint(c: Any, method: str, x: Array) -> Any:
    """A constraint with derivatives of ours."""
    if isinstance(c, optimize.LinearConstraint) or method in WITHOUT:
        return c
    if isinstance(c, Mapping):
        vector = ConstraintVector(c["fun"])
        given = tuple(c.get("args", ()))
        return {**c, "fun": Kernel(vector), "jac": first(vector, x, *given, form="dense")}
    vector = ConstraintVector(c.fun)
    value, kept = Kernel(vector), c.keep_feasible
    if method != EITHER:
        slope = first(vector, x, form="dense")
        return optimize.NonlinearConstraint(value, c.lb, c.ub, jac=slope, keep_feasible=kept)
    slope, second = first(vector, x), _second(Weighted(vector.f), x, np.zeros(value(x).size))
    return optimize.NonlinearConstraint(value, c.lb, c.ub, slope, second, keep_feasible=kept)


def least_squares(
    fun: Function,
    x0: Any,
    *,
    method: str = "trf",
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    **options: Any,
) -> Any:
    """`scipy.optimize.least_squares` with the Jacobian of the residuals.

    It is sparse where its pattern is, found in the function: nobody states `jac_sparsity`. Method
    "lm" takes dense ones. Residuals may be nested; their numbers are taken in order.

    >>> from tapec.interop import optimize

    >>> f = lambda x: np.array([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]])
    >>> optimize.least_squares(f, [-1.2, 1.0]).x.round(6)
    array([1., 1.])
    """
    vector, start = _bound(Vector(fun), kwargs), np.atleast_1d(np.asarray(x0, float))
    jac = first(vector, start, *args, form="dense" if method == "lm" else "auto")
    return optimize.least_squares(
        Kernel(vector), start, jac=jac, method=method, args=args, **options
    )


def _bound(vector: Vector, kwargs: Mapping[str, Any] | None) -> Vector:
    """The function with these keywords."""
    return Vector(lambda *args: vector.vector(*args, **kwargs)) if kwargs else vector


def root(
    fun: Function, x0: Any, args: Sequence[Any] = (), method: str = "hybr", **options: Any
) -> Any:
    """`scipy.optimize.root` with the Jacobian, for methods "hybr" and "lm"; others take none.

    >>> from tapec.interop import optimize

    >>> f = lambda x: np.array([x[0] + x[1] - 3.0, x[0] ** 2 - x[1]])
    >>> optimize.root(f, [1.0, 1.0]).x.round(6)
    array([1.302776, 1.697224])
    """
    args = args if isinstance(args, tuple) else (args,)
    vector, start = Vector(fun), np.atleast_1d(np.asarray(x0, float))
    jac = jacobian(vector) if method in ("hybr", "lm") else None
    return optimize.root(Kernel(vector), start, args=args, method=method, jac=jac, **options)


def curve_fit(f: Function, xdata: Any, ydata: Any, p0: Any = None, **options: Any) -> Any:
    """`scipy.optimize.curve_fit` of f(x, a, b, ...) with the Jacobian in the parameters a, b, ...

    Without `p0` the parameters are counted by the function's signature, and start at 1.

    >>> from tapec.interop import optimize

    >>> x = np.linspace(0.0, 1.0, 9)
    >>> f = lambda x, a, b: a * np.exp(b * x)
    >>> optimize.curve_fit(f, x, 2.0 * np.exp(-x))[0].round(6)
    array([ 2., -1.])
    """
    count = len(inspect.signature(f).parameters) - 1 if p0 is None else np.size(p0)
    start = np.ones(count) if p0 is None else np.atleast_1d(np.asarray(p0, float))
    value, slope = Kernel(Curve(f)), jacobian(Curve(f))

    def at(derivative: Callable[..., Any]) -> Callable[..., Any]:
        return lambda x, *p: derivative(np.array(p, float), x)

    return optimize.curve_fit(at(value), xdata, ydata, p0=start, jac=at(slope), **options)


__all__ = ["curve_fit", "least_squares", "minimize", "root"]

"""Roots and fixed points of functions of one number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import optimize

from tapec.derive.derived import Jacobian
from tapec.scipy.closed import Closed, CompiledLater, floating
from tapec.scipy.registry import plain, solves
from tapec.scipy.roots import solution

Array = np.ndarray[Any, Any]
# What SciPy tells of a run: iterations, calls, convergence.
TOLD = 3
Scalar = Callable[[Any, Sequence[Any]], Any]


def listed(args: Any) -> tuple[Any, ...]:
    """Further arguments of a function as SciPy takes them: one, or a tuple of them."""
    return args if isinstance(args, tuple) else (args,)


def number(x: Any) -> Any:
    """The number in a result that may be an array of one."""
    return floating(x).reshape(())


class _Equation:
    """f(x, *args) as a function of x and the parameters, which come behind `ahead` others."""

    def __init__(self, f: Any, x: Any, args: Any, ahead: int) -> None:
        self.closed, self.ahead = Closed(f, [number(x)], listed(args)), ahead

    def __call__(self, x: Any, params: Sequence[Any]) -> Any:
        found = self.closed([x], params[self.ahead :])
        return number(found[0] if isinstance(found, tuple) else found)


def _solved(equation: Scalar, run: Any, params: Sequence[Any], name: str) -> Any:
    """The root as a number, and what is told."""
    made = solution(equation, run, params, 0, TOLD, name)
    return made[0], made[1:]


def _report(root: Any, told: Any, method: str) -> Any:
    return optimize.OptimizeResult(
        root=root,
        iterations=told[0].astype(int),
        function_calls=told[1].astype(int),
        converged=told[2] > 0.0,
        flag="converged",
        method=method,
    )


def _told(found: Any) -> Array:
    return np.array([found.root, found.iterations, found.function_calls, found.converged], float)


@solves(
    optimize.brentq, optimize.brenth, optimize.bisect, optimize.ridder, optimize.toms748
)  # fmt: skip
def _bracketed(
    real: Any, f: Any, a: Any, b: Any, args: Any = (), full_output: bool = False, **options: Any
) -> Any:
    equation = _Equation(f, a, args, 2)
    value, options = (
        CompiledLater(lambda x, *p: equation.closed([x], p), "equation"),
        plain(options),
    )

    def run(a: Array, b: Array, *params: Array) -> Array:
        found = real(
            lambda x: float(value(float(x), *params)), float(a), float(b),
            full_output=True, **options,
        )[1]  # fmt: skip
        return _told(found)

    params = [number(a), number(b), *equation.closed.params]
    root, told = _solved(equation, run, params, real.__name__)
    return (root, _report(root, told, real.__name__)) if full_output else root


@solves(optimize.root_scalar)
def _root_scalar(
    real: Any,
    f: Any,
    args: Any = (),
    method: Any = None,
    bracket: Any = None,
    fprime: Any = None,
    fprime2: Any = None,
    x0: Any = None,
    x1: Any = None,
    **options: Any,
) -> Any:
    starts = list(bracket) if bracket is not None else [x for x in (x0, x1) if x is not None]
    equation = _Equation(f, starts[0], args, len(starts))
    functions = _Functions(equation)
    by_slope = _needs_slope(method, fprime, bracket, x1)
    options, ahead = plain(options), len(starts)

    def run(*given: Array) -> Array:
        first, params = [float(x) for x in given[:ahead]], given[ahead:]
        places: dict[str, Any] = {"bracket": first} if bracket is not None else {}
        if bracket is None:
            places = dict(zip(("x0", "x1"), first, strict=False))
        if by_slope:
            places["fprime"] = functions.slope(params)
        if method == "halley":
            places["fprime2"] = functions.curvature(params)
        found = real(functions.value(params), method=method, **places, **options)
        return _told(found)

    params = [*map(number, starts), *equation.closed.params]
    root, told = _solved(equation, run, params, "root_scalar")
    return _report(root, told, method or ("brentq" if bracket is not None else "newton"))


def _needs_slope(method: Any, fprime: Any, bracket: Any, x1: Any) -> bool:
    if method is None:
        return bracket is None and (bool(fprime) or x1 is None)
    return method in ("newton", "halley")


class _Functions:
    """An equation with its derivatives, as Python functions of a number."""

    def __init__(self, equation: _Equation) -> None:
        def value(x: Any, *params: Any) -> Any:
            found = equation.closed([x], params)
            return number(found[0] if isinstance(found, tuple) else found)

        slope = Jacobian(value, 0, "fwd")
        self._each = [
            CompiledLater(f, name)
            for f, name in (
                (value, "equation"),
                (slope, "equation.slope"),
                (Jacobian(slope, 0, "fwd"), "equation.curvature"),
            )
        ]

    def _of_number(self, k: int, params: Sequence[Array]) -> Callable[[Any], float]:
        f = self._each[k]
        return lambda x: float(f(float(x), *params))

    def value(self, params: Sequence[Array]) -> Callable[[Any], float]:
        """The function itself."""
        return self._of_number(0, params)

    def slope(self, params: Sequence[Array]) -> Callable[[Any], float]:
        """Its first derivative."""
        return self._of_number(1, params)

    def curvature(self, params: Sequence[Array]) -> Callable[[Any], float]:
        """Its second derivative."""
        return self._of_number(2, params)


@solves(optimize.newton)
def _newton(
    real: Any,
    func: Any,
    x0: Any,
    fprime: Any = None,
    args: Any = (),
    fprime2: Any = None,
    x1: Any = None,
    full_output: bool = False,
    **options: Any,
) -> Any:
    start = floating(x0)
    if start.ndim:
        return _each_newton(real, func, start, fprime, listed(args), options)
    starts = [x0] if x1 is None else [x0, x1]
    equation = _Equation(func, x0, args, len(starts))
    functions, options, ahead = _Functions(equation), plain(options), len(starts)

    def run(*given: Array) -> Array:
        params = given[ahead:]
        found = real(
            functions.value(params), float(given[0]),
            fprime=functions.slope(params) if fprime is not None else None,
            fprime2=functions.curvature(params) if fprime2 is not None else None,
            x1=float(given[1]) if ahead == 2 else None, full_output=True, **options,
        )[1]  # fmt: skip
        return _told(found)

    params = [*map(number, starts), *equation.closed.params]
    root, told = _solved(equation, run, params, "newton")
    return (root, _report(root, told, "newton")) if full_output else root


def _each_newton(
    real: Any, func: Any, start: Any, fprime: Any, args: tuple[Any, ...], options: dict[str, Any]
) -> Any:
    """Newton's or the secant method for many equations at once, each of one unknown."""
    closed, shape = Closed(func, [start], args), start.shape

    def equations(x: Any, params: Sequence[Any]) -> Any:
        return np.ravel(floating(closed([x.reshape(shape)], params[1:])))

    value = CompiledLater(lambda x, *p: floating(closed([x], p)), "equations")
    slope = CompiledLater(
        Jacobian(lambda x, *p: np.sum(floating(closed([x], p))), 0, "auto"), "equations.slope"
    )

    def run(x: Array, *params: Array) -> Array:
        by_slope = None if fprime is None else lambda x: slope(x, *params)
        found = real(lambda x: value(x, *params), x, fprime=by_slope, **plain(options))
        return np.ravel(found)

    return solution(
        equations, run, [start, *closed.params], start.size, 0, "newton"
    ).reshape(shape)  # fmt: skip


@solves(optimize.fixed_point)
def _fixed_point(real: Any, func: Any, x0: Any, args: Any = (), **options: Any) -> Any:
    start = floating(x0)
    shape, options = start.shape, plain(options)
    closed = Closed(func, [start], listed(args))
    value = CompiledLater(lambda x, *p: floating(closed([x], p)), "iteration")

    def equations(x: Any, params: Sequence[Any]) -> Any:
        return x - np.ravel(floating(closed([x.reshape(shape)], params[1:])))

    def run(x: Array, *params: Array) -> Array:
        return np.ravel(real(lambda x: value(np.asarray(x), *params), x, **options))

    made = solution(equations, run, [start, *closed.params], start.size, 0, "fixed_point")
    return made.reshape(shape)

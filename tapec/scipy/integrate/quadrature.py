"""Adaptive quadrature: `quad` and its like, called as they are, differentiated by Leibniz' rule.

The derivative of an integral is the integral of the derivative, found with the same care, plus
what moving ends add. So derivatives have the accuracy that is asked of values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import integrate

from tapec.derive.derived import Pullback
from tapec.scipy.calls import called
from tapec.scipy.closed import Closed, CompiledLater, flat, floating, known_array, tangent_along
from tapec.scipy.registry import plain, refused, solves
from tapec.trace.arrays.table import TABLE

Array = np.ndarray[Any, Any]
# The integrand as a vector, of a number and the parameters.
Integrand = Callable[[Any, Sequence[Any]], Any]
# The integrals of a function of a number between two ends, and an estimate of their error.
Rule = Callable[[Callable[[float], Array], float, float, int], tuple[Array, float]]


class Integral:
    """The `count` integrals of a vector of functions, between ends that may be traced."""

    def __init__(self, integrand: Integrand, rule: Rule, count: int) -> None:
        self.integrand, self.rule, self.count = integrand, rule, count
        self._compiled = CompiledLater(lambda x, *params: integrand(x, params), "integrand")

    def __call__(self, a: Any, b: Any, params: Sequence[Any]) -> Any:
        """The integrals, then the estimate of their error."""
        return called(
            self._run, [a, b, *params], self.count + 1, "quad", self._forward, self._backward
        )

    def _run(self, a: Array, b: Array, *params: Array) -> Array:
        known: dict[float, Array] = {}

        def values(x: float) -> Array:
            if x not in known:
                known[x] = np.atleast_1d(self._compiled(float(x), *params))
            return known[x]

        found, error = self.rule(values, float(a), float(b), self.count)
        return np.append(found, error)

    def _ends(self, operands: Sequence[Any]) -> tuple[Any, Any]:
        """The integrand at both ends."""
        a, b, *params = operands
        first, last = (self.integrand(x, params) for x in (a, b))
        return first, last

    def _forward(self, operands: Sequence[Any], result: Any, tangents: Sequence[Any]) -> Any:
        a, b, *params = operands
        at_a, at_b, *moving = tangents
        total = np.zeros(self.count)
        if any(t is not None for t in moving):
            total = total + self._of_tangents(a, b, params, moving)
        for x, tangent, sign in ((a, at_a, -1.0), (b, at_b, 1.0)):
            if tangent is not None:
                total = total + sign * self.integrand(x, params) * tangent
        return np.concatenate([total, np.zeros(1)])

    def _of_tangents(self, a: Any, b: Any, params: Sequence[Any], moving: Sequence[Any]) -> Any:
        n, places = len(params), [k for k, t in enumerate(moving) if t is not None]

        def integrand(x: Any, given: Sequence[Any]) -> Any:
            tangents: list[Any] = [None] * n
            for k, t in zip(places, given[n:], strict=True):
                tangents[k] = t
            return tangent_along(lambda *p: self.integrand(x, p), given[:n], tangents)

        seeds = [moving[k] for k in places]
        return Integral(integrand, self.rule, self.count)(a, b, [*params, *seeds])[:-1]

    def _backward(self, operands: Sequence[Any], result: Any, ct: Any) -> Sequence[Any]:
        a, b, *params = operands
        weights = ct[:-1]
        first, last = self._ends(operands)
        ends = [-np.sum(first * weights), np.sum(last * weights)]
        floats = [k for k, p in enumerate(params) if p.dtype.kind == "f"]
        sizes = [int(np.prod(params[k].shape, dtype=int)) for k in floats]
        if not sum(sizes):
            return ends

        def integrand(x: Any, given: Sequence[Any]) -> Any:
            *inner, weights = given
            moved = Pullback(lambda *p: self.integrand(x, _placed(inner, floats, p)))
            return flat(moved([inner[k] for k in floats], weights))

        found = Integral(integrand, self.rule, sum(sizes))(a, b, [*params, weights])
        starts = np.cumsum([0, *sizes])
        parts = [found[i : i + n] for i, n in zip(starts[:-1].tolist(), sizes, strict=True)]
        return [
            *ends,
            *(p.reshape(params[k].shape) for k, p in zip(floats, parts, strict=True)),
        ]


def _placed(params: Sequence[Any], places: Sequence[int], values: Sequence[Any]) -> list[Any]:
    made = list(params)
    for k, value in zip(places, values, strict=True):
        made[k] = value
    return made


def _listed(args: Any) -> tuple[Any, ...]:
    return args if isinstance(args, tuple) else (args,)


def _inside(a: Any, b: Any) -> Any:
    """A point at which the integrand may be looked at."""
    known = [known_array(floating(x)) for x in (a, b)]
    finite = [float(x) for x in known if x is not None and np.isfinite(x)]
    return 0.5 * sum(finite) if len(finite) == 2 else finite[0] + 1.0 if finite else 0.5


@solves(integrate.quad)
def quad(
    real: Any,
    func: Any,
    a: Any,
    b: Any,
    args: Any = (),
    full_output: Any = 0,
    complex_func: bool = False,
    **options: Any,
) -> Any:
    """`scipy.integrate.quad`: the integral and the estimate of its error."""
    if full_output or complex_func or options.get("weight") is not None:
        asked = "full_output=" if full_output else "complex_func= or weight="
        raise refused(f"scipy.integrate.quad with {asked}", "integrate the plain real function")
    closed, options = Closed(func, [_inside(a, b)], _listed(args)), plain(options)

    def rule(values: Any, a: float, b: float, count: int) -> tuple[Array, float]:
        found = [
            integrate.quad(lambda x, k=k: float(values(x)[k]), a, b, **options)[:2]
            for k in range(count)
        ]
        return np.array([f[0] for f in found]), max(f[1] for f in found)

    integral = Integral(lambda x, params: flat(closed([x], params)), rule, 1)
    made = integral(floating(a), floating(b), closed.params)
    return made[0], made[1]


@solves(integrate.quad_vec)
def _quad_vec(
    real: Any, f: Any, a: Any, b: Any, args: Any = (), full_output: bool = False, **options: Any
) -> Any:
    if full_output:
        raise refused("scipy.integrate.quad_vec with full_output=", "leave it out")
    start = floating(_inside(a, b))
    closed, options = Closed(f, [start], _listed(args)), plain(options)
    shape = TABLE["shape"](floating(closed([start], closed.params)))
    options.pop("workers", None)

    def rule(values: Any, a: float, b: float, count: int) -> tuple[Array, float]:
        found, error = integrate.quad_vec(values, a, b, **options)[:2]
        return found, float(error)

    count = int(np.prod(shape, dtype=int))
    integral = Integral(lambda x, params: flat(closed([x], params)), rule, count)
    made = integral(floating(a), floating(b), closed.params)
    return made[:-1].reshape(shape), made[-1]


# -- several variables -----------------------------------------------------------------------------


def _end(end: Any, *at: Any) -> Any:
    return end(*at) if callable(end) else end


@solves(integrate.dblquad)
def _dblquad(
    real: Any, func: Any, a: Any, b: Any, gfun: Any, hfun: Any, args: Any = (), **options: Any
) -> Any:
    def inner(x: Any, *rest: Any) -> Any:
        low, high = _end(gfun, x), _end(hfun, x)
        return quad(integrate.quad, lambda y, *r: func(y, x, *r), low, high, rest, **options)[0]

    return quad(integrate.quad, inner, a, b, _listed(args), **options)


@solves(integrate.tplquad)
def _tplquad(
    real: Any,
    func: Any,
    a: Any,
    b: Any,
    gfun: Any,
    hfun: Any,
    qfun: Any,
    rfun: Any,
    args: Any = (),
    **options: Any,
) -> Any:
    def inner(x: Any, *rest: Any) -> Any:
        return _dblquad(
            real, lambda z, y, *r: func(z, y, x, *r), _end(gfun, x), _end(hfun, x),
            lambda y: _end(qfun, x, y), lambda y: _end(rfun, x, y), rest, **options,
        )[0]  # fmt: skip

    return quad(integrate.quad, inner, a, b, _listed(args), **options)


@solves(integrate.nquad)
def _nquad(
    real: Any, func: Any, ranges: Any, args: Any = (), opts: Any = None, full_output: bool = False
) -> Any:
    if opts is not None or full_output:
        raise refused("scipy.integrate.nquad with opts= or full_output=", "leave them out")
    extra = _listed(args)

    def over(known: tuple[Any, ...]) -> Any:
        left = len(ranges) - len(known)
        if not left:
            return func(*known, *extra)
        ends = ranges[left - 1]
        low, high = ends(*known, *extra) if callable(ends) else ends
        integrand = lambda x: over((x, *known))  # noqa: E731
        made = quad(integrate.quad, integrand, low, high)
        return made if not known else made[0]

    return over(())

"""Log-densities of scipy.stats distributions, standardised: logpdf((x - loc) / scale) - log scale.

Formulas are those of scipy.stats' documentation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tapec.trace.arrays.dispatch import eager
from tapec.trace.arrays.operands import any_symbolic, as_array, as_tracer, run
from tapec.trace.arrays.table import TABLE
from tapec.trace.numpy.select import where


def _inside(z: Any, formula: Callable[[Any], Any], low: float, high: float = math.inf) -> Any:
    """`formula` on the support, minus infinity outside and at infinity; derivatives there are 0."""
    holds = (z >= low) & (z <= high) & TABLE["isfinite"](z)
    safe = where(holds, z, 0.5)
    return where(TABLE["isnan"](z), z, where(holds, formula(safe), -math.inf))


def _log1p_square(w: Any) -> Any:
    """log(1 + w^2), also where w^2 overflows."""
    size = TABLE["absolute"](w)
    huge = size > 1e10
    near = TABLE["log1p"](TABLE["square"](where(huge, 0.0, w)))
    return where(huge, 2.0 * _log(where(huge, size, 1.0)), near)


def _logistic(z: Any) -> Any:
    return _inside(z, lambda v: -v - 2 * TABLE["logaddexp"](0.0, -v), -math.inf)


def _gamma(z: Any, a: Any) -> Any:
    constant = TABLE["gammaln"](a)
    return _inside(z, lambda v: TABLE["xlogy"](a - 1.0, v) - v - constant, 0.0)


def _beta(z: Any, a: Any, b: Any) -> Any:
    constant = TABLE["betaln"](a, b)

    def density(v: Any) -> Any:
        return TABLE["xlogy"](a - 1.0, v) + TABLE["xlog1py"](b - 1.0, -v) - constant

    return _inside(z, density, 0.0, 1.0)


def _t(z: Any, df: Any) -> Any:
    constant = -TABLE["betaln"](0.5 * df, 0.5) - 0.5 * _log(df)
    return constant - 0.5 * (df + 1.0) * _log1p_square(z / TABLE["sqrt"](df))


def _log(x: Any) -> Any:
    return TABLE["log"](x)


_LOGPDF: dict[str, Callable[..., Any]] = {
    "norm_gen": lambda z: -0.5 * z * z - 0.5 * math.log(2 * math.pi),
    "laplace_gen": lambda z: -TABLE["absolute"](z) - math.log(2.0),
    "cauchy_gen": lambda z: -math.log(math.pi) - _log1p_square(z),
    "logistic_gen": _logistic,
    "expon_gen": lambda z: _inside(z, lambda v: -v, 0.0),
    "gamma_gen": _gamma,
    "beta_gen": _beta,
    "t_gen": _t,
}


class Distribution:
    """A scipy.stats distribution whose densities take traced values."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self._logpdf = _LOGPDF[type(real).__name__]

    def logpdf(self, x: Any, *shapes: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        """Logarithm of the density."""
        x = as_array(x)
        count = self._real.numargs
        shapes, rest = shapes[:count], shapes[count:]
        loc, scale = (*rest, loc, scale)[:2] if len(rest) != 1 else (rest[0], scale)
        if not any_symbolic([x, shapes, loc, scale]):
            return eager(self._real.logpdf, (x, *shapes), {"loc": loc, "scale": scale})
        made = self._logpdf((x - loc) / scale, *shapes) - _log(scale)
        for size in (scale, *shapes):
            made = where(TABLE["greater"](size, 0), made, math.nan)
        return made

    def pdf(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """The density."""
        if self._real.name == "norm" and any_symbolic([x, args, kwargs]):
            return _normal_density(x, *args, **kwargs)
        return TABLE["exp"](self.logpdf(x, *args, **kwargs))

    def __call__(self, *args: Any, **kwargs: Any) -> Frozen:
        """The distribution with these parameters."""
        return Frozen(self, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._real, name)
        if self._real.name == "norm" and name in _NORMAL:
            return _normal(member, TABLE[_NORMAL[name]])
        return member


def _normal_density(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Not by the logarithm, which loses x^2 units in the last place."""
    z = (as_array(x) - loc) / scale
    made: Any = run("gauss", as_tracer(z), factor=0.5)
    made = made / (scale * math.sqrt(2 * math.pi))
    return where(TABLE["greater"](scale, 0), made, math.nan)


class Frozen:
    """A distribution with parameters, some of them traced."""

    def __init__(self, of: Distribution, args: Any, kwargs: Any) -> None:
        self._of, self._args, self._kwargs = of, args, kwargs

    def __getattr__(self, name: str) -> Any:
        if name not in _OF_POINTS:  # moments and the like, of known parameters
            return getattr(self._of._real(*self._args, **self._kwargs), name)
        member = getattr(self._of, name)
        return lambda x: member(x, *self._args, **self._kwargs)


_OF_POINTS = frozenset(["pdf", "logpdf", "cdf", "logcdf"])
_NORMAL = {"cdf": "ndtr", "logcdf": "log_ndtr"}


def _normal(real: Any, translation: Any) -> Any:
    def function(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        if not any_symbolic([x, loc, scale]):
            return eager(real, (x, loc, scale), {})
        return translation((as_array(x) - loc) / scale)

    return function


def has_density(thing: Any) -> bool:
    """Whether this is a distribution of scipy.stats known here."""
    cls = type(thing)
    return cls.__module__.startswith("scipy.stats") and cls.__name__ in _LOGPDF

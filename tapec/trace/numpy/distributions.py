"""Distributions of scipy.stats whose functions take traced values, parameters included.

SciPy sorts points by masks, calls `_logpdf` and its kin on those inside the support, and places the
results. Here all points are computed, those outside from a point inside, and chosen afterwards, so
that everything is one loop and derivatives outside are 0. The private functions are those of the
tables `continuous` and `discrete`, or else SciPy's own code, followed.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.errors import TapecError, UnsupportedOperation
from tapec.trace.arrays.dispatch import eager
from tapec.trace.arrays.operands import any_symbolic, as_array, unwrap
from tapec.trace.arrays.session import where as user_line
from tapec.trace.arrays.table import TABLE
from tapec.trace.numpy.continuous import CONTINUOUS
from tapec.trace.numpy.discrete import DISCRETE
from tapec.trace.numpy.select import where
from tapec.trace.tuning import MANY_TERMS

# What a distribution is followed by: from a method of SciPy's object to one that takes tracers.
Follow = Callable[[Any, Any], Any]
_RULES = {**CONTINUOUS, **DISCRETE}
# Public functions with rules.
_OF_POINTS = frozenset([
    "pdf", "logpdf", "pmf", "logpmf", "cdf", "logcdf", "sf", "logsf", "ppf", "isf", "mean", "var",
    "std", "median", "entropy", "interval", "support",
])  # fmt: skip


def is_distribution(thing: Any) -> bool:
    """Whether this is a distribution of numbers in SciPy's sense, of the user's classes too."""
    return _has_base(type(thing), "rv_continuous", "rv_discrete")


def is_frozen(thing: Any) -> bool:
    """Whether this is a distribution with parameters."""
    return _has_base(type(thing), "rv_frozen")


def _has_base(cls: type, *names: str) -> bool:
    return any(c.__name__ in names and c.__module__.startswith("scipy.stats") for c in cls.__mro__)


class Distribution:
    """A distribution; `follow` makes SciPy's methods take traced values."""

    def __init__(self, real: Any, follow: Follow) -> None:
        self._real, self._follow = real, follow
        self._rules = _RULES.get(type(real).__name__, {})
        self._discrete = _has_base(type(real), "rv_discrete")

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """That of the object it stands for: `super()` in methods of it asks."""
        return type(self._real)

    def __call__(self, *args: Any, **kwargs: Any) -> Frozen:
        """The distribution with these parameters."""
        return Frozen(self, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        if name in self._rules:
            return self._rules[name] or functools.partial(_DEFAULTS[name], self)
        if name in _OF_POINTS:
            return _Public(self, name)
        real = getattr(self._real, name)
        if name in _DEFAULTS and _of_base(real):
            return functools.partial(_DEFAULTS[name], self)
        if name.startswith("_") and callable(real):
            return self._follow(real, self)
        return _untraced(real, f"scipy.stats.{self._real.name}.{name}") if callable(real) else real

    def _parameters(self, args: Any, kwargs: Any) -> tuple[tuple[Any, ...], Any, Any]:
        """Shapes, loc and scale, as SciPy reads them."""
        names = [*(self._real.shapes or "").replace(" ", "").split(","), "loc"]
        names = [n for n in names if n] + ([] if self._discrete else ["scale"])
        given = dict(zip(names, args, strict=False))
        if len(args) > len(names) or given.keys() & kwargs.keys() or kwargs.keys() - set(names):
            raise TypeError(f"{self._real.name}: parameters are {', '.join(names)}")
        given |= kwargs
        missing = [n for n in names if n not in given and n not in ("loc", "scale")]
        if missing:
            raise TypeError(f"{self._real.name}: missing {', '.join(missing)}")
        shapes = tuple(as_array(given[n]) for n in names if n not in ("loc", "scale"))
        return shapes, as_array(given.get("loc", 0)), as_array(given.get("scale", 1))


def _of_base(method: Any) -> bool:
    """Whether it is the method of all distributions, which the class has not its own of."""
    return getattr(method, "__qualname__", "").startswith(("rv_generic.", "rv_continuous.", "rv_d"))


def _log(x: Any, rest: Any) -> Any:
    """Of a probability, which may be 0; from the rest of it where that is smaller."""
    some = x > 0
    near = rest < 0.5
    made = where(near, np.log1p(-where(near, rest, 0.5)), np.log(where(some, x, 1.0)))
    return where(some, made, -math.inf)


def _total(of: Distribution, k: Any, shapes: Any) -> Any:
    """The distribution function of few numbers, as a sum."""
    low, high = (unwrap(e) if not any_symbolic(e) else math.nan for e in _support(of, shapes))
    if (
        not of._discrete
        or not np.all(np.isfinite([low, high]))
        or np.ndim(low)
        or high - low > MANY_TERMS
    ):
        raise UnsupportedOperation(
            "the distribution function has no closed form",
            hint="sum or integrate the density, over a support that is known while tracing",
        )
    points = np.arange(low, high + 1.0)
    given = [as_array(s)[..., None] if np.ndim(s) else s for s in shapes]
    probabilities = of._pmf(as_array(points), *given)
    return np.sum(where(points <= as_array(k)[..., None], probabilities, 0.0), axis=-1)


def _no_quantile(of: Distribution, *operands: Any) -> Any:
    raise UnsupportedOperation(
        "quantiles have no closed form",
        hint="solve cdf(x) = q with tapec.implicit",
    )


_DEFAULTS: dict[str, Callable[..., Any]] = {
    "_logcdf": lambda of, x, *shapes: _log(of._cdf(x, *shapes), of._sf(x, *shapes)),
    "_logsf": lambda of, x, *shapes: _log(of._sf(x, *shapes), of._cdf(x, *shapes)),
    "_logpdf": lambda of, x, *shapes: np.log(of._pdf(x, *shapes)),
    "_logpmf": lambda of, x, *shapes: np.log(of._pmf(x, *shapes)),
    "_ppf": _no_quantile,
    "_cdf": lambda of, x, *shapes: _total(of, x, shapes),
    "_pdf": lambda of, x, *shapes: np.exp(of._logpdf(x, *shapes)),
    "_pmf": lambda of, x, *shapes: np.exp(of._logpmf(x, *shapes)),
    "_sf": lambda of, x, *shapes: 1.0 - of._cdf(x, *shapes),
    "_isf": lambda of, q, *shapes: of._ppf(1.0 - q, *shapes),
}


def _untraced(real: Any, name: str) -> Any:
    """SciPy's own method of values that are known; of others it is refused."""

    def method(*args: Any, **kwargs: Any) -> Any:
        if any_symbolic((args, kwargs)):
            raise UnsupportedOperation(
                f"{name} has no translation for traced values",
                where=user_line(),
                hint="call it outside, or write it with logpdf, cdf and ppf",
            )
        return eager(real, args, kwargs)

    return method


class Frozen:
    """A distribution with parameters, some of them traced."""

    def __init__(self, of: Distribution, args: Any, kwargs: Any) -> None:
        self.dist, self.args, self.kwds = of, args, kwargs

    def __getattr__(self, name: str) -> Any:
        member = getattr(self.dist, name)
        if name in ("_real", "_rules"):
            return member
        if not callable(member):
            return member
        return lambda *x, **rest: member(*x, *self.args, **self.kwds, **rest)


class _Public:
    """A public function of a distribution, of points and parameters."""

    def __init__(self, of: Distribution, name: str) -> None:
        self._of, self._name = of, name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        real = getattr(self._of._real, self._name)
        if not any_symbolic((args, kwargs)):
            return eager(
                real, tuple(unwrap(a) for a in args), {k: unwrap(v) for k, v in kwargs.items()}
            )
        rule = (_DISCRETE if self._of._discrete else _CONTINUOUS).get(self._name)
        if rule is None:
            raise AttributeError(f"{self._of._real.name} has no {self._name}")
        try:
            return rule(self._of, args, kwargs)
        except TapecError as error:
            title = f"scipy.stats.{self._of._real.name}.{self._name}"
            if title in error.message:
                raise
            raise type(error)(
                f"{title}: {error.message}", where=user_line(), hint=error.hint
            ) from None


# --- what points are inside ----------------------------------------------------------------------


def _support(of: Distribution, shapes: Any) -> tuple[Any, Any]:
    low, high = of._get_support(*shapes)
    return as_array(low), as_array(high)


def _valid(of: Distribution, shapes: Any, scale: Any) -> Any:
    """Whether parameters are those of a distribution."""
    holds = of._argcheck(*shapes)
    return TABLE["logical_and"](holds, TABLE["greater"](scale, 0))


def _interior(low: Any, high: Any, discrete: bool) -> Any:
    """A point inside, for those outside."""
    if discrete:
        return where(low > -math.inf, low, 0.0)
    below = where(low > -math.inf, low + 0.5, where(high < math.inf, high - 0.5, 0.5))
    between = (low > -math.inf) & (high < math.inf)
    return where(between, 0.5 * (where(between, low, 0.0) + where(between, high, 1.0)), below)


def _chosen(valid: Any, unknown: Any, pairs: list[tuple[Any, Any]], other: Any) -> Any:
    """NaN for parameters of none and for NaN; the first value that holds, else the other."""
    made = other
    for condition, value in reversed(pairs):
        made = where(condition, value, made)
    return where(TABLE["logical_and"](valid, TABLE["logical_not"](unknown)), made, math.nan)


def _split(of: Distribution, args: Any, kwargs: Any) -> tuple[Any, ...]:
    """The point, which is called x, k or q, shapes, loc and scale."""
    if not args:
        name = next(n for n in ("x", "k", "q") if n in kwargs)
        args = (kwargs.pop(name),)
    shapes, loc, scale = of._parameters(tuple(args[1:]), kwargs)
    return as_array(args[0]), shapes, loc, scale


def _density(private: str, outside: float, scaled: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def rule(of: Distribution, args: Any, kwargs: Any) -> Any:
        x, shapes, loc, scale = _split(of, args, dict(kwargs))
        z = (x - loc) / scale
        low, high = _support(of, shapes)
        holds = (z >= low) & (z <= high) & TABLE["isfinite"](z)
        if of._discrete:
            holds = holds & TABLE["equal"](TABLE["floor"](z), z)
        z_safe = where(holds, z, _interior(low, high, of._discrete))
        made = scaled(getattr(of, private)(z_safe, *shapes), scale)
        return _chosen(_valid(of, shapes, scale), TABLE["isnan"](z), [(holds, made)], outside)

    return rule


def _cumulative(private: str, below: float, above: float) -> Callable[..., Any]:
    def rule(of: Distribution, args: Any, kwargs: Any) -> Any:
        x, shapes, loc, scale = _split(of, args, dict(kwargs))
        z = (x - loc) / scale
        low, high = _support(of, shapes)
        z = TABLE["floor"](z) if of._discrete else z
        holds = (z >= low if of._discrete else z > low) & (z < high)
        z_safe = where(holds, z, _interior(low, high, of._discrete))
        made = getattr(of, private)(z_safe, *shapes)
        pairs = [(holds, made), (z >= high, above)]
        return _chosen(_valid(of, shapes, scale), TABLE["isnan"](z), pairs, below)

    return rule


def _quantile(private: str, upper: bool) -> Callable[..., Any]:
    def rule(of: Distribution, args: Any, kwargs: Any) -> Any:
        q, shapes, loc, scale = _split(of, args, dict(kwargs))
        low, high = _support(of, shapes)
        low = low - 1 if of._discrete else low
        holds = (q > 0) & (q < 1)
        made = getattr(of, private)(where(holds, q, 0.5), *shapes) * scale + loc
        ends = (high, low) if upper else (low, high)
        first, last = (_moved(end, loc, scale) for end in ends)
        pairs = [(holds, made), (TABLE["equal"](q, 0), first), (TABLE["equal"](q, 1), last)]
        return _chosen(_valid(of, shapes, scale), TABLE["isnan"](q), pairs, math.nan)

    return rule


def _moved(end: Any, loc: Any, scale: Any) -> Any:
    """An end of the support, which may be infinite, where the distribution has it."""
    finite = TABLE["isfinite"](end)
    return where(finite, where(finite, end, 0.0) * scale + loc, end * 1.0)


# --- of parameters alone -------------------------------------------------------------------------


def _moment(number: int, of_scale: Callable[[Any, Any, Any], Any]) -> Callable[..., Any]:
    def rule(of: Distribution, args: Any, kwargs: Any) -> Any:
        shapes, loc, scale = of._parameters(tuple(args), dict(kwargs))
        found = of._stats(*shapes)[number]
        if found is None:
            found = _raw(of, number + 1, shapes)
        return where(_valid(of, shapes, scale), of_scale(as_array(found), loc, scale), math.nan)

    return rule


def _raw(of: Distribution, order: int, shapes: Any) -> Any:
    if order == 1:
        return of._munp(1, *shapes)
    first = of._munp(1, *shapes)
    return of._munp(2, *shapes) - first * first


def _entropy(of: Distribution, args: Any, kwargs: Any) -> Any:
    shapes, _, scale = of._parameters(tuple(args), dict(kwargs))
    found = as_array(of._entropy(*shapes)) + TABLE["log"](scale)
    return where(_valid(of, shapes, scale), found, math.nan)


def _median(of: Distribution, args: Any, kwargs: Any) -> Any:
    return of.ppf(0.5, *args, **kwargs)


def _interval(of: Distribution, args: Any, kwargs: Any) -> Any:
    kwargs = dict(kwargs)
    confidence, *rest = args if args else (kwargs.pop("confidence"),)
    tails = (0.5 * (1 - confidence), 0.5 * (1 + confidence))
    return tuple(of.ppf(q, *rest, **kwargs) for q in tails)


def _ends(of: Distribution, args: Any, kwargs: Any) -> Any:
    shapes, loc, scale = of._parameters(tuple(args), dict(kwargs))
    valid = _valid(of, shapes, scale)
    return tuple(where(valid, _moved(e, loc, scale), math.nan) for e in _support(of, shapes))


def _log_less(made: Any, scale: Any) -> Any:
    return made - TABLE["log"](scale)


def _same(made: Any, scale: Any) -> Any:
    return made


_COMMON: dict[str, Callable[..., Any]] = {
    "cdf": _cumulative("_cdf", 0.0, 1.0),
    "logcdf": _cumulative("_logcdf", -math.inf, 0.0),
    "sf": _cumulative("_sf", 1.0, 0.0),
    "logsf": _cumulative("_logsf", 0.0, -math.inf),
    "ppf": _quantile("_ppf", upper=False),
    "isf": _quantile("_isf", upper=True),
    "mean": _moment(0, lambda found, loc, scale: found * scale + loc),
    "var": _moment(1, lambda found, loc, scale: found * scale * scale),
    "std": _moment(1, lambda found, loc, scale: np.sqrt(found) * scale),
    "median": _median,
    "interval": _interval,
    "support": _ends,
    "entropy": _entropy,
}
_CONTINUOUS: dict[str, Callable[..., Any]] = {
    **_COMMON,
    "pdf": _density("_pdf", 0.0, operator.truediv),
    "logpdf": _density("_logpdf", -math.inf, _log_less),
}
_DISCRETE: dict[str, Callable[..., Any]] = {
    **_COMMON,
    "pmf": _density("_pmf", 0.0, _same),
    "logpmf": _density("_logpmf", -math.inf, _same),
}

"""Distributions of scipy.stats whose functions take traced values, parameters included.

SciPy sorts points by masks, calls `_logpdf` and its kin on those inside the support, and places the
results. Here all points are computed, those outside from a point inside, and chosen afterwards, so
that everything is one loop and derivatives outside are 0. The private functions are those of the
tables `continuous` and `discrete`, or else SciPy's own code, followed.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.errors import TapecError, UnsupportedOperation
from tapec.trace.arrays.dispatch import eager
from tapec.trace.arrays.operands import any_symbolic, as_array, unwrap
from tapec.trace.arrays.session import Restart
from tapec.trace.arrays.session import where as user_line
from tapec.trace.numpy.continuous import CONTINUOUS
from tapec.trace.numpy.continuous_integrals import INTEGRALS
from tapec.trace.numpy.discrete import DISCRETE
from tapec.trace.numpy.distribution_fits import FITS, refuse_untranslated
from tapec.trace.numpy.distribution_rules import OF_CONTINUOUS, OF_DISCRETE, support_of
from tapec.trace.numpy.quantile_search import found_count, found_number
from tapec.trace.numpy.select import where
from tapec.trace.tuning import MANY_TERMS

# What a distribution is followed by: from a method of SciPy's object to one that takes tracers.
Follow = Callable[[Any, Any], Any]
_RULES = {**CONTINUOUS, **INTEGRALS, **DISCRETE}
# Public functions with rules.
_OF_POINTS = frozenset([
    "pdf", "logpdf", "pmf", "logpmf", "cdf", "logcdf", "sf", "logsf", "ppf", "isf", "mean", "var",
    "std", "stats", "median", "entropy", "interval", "support",
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
        if name == "fit" and self._real.name in FITS:
            return FITS[self._real.name]
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
    low, high = (unwrap(e) if not any_symbolic(e) else math.nan for e in support_of(of, shapes))
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


def _found(of: Distribution, q: Any, shapes: Any, upper: bool) -> Any:
    """A quantile of a distribution that has no formula for it."""
    search = found_count if of._discrete else found_number
    return search(of, q, support_of(of, shapes), shapes, upper)


def _unknown(what: str, hint: str) -> Callable[..., Any]:
    def refuse(of: Distribution, *operands: Any) -> Any:
        raise UnsupportedOperation(f"{what} has no closed form", hint=hint)

    return refuse


_DEFAULTS: dict[str, Callable[..., Any]] = {
    "_munp": _unknown("the moment", "integrate x times the density, or the quantiles"),
    "_entropy": _unknown("the entropy", "integrate -pdf(x) * logpdf(x)"),
    "_logcdf": lambda of, x, *shapes: _log(of._cdf(x, *shapes), of._sf(x, *shapes)),
    "_logsf": lambda of, x, *shapes: _log(of._sf(x, *shapes), of._cdf(x, *shapes)),
    "_logpdf": lambda of, x, *shapes: np.log(of._pdf(x, *shapes)),
    "_logpmf": lambda of, x, *shapes: np.log(of._pmf(x, *shapes)),
    "_ppf": lambda of, q, *shapes: _found(of, q, shapes, upper=False),
    "_cdf": lambda of, x, *shapes: _total(of, x, shapes),
    "_pdf": lambda of, x, *shapes: np.exp(of._logpdf(x, *shapes)),
    "_pmf": lambda of, x, *shapes: np.exp(of._logpmf(x, *shapes)),
    "_sf": lambda of, x, *shapes: 1.0 - of._cdf(x, *shapes),
    "_isf": lambda of, q, *shapes: _found(of, q, shapes, upper=True),
}


_INSTEAD = {
    "fit": "scipy.optimize.minimize of -np.sum(logpdf(data, ...)) is translated; norm, expon and "
    "laplace have fit",
    "nnlf": "it is -np.sum(logpdf(data, ...))",
    "expect": "scipy.integrate.quad(lambda x: f(x) * pdf(x, ...), low, high)[0] is translated",
    "rvs": "move numbers that are drawn without parameters: loc + scale * rng.standard_normal(n), "
    "or ppf(rng.random(n), ...)",
}


def _untraced(real: Any, name: str) -> Any:
    """SciPy's own method of values that are known; of others it is refused."""

    def method(*args: Any, **kwargs: Any) -> Any:
        if any_symbolic((args, kwargs)):
            raise UnsupportedOperation(
                f"{name} has no translation for traced values",
                where=user_line(),
                hint=_INSTEAD.get(name.split(".")[-1], "write it with logpdf, cdf and ppf"),
            )
        return eager(real, args, kwargs)

    return method


class Frozen:
    """A distribution with parameters, some of them traced."""

    def __init__(self, of: Distribution, args: Any, kwargs: Any) -> None:
        self.dist, self.args, self.kwds = of, args, kwargs

    def stats(self, moments: str = "mv") -> Any:
        """Mean, variance, skewness and kurtosis, those that are asked for."""
        return self.dist.stats(*self.args, **self.kwds, moments=moments)

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
        rule = (OF_DISCRETE if self._of._discrete else OF_CONTINUOUS).get(self._name)
        if rule is None:
            raise AttributeError(f"{self._of._real.name} has no {self._name}")
        refuse_untranslated(self._of, self._name, args, kwargs)
        try:
            return rule(self._of, args, kwargs)
        except Restart:
            raise
        except TapecError as error:
            title = f"scipy.stats.{self._of._real.name}.{self._name}"
            if title in error.message:
                raise
            raise type(error)(
                f"{title}: {error.message}", where=user_line(), hint=error.hint
            ) from None

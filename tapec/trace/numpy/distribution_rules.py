"""Public functions of distributions, from their private ones: where points are, loc and scale.

A rule gets a distribution (see `distributions`) and the arguments of the call.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.errors import UnsupportedOperation
from tapec.trace.arrays.operands import as_array
from tapec.trace.arrays.table import TABLE
from tapec.trace.numpy.select import where

# --- what points are inside ----------------------------------------------------------------------


def support_of(of: Any, shapes: Any) -> tuple[Any, Any]:
    """The ends of the support of the standard distribution."""
    low, high = of._get_support(*shapes)
    return as_array(low), as_array(high)


def _valid(of: Any, shapes: Any, scale: Any) -> Any:
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


def _split(of: Any, args: Any, kwargs: Any) -> tuple[Any, ...]:
    """The point, which is called x, k or q, shapes, loc and scale."""
    if not args:
        name = next(n for n in ("x", "k", "q") if n in kwargs)
        args = (kwargs.pop(name),)
    shapes, loc, scale = of._parameters(tuple(args[1:]), kwargs)
    return as_array(args[0]), shapes, loc, scale


def _density(private: str, outside: float, scaled: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def rule(of: Any, args: Any, kwargs: Any) -> Any:
        x, shapes, loc, scale = _split(of, args, dict(kwargs))
        z = (x - loc) / scale
        low, high = support_of(of, shapes)
        holds = (z >= low) & (z <= high) & TABLE["isfinite"](z)
        if of._discrete:
            holds = holds & TABLE["equal"](TABLE["floor"](z), z)
        z_safe = where(holds, z, _interior(low, high, of._discrete))
        made = scaled(getattr(of, private)(z_safe, *shapes), scale)
        return _chosen(_valid(of, shapes, scale), TABLE["isnan"](z), [(holds, made)], outside)

    return rule


def _cumulative(private: str, below: float, above: float) -> Callable[..., Any]:
    def rule(of: Any, args: Any, kwargs: Any) -> Any:
        x, shapes, loc, scale = _split(of, args, dict(kwargs))
        z = (x - loc) / scale
        low, high = support_of(of, shapes)
        z = TABLE["floor"](z) if of._discrete else z
        holds = (z >= low if of._discrete else z > low) & (z < high)
        z_safe = where(holds, z, _interior(low, high, of._discrete))
        made = getattr(of, private)(z_safe, *shapes)
        pairs = [(holds, made), (z >= high, above)]
        return _chosen(_valid(of, shapes, scale), TABLE["isnan"](z), pairs, below)

    return rule


def _quantile(private: str, upper: bool) -> Callable[..., Any]:
    def rule(of: Any, args: Any, kwargs: Any) -> Any:
        q, shapes, loc, scale = _split(of, args, dict(kwargs))
        low, high = support_of(of, shapes)
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
    def rule(of: Any, args: Any, kwargs: Any) -> Any:
        shapes, loc, scale = of._parameters(tuple(args), dict(kwargs))
        found = of._stats(*shapes)[number]
        if found is None:
            found = _raw(of, number + 1, shapes)
        return where(_valid(of, shapes, scale), of_scale(as_array(found), loc, scale), math.nan)

    return rule


def _raw(of: Any, order: int, shapes: Any) -> Any:
    if order == 1:
        return of._munp(1, *shapes)
    first = of._munp(1, *shapes)
    return of._munp(2, *shapes) - first * first


def _third(of: Any, shapes: Any, number: int, name: str) -> Any:
    found = of._stats(*shapes)[number]
    if found is None:
        raise UnsupportedOperation(
            f"stats with moments={name!r} has no formula",
            hint="its mean and variance have: moments='mv'",
        )
    return as_array(found)


def _stats(of: Any, args: Any, kwargs: Any) -> Any:
    """Mean, variance, skewness and kurtosis, those that are asked for."""
    kwargs = dict(kwargs)
    moments = kwargs.pop("moments", "mv")
    shapes, _, scale = of._parameters(tuple(args), kwargs)
    valid = _valid(of, shapes, scale)
    made: list[Any] = []
    for k, name in enumerate("mvsk"):
        if name not in moments:
            continue
        if name in "mv":
            made.append(_COMMON["mean" if name == "m" else "var"](of, args, kwargs))
        else:
            made.append(where(valid, _third(of, shapes, k, name), math.nan))
    return made[0] if len(made) == 1 else tuple(made)


def _entropy(of: Any, args: Any, kwargs: Any) -> Any:
    shapes, _, scale = of._parameters(tuple(args), dict(kwargs))
    found = as_array(of._entropy(*shapes)) + TABLE["log"](scale)
    return where(_valid(of, shapes, scale), found, math.nan)


def _median(of: Any, args: Any, kwargs: Any) -> Any:
    return of.ppf(0.5, *args, **kwargs)


def _interval(of: Any, args: Any, kwargs: Any) -> Any:
    kwargs = dict(kwargs)
    confidence, *rest = args if args else (kwargs.pop("confidence"),)
    tails = (0.5 * (1 - confidence), 0.5 * (1 + confidence))
    return tuple(of.ppf(q, *rest, **kwargs) for q in tails)


def _ends(of: Any, args: Any, kwargs: Any) -> Any:
    shapes, loc, scale = of._parameters(tuple(args), dict(kwargs))
    valid = _valid(of, shapes, scale)
    return tuple(where(valid, _moved(e, loc, scale), math.nan) for e in support_of(of, shapes))


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
    "stats": _stats,
    "median": _median,
    "interval": _interval,
    "support": _ends,
    "entropy": _entropy,
}
OF_CONTINUOUS: dict[str, Callable[..., Any]] = {
    **_COMMON,
    "pdf": _density("_pdf", 0.0, operator.truediv),
    "logpdf": _density("_logpdf", -math.inf, _log_less),
}
OF_DISCRETE: dict[str, Callable[..., Any]] = {
    **_COMMON,
    "pmf": _density("_pmf", 0.0, _same),
    "logpmf": _density("_logpmf", -math.inf, _same),
}

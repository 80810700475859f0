"""Private functions of discrete distributions: formulas of scipy.stats' pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.trace.arrays.table import implements
from tapec.trace.numpy.called import entry
from tapec.trace.numpy.continuous import Rules, sc
from tapec.trace.numpy.select import where


def _quantile(guess: Callable[..., Any], cdf: Callable[..., Any]) -> Callable[..., Any]:
    """The least k with cdf(k) >= q, from a real number about it, as SciPy finds it."""

    def ppf(q: Any, *shapes: Any) -> Any:
        above = np.ceil(guess(q, *shapes))
        below = np.maximum(above - 1.0, 0.0)
        return where(cdf(below, *shapes) >= q, below, above)

    return ppf


def _upper_quantile(guess: Callable[..., Any], sf: Callable[..., Any]) -> Callable[..., Any]:
    """The least k with sf(k) <= q."""

    def isf(q: Any, *shapes: Any) -> Any:
        above = np.ceil(guess(1.0 - q, *shapes))
        below = np.maximum(above - 1.0, 0.0)
        return where(sf(below, *shapes) <= q, below, above)

    return isf


def _by_log(rules: Rules) -> Rules:
    """With probabilities by their logarithms."""
    return {"_pmf": lambda k, *shapes: np.exp(rules["_logpmf"](k, *shapes)), **rules}


# --- binomial and negative binomial --------------------------------------------------------------


def _log_ways(n: Any, k: Any) -> Any:
    """The logarithm of the binomial coefficient."""
    return -sc.betaln(k + 1.0, n - k + 1.0) - np.log1p(n)


def _binom(k: Any, n: Any, p: Any) -> Any:
    return _log_ways(n, k) + sc.xlogy(k, p) + sc.xlog1py(n - k, -p)


def _binom_cdf(k: Any, n: Any, p: Any) -> Any:
    last = k >= n
    return where(last, 1.0, sc.betaincc(k + 1.0, where(last, 1.0, n - k), p))


def _binom_sf(k: Any, n: Any, p: Any) -> Any:
    last = k >= n
    return where(last, 0.0, sc.betainc(k + 1.0, where(last, 1.0, n - k), p))


_BINOM = _by_log({
    "_argcheck": lambda n, p: (n >= 0) & np.equal(np.floor(n), n) & (p >= 0) & (p <= 1),
    "_logpmf": _binom,
    "_cdf": _binom_cdf,
    "_sf": _binom_sf,
    "_ppf": _quantile(lambda q, n, p: entry("bdtrik", q, n, p), _binom_cdf),
    "_isf": _upper_quantile(lambda q, n, p: entry("bdtrik", q, n, p), _binom_sf),
})  # fmt: skip


def _of_one(rule: Callable[..., Any]) -> Callable[..., Any]:
    return lambda k, p: rule(k, 1.0, p)


def _nbinom(k: Any, n: Any, p: Any) -> Any:
    ways = -sc.betaln(k + 1.0, n) - np.log(n + k)
    return ways + n * np.log(p) + sc.xlog1py(k, -p)


def _nbinom_cdf(k: Any, n: Any, p: Any) -> Any:
    return sc.betainc(n, k + 1.0, p)


def _nbinom_sf(k: Any, n: Any, p: Any) -> Any:
    return sc.betaincc(n, k + 1.0, p)


def _hypergeom(k: Any, good_and_bad: Any, good: Any, drawn: Any) -> Any:
    """By logarithms of beta functions, in which few digits are lost."""
    bad = good_and_bad - good
    return _log_ways(good, k) + _log_ways(bad, drawn - k) - _log_ways(good_and_bad, drawn)


# --- sums and differences ------------------------------------------------------------------------


def _skellam(k: Any, first: Any, second: Any) -> Any:
    root = np.sqrt(first) - np.sqrt(second)
    bessel = entry("ive", np.absolute(k), 2.0 * np.sqrt(first * second))
    return -root * root + 0.5 * k * (np.log(first) - np.log(second)) + np.log(bessel)


def _logser_sf(k: Any, p: Any) -> Any:
    """The unnormalised beta function of shape 0, as SciPy has it."""
    none = 1e-100
    return -sc.betainc(k + 1.0, none, p) * np.exp(sc.betaln(k + 1.0, none)) / np.log1p(-p)


@implements("_nbinom_mean")
def _nbinom_mean(n: Any, p: Any) -> Any:
    return n * (1.0 - p) / p


@implements("_nbinom_variance")
def _nbinom_variance(n: Any, p: Any) -> Any:
    return n * (1.0 - p) / (p * p)


@implements("_nbinom_skewness")
def _nbinom_skewness(n: Any, p: Any) -> Any:
    return (2.0 - p) / np.sqrt(n * (1.0 - p))


@implements("_nbinom_kurtosis_excess")
def _nbinom_kurtosis(n: Any, p: Any) -> Any:
    return (p * p - 6.0 * p + 6.0) / (n * (1.0 - p))


DISCRETE: dict[str, Rules] = {
    "binom_gen": _BINOM,
    "bernoulli_gen": {
        "_argcheck": lambda p: (p >= 0) & (p <= 1),
        **{name: _of_one(_BINOM[name]) for name in ("_logpmf", "_pmf", "_cdf", "_sf")},
        "_ppf": lambda q, p: where(q <= 1.0 - p, 0.0, 1.0),
        "_isf": lambda q, p: where(q >= p, 0.0, 1.0),
    },
    "nbinom_gen": _by_log({
        "_logpmf": _nbinom,
        "_cdf": _nbinom_cdf,
        "_sf": _nbinom_sf,
        "_logcdf": lambda k, n, p: np.log(_nbinom_cdf(k, n, p)),
        "_ppf": _quantile(lambda q, n, p: entry("nbdtrik", q, n, p), _nbinom_cdf),
        "_isf": _upper_quantile(lambda q, n, p: entry("nbdtrik", q, n, p), _nbinom_sf),
    }),
    "logser_gen": {"_cdf": lambda k, p: 1.0 - _logser_sf(k, p), "_sf": _logser_sf},
    "poisson_gen": {
        "_ppf": _quantile(lambda q, mu: entry("pdtrik", q, mu), lambda k, mu: sc.pdtr(k, mu)),
    },
    "hypergeom_gen": {
        "_pmf": lambda k, M, n, N: np.exp(_hypergeom(k, M, n, N)),
        "_logpmf": lambda k, M, n, N: _hypergeom(k, M, n, N),
        **dict.fromkeys(("_cdf", "_sf", "_logcdf", "_logsf")),
    },
    "zipf_gen": {
        "_cdf": lambda k, a: 1.0 - sc.zeta(a, k + 1.0) / sc.zeta(a),
        "_sf": lambda k, a: sc.zeta(a, k + 1.0) / sc.zeta(a),
    },
    "skellam_gen": _by_log({"_logpmf": _skellam}),
}  # fmt: skip

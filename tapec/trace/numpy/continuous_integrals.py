"""Continuous distributions by Bessel functions, integrals and mixtures: private functions.

Formulas of the pages of scipy.stats; noncentral ones of Johnson, Kotz and Balakrishnan, vol. 2.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tapec.trace.arrays.operands import as_array
from tapec.trace.arrays.table import implements
from tapec.trace.numpy.called import entry
from tapec.trace.numpy.continuous import Rules, log1p_square, sc
from tapec.trace.numpy.quantile_search import stopped
from tapec.trace.numpy.select import where

_FALL = 80.0  # twice the logarithm of what integrands fall by until windows end

# --- noncentral ----------------------------------------------------------------------------------


def _f_density(x: Any, dfn: Any, dfd: Any, nc: Any) -> Any:
    """That of beta variables at w = dfn x / (dfn x + dfd), times a series in nc w / 2."""
    a, b, half = 0.5 * dfn, 0.5 * dfd, 0.5 * nc
    total = dfn * x + dfd
    w, rest = dfn * x / total, dfd / total
    beta = sc.xlogy(a - 1.0, w) + sc.xlogy(b - 1.0, rest) - sc.betaln(a, b) - half * rest
    return np.exp(beta) * entry("hyp1f1", -b, a, -half * w) * dfn * dfd / (total * total)


def _f_stats(dfn: Any, dfd: Any, nc: Any) -> tuple[Any, ...]:
    ratio, top = dfd / dfn, dfn + nc
    mean = where(dfd > 2, ratio * top / where(dfd > 2, dfd - 2.0, 1.0), math.inf)
    low = where(dfd > 4, (dfd - 2.0) ** 2 * (dfd - 4.0), 1.0)
    var = 2.0 * ratio * ratio * (top * top + (top + nc) * (dfd - 2.0)) / low
    return mean, where(dfd > 4, var, math.inf), None, None


def _power_integral(power: Any, center: Any) -> Any:
    """The logarithm of the integral of x^power exp(-(x - center)^2 / 2) over positive x.

    By the trapezoidal rule in log(x), around the place of the largest integrand.
    """
    order = power + 1.0
    top = stopped(0.5 * (center + np.sqrt(center * center + 4.0 * order)))
    width = stopped(np.sqrt(_FALL / (top * top + order)))
    left = stopped(width + 0.5 * _FALL / order)
    share = np.linspace(0.0, 1.0, 257)
    step = (left + width) / 256.0
    u = np.log(top)[..., None] - left[..., None] + (left + width)[..., None] * share
    order, center, top = (np.broadcast_to(e, u.shape[:-1]) for e in (order, center, top))
    peak = stopped(order * np.log(top) - 0.5 * (top - center) ** 2)
    shift = np.exp(u) - center[..., None]
    terms = np.exp(order[..., None] * u - 0.5 * shift * shift - peak[..., None])
    return peak + np.log(step * np.sum(terms, axis=-1))


def _t_log_density(t: Any, df: Any, nc: Any) -> Any:
    t, df, nc = (1.0 * as_array(e) for e in np.broadcast_arrays(t, df, nc))
    square = df + t * t
    constant = 0.5 * df * np.log(df) - 0.5 * math.log(math.pi) - sc.gammaln(0.5 * df)
    constant = constant - 0.5 * (df - 1.0) * math.log(2.0) - 0.5 * (df + 1.0) * np.log(square)
    return constant - 0.5 * nc * nc * df / square + _power_integral(df, nc * t / np.sqrt(square))


def _t_stats(df: Any, nc: Any) -> tuple[Any, ...]:
    safe = where(df > 2, df, 3.0)
    lower = where(df > 1, df, 2.0)
    ratio = np.exp(sc.gammaln(0.5 * (lower - 1.0)) - sc.gammaln(0.5 * lower))
    mean = nc * np.sqrt(0.5 * lower) * ratio
    var = safe * (1.0 + nc * nc) / (safe - 2.0) - mean * mean
    return where(df > 1, mean, math.inf), where(df > 2, var, math.inf), None, None


# --- by Bessel functions of the second kind ------------------------------------------------------


def _log_bessel(order: Any, x: Any) -> Any:
    return np.log(entry("kve", order, x)) - x


def _inverse_gauss(x: Any, p: Any, b: Any) -> Any:
    root = 0.5 * b * (np.sqrt(x) - 1.0 / np.sqrt(x)) ** 2
    return (p - 1.0) * np.log(x) - root - np.log(2.0 * entry("kve", p, b))


def _hyperbolic(x: Any, p: Any, a: Any, b: Any) -> Any:
    width, gamma = np.sqrt(1.0 + x * x), np.sqrt((a - b) * (a + b))
    constant = p * np.log(gamma) - (p - 0.5) * np.log(a) - 0.5 * math.log(2.0 * math.pi)
    made = constant - _log_bessel(p, gamma) + _log_bessel(p - 0.5, a * width)
    return made + (p - 0.5) * 0.5 * log1p_square(x) + b * x


# --- on the circle -------------------------------------------------------------------------------

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)


def _circle_tail(x: Any, kappa: Any) -> Any:
    """The mass from -pi to -|x|, of what is within twelve deviations below -|x|."""
    high = -np.absolute(x)
    low = stopped(np.maximum(high - 12.0 / np.sqrt(kappa), -math.pi))
    half = 0.5 * (high - low)
    t = (low + half)[..., None] + half[..., None] * _NODES
    sines = np.sin(0.5 * t)
    kappa = np.broadcast_to(kappa, np.shape(half))
    terms = _WEIGHTS * np.exp(-2.0 * kappa[..., None] * sines * sines)
    return half * np.sum(terms, axis=-1) / (2.0 * math.pi * sc.i0e(kappa))


def _circle(x: Any, kappa: Any, upper: bool) -> Any:
    x, kappa = (1.0 * as_array(e) for e in np.broadcast_arrays(x, kappa))
    turns = np.rint(x / (2.0 * math.pi))
    rest = x - 2.0 * math.pi * turns
    tail = _circle_tail(rest, kappa)
    small = rest > 0 if upper else rest <= 0
    return where(small, tail, 1.0 - tail) + (-turns if upper else turns)


# --- shifted gamma variables ---------------------------------------------------------------------

_NORMAL = 1.6e-5  # the skewness up to which they are normal ones, as in SciPy


def _pearson(skew: Any) -> tuple[Any, Any, Any]:
    """Whether the distribution counts as normal; rate and shape of gamma variables."""
    normal = np.absolute(skew) < _NORMAL
    rate = 2.0 / where(normal, 1.0, skew)
    return normal, rate, rate * rate


def _pearson_point(x: Any, rate: Any) -> tuple[Any, Any]:
    z = rate * x + rate * rate
    return z > 0, where(z > 0, z, 1.0)


def _pearson_log(x: Any, skew: Any) -> Any:
    normal, rate, shape = _pearson(skew)
    holds, z = _pearson_point(x, rate)
    made = np.log(np.absolute(rate)) + sc.xlogy(shape - 1.0, z) - z - sc.gammaln(shape)
    gauss = -0.5 * x * x - 0.5 * math.log(2.0 * math.pi)
    return where(normal, gauss, where(holds, made, -math.inf))


def _pearson_mass(x: Any, skew: Any, upper: bool) -> Any:
    normal, rate, shape = _pearson(skew)
    holds, z = _pearson_point(x, rate)
    turned = (skew < 0) != upper
    low, high = sc.gammainc(shape, z), sc.gammaincc(shape, z)
    made = where(turned, where(holds, high, 1.0), where(holds, low, 0.0))
    return where(normal, sc.ndtr(-x if upper else x), made)


def _pearson_quantile(q: Any, skew: Any, upper: bool) -> Any:
    normal, rate, shape = _pearson(skew)
    turned = (skew < 0) != upper
    found = where(turned, sc.gammainccinv(shape, q), sc.gammaincinv(shape, q))
    gauss = sc.ndtri(q)
    return where(normal, -gauss if upper else gauss, (found - shape) / rate)


# --- powers --------------------------------------------------------------------------------------


def _pareto_stats(b: Any) -> tuple[Any, ...]:
    one, two = b > 1, b > 2
    mean = where(one, b / where(one, b - 1.0, 1.0), math.inf)
    var = b / where(two, (b - 2.0) * (b - 1.0) ** 2, 1.0)
    return mean, where(two, var, math.inf), None, None


def _lomax_stats(c: Any) -> tuple[Any, ...]:
    mean, var, *rest = _pareto_stats(c)
    return mean - 1.0, var, *rest


def _between(n: int, a: Any, b: Any) -> Any:
    """Moments of variables whose logarithms are uniform."""
    return (b**n - a**n) / (n * (np.log(b) - np.log(a)))


@implements("_scaled_exp1")
def scaled_exp1(x: Any) -> Any:
    """x exp(x) E_1(x)."""
    far = x > 40.0
    t, inverse = where(far, 1.0, x), 1.0 / where(far, x, 40.0)
    series: Any = 1.0
    for k in range(30, 0, -1):
        series = 1.0 - k * inverse * series
    return where(far, series, t * np.exp(t) * sc.exp1(t))


def _by_log(log: Any) -> Rules:
    return {"_logpdf": log, "_pdf": lambda x, *shapes: np.exp(log(x, *shapes))}


_SEARCHED: Rules = {"_ppf": None, "_isf": None}
INTEGRALS: dict[str, Rules] = {
    "ncf_gen": {
        "_pdf": _f_density,
        "_logpdf": lambda x, dfn, dfd, nc: np.log(_f_density(x, dfn, dfd, nc)),
        "_cdf": lambda x, dfn, dfd, nc: entry("ncfdtr", dfn, dfd, nc, x),
        "_ppf": lambda q, dfn, dfd, nc: entry("ncfdtri", dfn, dfd, nc, q),
        **dict.fromkeys(("_sf", "_isf", "_logcdf", "_logsf")),
        "_stats": _f_stats,
    },
    "nct_gen": {
        **_by_log(_t_log_density),
        "_cdf": lambda t, df, nc: entry("nctdtr", df, nc, t),
        "_sf": lambda t, df, nc: entry("nctdtr", df, -nc, -t),
        "_ppf": lambda q, df, nc: entry("nctdtrit", df, nc, q),
        "_isf": lambda q, df, nc: -entry("nctdtrit", df, -nc, q),
        "_logcdf": None,
        "_logsf": None,
        "_stats": _t_stats,
    },
    "ncx2_gen": {"_isf": None},
    "invgauss_gen": _SEARCHED,
    "wald_gen": _SEARCHED,
    "geninvgauss_gen": {**_by_log(_inverse_gauss), "_cdf": None},
    "genhyperbolic_gen": {**_by_log(_hyperbolic), "_cdf": None, "_sf": None},
    "vonmises_gen": {
        "_cdf": lambda x, kappa: _circle(x, kappa, upper=False),
        "_sf": lambda x, kappa: _circle(x, kappa, upper=True),
        "_logcdf": lambda x, kappa: np.log(_circle(x, kappa, upper=False)),
        "_logsf": lambda x, kappa: np.log(_circle(x, kappa, upper=True)),
    },
    "pearson3_gen": {
        **_by_log(_pearson_log),
        "_cdf": lambda x, skew: _pearson_mass(x, skew, upper=False),
        "_sf": lambda x, skew: _pearson_mass(x, skew, upper=True),
        "_ppf": lambda q, skew: _pearson_quantile(q, skew, upper=False),
        "_isf": lambda q, skew: _pearson_quantile(q, skew, upper=True),
    },
    "cosine_gen": {
        "_cdf": lambda x: (math.pi + x + np.sin(x)) / (2.0 * math.pi),
        "_sf": lambda x: (math.pi - x - np.sin(x)) / (2.0 * math.pi),
        **_SEARCHED,
    },
    "pareto_gen": {"_stats": _pareto_stats},
    "lomax_gen": {"_stats": _lomax_stats},
    "reciprocal_gen": {"_munp": _between},
    "truncpareto_gen": {"_logcdf": None, "_logsf": None},
}  # fmt: skip

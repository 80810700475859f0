"""Private functions of continuous distributions, standardised: formulas of scipy.stats' pages.

Only what SciPy's code does not give in traced code, or with fewer digits, is here; the rest is
SciPy's own `_logpdf`, `_cdf`, ..., followed, and what that calls has translations in `lazy`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tapec.trace.arrays.operands import as_tracer, run
from tapec.trace.arrays.table import TABLE
from tapec.trace.numpy.select import where

# None stands for what all distributions have.
Rules = dict[str, Any]


class _Special:
    """Functions of scipy.special on traced values."""

    def __getattr__(self, name: str) -> Any:
        return TABLE[name]


sc = _Special()
_HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)


def log1p_square(w: Any) -> Any:
    """log(1 + w^2), also where w^2 overflows."""
    size = np.absolute(w)
    huge = size > 1e10
    near = np.log1p(np.square(where(huge, 0.0, w)))
    return where(huge, 2.0 * np.log(where(huge, size, 1.0)), near)


def _log_gauss(x: Any) -> Any:
    return -0.5 * x * x - _HALF_LOG_2PI


def _gauss(x: Any) -> Any:
    """Not by the logarithm, which loses x^2 units in the last place."""
    made: Any = run("gauss", as_tracer(x), factor=0.5)
    return made * (1.0 / math.sqrt(2.0 * math.pi))


def _t(x: Any, df: Any) -> Any:
    constant = -sc.betaln(0.5 * df, 0.5) - 0.5 * np.log(df)
    return constant - 0.5 * (df + 1.0) * log1p_square(x / np.sqrt(df))


def _by_log(rules: Rules) -> Rules:
    """With densities by their logarithms."""
    return {"_pdf": lambda x, *shapes: np.exp(rules["_logpdf"](x, *shapes)), **rules}


# --- truncated normal distributions --------------------------------------------------------------


def _log_mass(a: Any, b: Any) -> Any:
    """The logarithm of the normal mass between a and b, from the tail that is smaller."""
    right = a > 0
    low, high = where(right, -b, a), where(right, -a, b)
    top = sc.log_ndtr(high)
    gap = top - sc.log_ndtr(low)
    near = gap < math.log(2.0)
    left = np.log(-np.expm1(-where(near, gap, 1.0)))
    return top + where(near, left, np.log1p(-np.exp(-where(near, 1.0, gap))))


def _truncnorm_quantile(log_q: Any, log_rest: Any, a: Any, b: Any) -> Any:
    """From the tail that is smaller, by the inverse of its logarithm."""
    mass, left = _log_mass(a, b), a < 0
    lower = np.logaddexp(sc.log_ndtr(a), log_q + mass)
    upper = np.logaddexp(sc.log_ndtr(-b), log_rest + mass)
    found = sc.ndtri_exp(where(left, lower, upper))
    return where(left, found, -found)


_TRUNCNORM: Rules = {
    "_argcheck": lambda a, b: a < b,
    "_logpdf": lambda x, a, b: _log_gauss(x) - _log_mass(a, b),
    "_logcdf": lambda x, a, b: _log_mass(a, x) - _log_mass(a, b),
    "_logsf": lambda x, a, b: _log_mass(x, b) - _log_mass(a, b),
    "_cdf": lambda x, a, b: np.exp(_log_mass(a, x) - _log_mass(a, b)),
    "_sf": lambda x, a, b: np.exp(_log_mass(x, b) - _log_mass(a, b)),
    "_ppf": lambda q, a, b: _truncnorm_quantile(np.log(q), np.log1p(-q), a, b),
    "_isf": lambda q, a, b: _truncnorm_quantile(np.log1p(-q), np.log(q), a, b),
}

# --- triangular ones -----------------------------------------------------------------------------


def _triang(x: Any, c: Any) -> Any:
    left = x < c
    rise = 2.0 * x / where(left, c, 1.0)
    return where(left, rise, 2.0 * (1.0 - x) / where(np.equal(c, 1.0), 1.0, 1.0 - c))


def _triang_cdf(x: Any, c: Any) -> Any:
    left = x < c
    rest = (1.0 - x) * (1.0 - x) / where(np.equal(c, 1.0), 1.0, 1.0 - c)
    return where(left, x * x / where(left, c, 1.0), 1.0 - rest)


def _betaprime_quantile(q: Any, a: Any, b: Any) -> Any:
    """r / (1 - r) of the quantile r of beta variables, from 1 - r where that is small."""
    share, rest = sc.betaincinv(a, b, q), sc.betainccinv(b, a, q)
    far = share > 0.5
    return where(far, 1.0 / where(far, rest, 1.0) - 1.0, share / (1.0 - where(far, 0.0, share)))


CONTINUOUS: dict[str, Rules] = {
    "norm_gen": {
        "_logpdf": _log_gauss,
        "_pdf": _gauss,
        "_cdf": lambda x: sc.ndtr(x),
        "_sf": lambda x: sc.ndtr(-x),
        "_logcdf": lambda x: sc.log_ndtr(x),
        "_logsf": lambda x: sc.log_ndtr(-x),
        "_ppf": lambda q: sc.ndtri(q),
        "_isf": lambda q: -sc.ndtri(q),
    },
    "laplace_gen": _by_log({"_logpdf": lambda x: -np.absolute(x) - math.log(2.0)}),
    "cauchy_gen": _by_log({"_logpdf": lambda x: -math.log(math.pi) - log1p_square(x)}),
    "logistic_gen": _by_log({"_logpdf": lambda x: -x - 2.0 * np.logaddexp(0.0, -x)}),
    "gamma_gen": _by_log({"_logpdf": lambda x, a: sc.xlogy(a - 1.0, x) - x - sc.gammaln(a)}),
    "erlang_gen": _by_log({
        "_argcheck": lambda a: a > 0,
        "_logpdf": lambda x, a: sc.xlogy(a - 1.0, x) - x - sc.gammaln(a),
    }),
    "beta_gen": _by_log({
        "_logpdf": lambda x, a, b: (
            sc.xlogy(a - 1.0, x) + sc.xlog1py(b - 1.0, -x) - sc.betaln(a, b)
        ),
    }),
    "t_gen": _by_log({"_logpdf": _t}),
    "truncnorm_gen": _by_log(_TRUNCNORM),
    "skewnorm_gen": {
        "_logpdf": lambda x, a: math.log(2.0) + _log_gauss(x) + sc.log_ndtr(a * x),
        "_pdf": lambda x, a: 2.0 * _gauss(x) * sc.ndtr(a * x),
        "_cdf": lambda x, a: sc.ndtr(x) - 2.0 * sc.owens_t(x, a),
        "_sf": lambda x, a: sc.ndtr(-x) + 2.0 * sc.owens_t(x, a),
        "_ppf": None,
        "_isf": None,
    },
    "betaprime_gen": {"_ppf": _betaprime_quantile},
    "triang_gen": {"_pdf": _triang, "_cdf": _triang_cdf},
}  # fmt: skip

"""Functions of `scipy.special` that are formulas of others, or results of those of the table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tapec.ir.ops.called import FUNCTIONS
from tapec.ir.ops.special import BERNOULLI
from tapec.trace.arrays.operands import unwrap
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.numpy.called import entry
from tapec.trace.numpy.composites import composite
from tapec.trace.numpy.select import where

# --- transformations and losses ------------------------------------------------------------------


@composite("kl_div")
def _kl_div(x: Any, y: Any) -> Any:
    return TABLE["rel_entr"](x, y) + (y - x)


@composite("pseudo_huber")
def _pseudo_huber(delta: Any, r: Any) -> Any:
    safe = where(delta > 0, delta, 1.0)
    ratio = r / safe
    inside = safe * safe * np.expm1(0.5 * np.log1p(ratio * ratio))
    return where(delta < 0, math.inf, where(np.equal(delta, 0), 0.0, inside))


@implements("softplus")
def softplus(x: Any) -> Any:
    """log(1 + exp(x))."""
    return np.logaddexp(0.0, x)


def _power_transform(log: Any, shape: Any) -> Any:
    """(exp(shape log) - 1) / shape, also where the shape is 0 and where the logarithm is."""
    none = np.isneginf(log)
    safe = where(none, 0.0, log)
    at_zero = where(shape > 0, -1.0 / where(shape > 0, shape, 1.0), -math.inf)
    return where(none, at_zero, safe * entry("exprel", shape * safe))


@composite("boxcox")
def _boxcox(x: Any, lmbda: Any) -> Any:
    return _power_transform(np.log(x), lmbda)


@composite("boxcox1p")
def _boxcox1p(x: Any, lmbda: Any) -> Any:
    return _power_transform(np.log1p(x), lmbda)


def _log_quotient(w: Any) -> Any:
    """log(1 + w) / w, by its series near 0."""
    small = np.absolute(w) < 0.25
    t, far = where(small, w, 0.0), where(small, 1.0, w)
    series: Any = 0.0
    for k in range(29, -1, -1):
        series = series * t + (-1.0) ** k / (k + 1)
    return where(small, series, np.log1p(far) / far)


@composite("inv_boxcox")
def _inv_boxcox(y: Any, lmbda: Any) -> Any:
    return np.exp(y * _log_quotient(lmbda * y))


@composite("inv_boxcox1p")
def _inv_boxcox1p(y: Any, lmbda: Any) -> Any:
    return np.expm1(y * _log_quotient(lmbda * y))


@composite("radian")
def _radian(d: Any, m: Any, s: Any) -> Any:
    return ((d + m / 60.0) + s / 3600.0) * (math.pi / 180.0)


@composite("agm")
def _agm(a: Any, b: Any) -> Any:
    positive, zero = a * b > 0, np.equal(a, 0) | np.equal(b, 0)
    x, y = (where(positive, np.absolute(v), 1.0) for v in (a, b))
    for _ in range(14):  # the digits double in each, once the ratio is small
        x, y = 0.5 * (x + y), np.sqrt(x) * np.sqrt(y)
    made = where(positive, where(a < 0, -x, x), where(zero, 0.0, math.nan))
    return where(np.isnan(a) | np.isnan(b), math.nan, made)


@composite("gammasgn")
def _gammasgn(x: Any) -> Any:
    below = np.floor(x)
    odd = np.not_equal(2.0 * np.floor(0.5 * below), below)
    unknown = np.logical_or(np.equal(below, x), np.isnan(x))
    left = where(unknown, math.nan, where(odd, -1.0, 1.0))
    made = where(x > 0, 1.0, where(np.equal(x, 0), np.copysign(1.0, x), left))
    return made.astype(x.dtype) if x.dtype == np.float32 else made


@composite("nrdtrimn")
def _nrdtrimn(p: Any, std: Any, x: Any) -> Any:
    return x - std * TABLE["ndtri"](p)


@composite("nrdtrisd")
def _nrdtrisd(mn: Any, p: Any, x: Any) -> Any:
    return (x - mn) / TABLE["ndtri"](p)


# --- counting ------------------------------------------------------------------------------------


@implements("comb")
def comb(N: Any, k: Any, *, exact: Any = False, repetition: Any = False) -> Any:
    """Combinations; 0 where there are none."""
    _inexact("comb", exact)
    if repetition:
        return comb(N + k - 1, k)
    holds = (k <= N) & (N >= 0) & (k >= 0)
    return where(holds, TABLE["binom"](where(holds, N, 1) * 1.0, where(holds, k, 0) * 1.0), 0.0)


@implements("perm")
def perm(N: Any, k: Any, exact: Any = False) -> Any:
    """Permutations; 0 where there are none."""
    _inexact("perm", exact)
    holds = (k <= N) & (N >= 0) & (k >= 0)
    N, k = where(holds, N, 1) * 1.0, where(holds, k, 0) * 1.0
    return where(holds, TABLE["poch"](N - k + 1.0, k), 0.0)


@implements("factorial")
def factorial(n: Any, exact: Any = False) -> Any:
    """gamma(n + 1), 0 below 0."""
    _inexact("factorial", exact)
    return where(n < 0, 0.0, TABLE["gamma"](where(n < 0, 0, n) + 1.0))


def _inexact(name: str, exact: Any) -> None:
    if exact:
        raise ValueError(f"{name}: exact=True counts in integers of any size: pass exact=False")


@implements("multigammaln")
def multigammaln(a: Any, d: Any) -> Any:
    """The logarithm of the multivariate gamma function; NaN where a <= (d - 1) / 2."""
    d = int(unwrap(d))
    terms = sum(TABLE["gammaln"](a - 0.5 * j) for j in range(d))
    made = terms + 0.25 * d * (d - 1) * math.log(math.pi)
    return where(a > 0.5 * (d - 1), made, math.nan)


# --- zeta ----------------------------------------------------------------------------------------

_TERMS = 12  # of the sum, before its rest by Euler and Maclaurin, DLMF 25.11.28


@implements("zeta")
def zeta(x: Any, q: Any = None) -> Any:
    """Riemann's, or Hurwitz's of x > 1 and q > 0."""
    if q is None:
        return 1.0 + entry("zetac", x)
    holds = (x > 1) & (q > 0)
    value = _hurwitz(where(holds, x, 2.0), where(holds, q, 1.0))
    return where(holds, value, where(np.equal(x, 1), math.inf, math.nan))


def _hurwitz(s: Any, q: Any) -> Any:
    z = q + float(_TERMS)
    square, power = 1.0 / (z * z), np.exp(-s * np.log(z))
    rest, factor = power * z / (s - 1.0) + 0.5 * power, power * s / z
    for j, bernoulli in enumerate(BERNOULLI, 1):
        rest = rest + factor * (bernoulli / math.factorial(2 * j))
        factor = factor * square * (s + (2 * j - 1.0)) * (s + 2.0 * j)
    for k in reversed(range(_TERMS)):
        rest = rest + np.exp(-s * np.log(q + float(k)))
    return rest


# --- functions with several results --------------------------------------------------------------


def _several(function: str, parts: Sequence[str]) -> None:
    def results(*args: Any) -> Any:
        return tuple(entry(part, *args) for part in parts)

    results.__name__ = function
    TABLE[function] = results


_parts: dict[str, list[str]] = {}
for _name, _entry in FUNCTIONS.items():
    if _entry.part is not None and not _entry.complex:
        _parts.setdefault(_entry.function, []).append(_name)
for _function, _names in _parts.items():
    _several(_function, _names)

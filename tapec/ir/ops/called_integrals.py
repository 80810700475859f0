"""Integrals, zeta functions and distributions from SciPy: formulas of DLMF 5, 6, 7, 25."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from math import factorial, pi
from typing import Any

from tapec.ir.ops.arith import abs as size
from tapec.ir.ops.called import called, results, special
from tapec.ir.ops.integrals import erfcx
from tapec.ir.ops.logic import select
from tapec.ir.ops.math import cos, cosh, exp, expm1, log, log1p, sin, sinh
from tapec.ir.ops.special import BERNOULLI, digamma, erf, gamma, gauss

_ROOT = math.sqrt(pi)
_NUMBERS = [(0.3, 3.0)]


def _series(x: Any, coefficients: Sequence[float]) -> Any:
    total: Any = coefficients[-1]
    for c in reversed(coefficients[:-1]):
        total = total * x + c
    return total


def _quotient(x: Any, far: Callable[[Any], Any], near: Sequence[float], end: float) -> Any:
    """far(x), but its power series where |x| is below `end`: its terms cancel there."""
    small = size(x) < end
    return select(small, _series(select(small, x, 0.0), near), far(select(small, 1.0, x)))


def _exprel(y: Any, x: Any) -> Any:
    near = [(k + 1) / factorial(k + 2) for k in range(20)]
    return _quotient(x, lambda x: (exp(x) - expm1(x) / x) / x, near, 1.0)


def log_quotient(w: Any) -> Any:
    """log(1 + w) / w, and its limit at 0."""
    near = [(-1.0) ** k / (k + 1) for k in range(30)]
    return _quotient(w, lambda w: log1p(w) / w, near, 0.25)


def _even(x: Any, far: Callable[[Any], Any], sign: float) -> Any:
    """sin(x) / x or sinh(x) / x."""
    small = size(x) < 1.0
    square = select(small, x * x, 0.0)
    near = _series(square, [sign**k / factorial(2 * k + 1) for k in range(11)])
    other = select(small, 1.0, x)
    return select(small, near, far(other) / other)


called("exprel", _exprel, domain=[(-2.0, 3.0)], doc="(exp(x) - 1) / x.")
called("erfi", lambda y, x: (2.0 / _ROOT) * exp(x * x), domain=[(-2.0, 2.0)], doc="-i erf(i x).")
called("spence", lambda y, z: -log_quotient(z - 1.0), domain=_NUMBERS, doc="Dilogarithm.")
called("cosm1", lambda y, x: -sin(x), domain=_NUMBERS, doc="cos(x) - 1.")
called("exp10", lambda y, x: math.log(10.0) * y, domain=_NUMBERS, doc="10 ** x.")
_DEGREE = pi / 180.0
called("sindg", lambda y, x: _DEGREE * special("cosdg", x), domain=_NUMBERS, doc="Of degrees.")
called("cosdg", lambda y, x: -_DEGREE * special("sindg", x), domain=_NUMBERS, doc="Of degrees.")
called("tandg", lambda y, x: _DEGREE * (1.0 + y * y), domain=_NUMBERS, doc="Of degrees.")
called("cotdg", lambda y, x: -_DEGREE * (1.0 + y * y), domain=_NUMBERS, doc="Of degrees.")
called("wrightomega", lambda y, x: y / (1.0 + y), domain=_NUMBERS, doc="y with y + log(y) = x.")
called(
    "ndtri_exp",
    lambda x, y: (_ROOT / math.sqrt(2.0)) * erfcx(x * -math.sqrt(0.5)),
    domain=[(-4.0, -0.1)],
    doc="ndtri(exp(y)).",
)
called(
    "powm1",
    lambda y, a, b: b * (y + 1.0) / a,
    lambda y, a, b: (y + 1.0) * log(a),
    domain=_NUMBERS * 2,
    doc="a ** b - 1.",
)
_OWEN = -0.5 / math.sqrt(2.0 * pi)
called(
    "owens_t",
    lambda y, h, a: (
        (-0.5 / math.sqrt(2.0 * pi)) * gauss(h, factor=0.5) * erf(math.sqrt(0.5) * a * h)
    ),
    lambda y, h, a: exp(-0.5 * h * h * (1.0 + a * a)) / (2.0 * pi * (1.0 + a * a)),
    domain=_NUMBERS * 2,
    doc="Owen's function.",
)


def _expn(y: Any, x: Any, n: int) -> Any:
    return -special("expn", x, orders=(n - 1,)) if n else -(exp(-x) / x) * (1.0 + 1.0 / x)


called("expn", _expn, domain=_NUMBERS, orders=1, fixed=((0,), (1,), (3,)), doc="E_n(x).")
results(
    "sici",
    ("sici_si", "sici_ci"),
    (lambda y, x: _even(x, sin, -1.0), lambda y, x: cos(x) / x),
    domain=_NUMBERS,
    doc="Sine and cosine integrals.",
)
results(
    "shichi",
    ("shichi_shi", "shichi_chi"),
    (lambda y, x: _even(x, sinh, 1.0), lambda y, x: cosh(x) / x),
    domain=_NUMBERS,
    doc="Hyperbolic sine and cosine integrals.",
)
results(
    "fresnel",
    ("fresnel_s", "fresnel_c"),
    (lambda y, x: sin((0.5 * pi) * x * x), lambda y, x: cos((0.5 * pi) * x * x)),
    domain=_NUMBERS,
    doc="Fresnel's integrals.",
)

# --- zeta ----------------------------------------------------------------------------------------

_TERMS = 12  # of the sum, before its rest by Euler and Maclaurin, DLMF 25.2.9


def zeta_slope(s: Any) -> Any:
    """The slope of Riemann's zeta; left of 0 by the functional equation, DLMF 25.4.1."""
    right = s >= 0.0
    t = select(right, s, 1.0 - s)
    slope = _zeta_slope(t)
    left = select(right, -1.0, s)
    power = exp(left * math.log(2.0 * pi)) * (1.0 / pi) * gamma(1.0 - left)
    turn = sin((0.5 * pi) * left)
    moved = (math.log(2.0 * pi) - digamma(1.0 - left)) * turn + (0.5 * pi) * cos((0.5 * pi) * left)
    mirrored = special("zetac", 1.0 - left) + 1.0
    return select(right, slope, power * (moved * mirrored - turn * slope))


def _zeta_slope(s: Any) -> Any:
    total: Any = 0.0
    for k in range(2, _TERMS):
        total = total - math.log(k) * exp(s * -math.log(k))
    n, log_n = float(_TERMS), math.log(_TERMS)
    power, less = exp(s * -log_n), 1.0 / (s - 1.0)
    total = total - power * (n * less * (log_n + less) + 0.5 * log_n)
    rising, slope, factor = s, 1.0, 1.0 / n
    for j, bernoulli in enumerate(BERNOULLI, 1):
        term = (bernoulli / factorial(2 * j)) * factor
        total = total + term * power * (slope - log_n * rising)
        for k in (2 * j - 1, 2 * j):
            slope, rising = slope * (s + float(k)) + rising, rising * (s + float(k))
        factor = factor / (n * n)
    return total


called("zetac", lambda y, s: zeta_slope(s), domain=[(1.5, 5.0)], doc="zeta(s) - 1.")

# --- distributions -------------------------------------------------------------------------------


def _kolmogorov(y: Any, x: Any) -> Any:
    """Both series of the theta function, DLMF 20.7.32, each where it has few terms."""
    far = x > 0.8
    t, u = select(far, x, 1.0), select(far, 0.5, x)
    large: Any = 0.0
    for k in range(1, 7):
        large = large + (-1.0) ** k * 8.0 * k * k * t * exp(t * t * (-2.0 * k * k))
    small: Any = 0.0
    for k in range(1, 6):
        c = (2 * k - 1) ** 2 * pi * pi / 8.0
        small = small + exp(-c / (u * u)) * (2.0 * c / (u * u) - 1.0)
    small = small / (u * u) * -math.sqrt(2.0 * pi)
    return select(x > 0.0, select(far, large, small), 0.0)


called("kolmogorov", _kolmogorov, domain=[(0.4, 1.6)], doc="Kolmogorov's distribution, its tail.")
called("kolmogi", lambda y, p: 1.0 / _kolmogorov(p, y), domain=[(0.1, 0.9)], doc="Its inverse.")


def _tukey(p: Any, x: Any, c: Any) -> Any:
    """By the shape: -Q_c / Q_p, of the quantile Q = (p^c - (1 - p)^c) / c."""
    low, high = log(p), log1p(-p)
    a, b = exp(c * low), exp(c * high)
    return (x - a * low + b * high) / (c * (a / p + b / (1.0 - p)))


called(
    "tklmbda",
    lambda p, x, c: 1.0 / (exp((c - 1.0) * log(p)) + exp((c - 1.0) * log1p(-p))),
    _tukey,
    domain=[(-0.8, 0.8), (0.5, 0.9)],
    doc="Tukey's lambda distribution.",
)

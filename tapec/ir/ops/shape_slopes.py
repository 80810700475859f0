"""Slopes of incomplete gamma and beta functions, by their shapes too.

The part of the integral that is small is taken, t = x exp(-s) or x exp(s) in its integrand, which
falls from s = 0 on then; the slope by a shape has a logarithm in the integrand. Recurrences (DLMF
8.8.5 and 8.17.20) keep the shapes of the integrals away from 0, where its two terms would cancel.
"""

from __future__ import annotations

from math import inf, nan, pi
from typing import Any

from tapec.ir.ops.arith import abs as size
from tapec.ir.ops.arith import maximum, minimum
from tapec.ir.ops.logic import isfinite, logical_and, select
from tapec.ir.ops.math import exp, expm1, log, log1p, sqrt
from tapec.ir.ops.quadrature import HALF_LINE, integral
from tapec.ir.ops.rules import number
from tapec.ir.ops.special import BERNOULLI, digamma, lgamma

_SHIFT = 12  # steps of the recurrence before the asymptotic series
_LARGE = 10.0  # Stirling's series has all digits from here on


def _stirling(x: Any) -> Any:
    """lgamma(x) - ((x - 1/2) log x - x + log(2 pi) / 2), for x >= 10."""
    square, total = 1.0 / (x * x), 0.0
    for k in range(len(BERNOULLI), 0, -1):
        total = square * total + BERNOULLI[k - 1] / (2 * k * (2 * k - 1))
    return total / x


def digamma_rise(x: Any, h: Any) -> Any:
    """digamma(x + h) - digamma(x) for x > 0 and h >= 0: sums of terms of one sign (DLMF 5.15.8)."""
    steps: Any = 0.0
    for k in range(_SHIFT):
        steps = steps + h / ((x + float(k)) * (x + h + float(k)))
    low = x + float(_SHIFT)
    high = low + h
    u, v = 1.0 / (high * high), 1.0 / (low * low)
    gap = -h * (low + high) * u * v
    far, difference, power = log1p(h / low) + 0.5 * h / (low * high), gap, v
    for k, bernoulli in enumerate(BERNOULLI, 1):
        far = far - (bernoulli / (2 * k)) * difference
        difference, power = u * difference + power * gap, power * v
    return steps + far


def digamma_gap(u: Any, v: Any) -> Any:
    """digamma(u) - digamma(v) for positive numbers."""
    rise = digamma_rise(minimum(u, v), size(u - v))
    return select(u >= v, rise, -rise)


def _inner(holds: Any, *pairs: tuple[Any, float]) -> list[Any]:
    """Operands where the formula holds, and numbers of the domain elsewhere."""
    return [select(holds, x, stand_in) for x, stand_in in pairs]


# --- gamma: x^a exp(-x) / gamma(a) ---------------------------------------------------------------


def _log_gamma_weight(a: Any, x: Any) -> Any:
    large = a >= _LARGE
    big, small = select(large, a, _LARGE), select(large, 1.0, a)
    u = (x - big) / big
    far = 0.5 * log(big / (2.0 * pi)) - big * (u - log1p(u)) - _stirling(big)
    return select(large, far, small * log(x) - x - lgamma(small))


def gamma_density(a: Any, x: Any) -> Any:
    """x^(a-1) exp(-x) / gamma(a), the slope of gammainc by x."""
    holds = logical_and(x > 0.0, isfinite(x))
    safe = select(holds, x, 1.0)
    at_zero = select(a > 1.0, 0.0, select(a.equals(1.0), number(a, 1.0), inf))
    edge = select(x.equals(0.0), at_zero, select(x > 0.0, number(x, 0.0), nan))
    return select(holds, exp(_log_gamma_weight(a, safe) - log(safe)), edge)


def gamma_shape(a: Any, x: Any) -> Any:
    """The slope of gammainc by a."""
    holds = logical_and(logical_and(x > 0.0, a > 0.0), logical_and(isfinite(x), isfinite(a)))
    edge = select(logical_and(x >= 0.0, a >= 0.0), number(x, 0.0), nan)
    return select(holds, _gamma_shape(*_inner(holds, (a, 1.0), (x, 1.0))), edge)


def _gamma_shape(a: Any, x: Any) -> Any:
    below = x <= maximum(a, 1.0)
    p, sign = select(below, a + 1.0, a), select(below, number(x, -1.0), 1.0)
    scale = 1.0 / (sign * (x - p) + sqrt(x))
    rise = log(x) - digamma(p)

    def integrand(s: Any, ds: Any, p: Any, x: Any, sign: Any, scale: Any, rise: Any) -> Any:
        s = sign * scale * s
        return scale * ds * exp(p * s - x * expm1(s)) * (rise + s)

    found = integral(x + a, integrand, HALF_LINE, p, x, sign, scale, rise)
    weight = _log_gamma_weight(p, x)
    return select(below, exp(weight) * found + exp(weight - log(x)) * rise, -exp(weight) * found)


# --- beta: x^a (1 - x)^b / beta(a, b) ------------------------------------------------------------


def _log_beta_weight(a: Any, b: Any, x: Any, rest: Any) -> Any:
    large = minimum(a, b) >= _LARGE
    c, d = select(large, a, _LARGE), select(large, b, _LARGE)
    gap = x * d - rest * c
    far = 0.5 * log(c / (c + d) * d / (2.0 * pi)) + c * log1p(gap / c) + d * log1p(-gap / d)
    far = far - (_stirling(c) + _stirling(d) - _stirling(c + d))
    a, b = select(large, 1.0, a), select(large, 1.0, b)
    near = a * log(x) + b * log(rest) - (lgamma(a) + lgamma(b) - lgamma(a + b))
    return select(large, far, near)


def beta_density(a: Any, b: Any, x: Any) -> Any:
    """x^(a-1) (1-x)^(b-1) / beta(a, b), the slope of betainc by x."""
    holds = logical_and(x > 0.0, x < 1.0)
    safe = select(holds, x, 0.5)
    made = exp(_log_beta_weight(a, b, safe, 1.0 - safe) - log(safe) - log1p(-safe))
    low = select(a > 1.0, 0.0, select(a.equals(1.0), b, inf))
    high = select(b > 1.0, 0.0, select(b.equals(1.0), a, inf))
    edge = select(x.equals(0.0), low, select(x.equals(1.0), high, nan))
    return select(holds, made, edge)


def beta_first(a: Any, b: Any, x: Any, rest: Any = None) -> Any:
    """The slope of betainc by a; `rest` is 1 - x."""
    return _beta_shape(a, b, x, 1.0 - x if rest is None else rest, 1.0)


def beta_second(a: Any, b: Any, x: Any) -> Any:
    """The slope of betainc by b."""
    return _beta_shape(a, b, x, 1.0 - x, 0.0)


def _beta_shape(a: Any, b: Any, x: Any, rest: Any, first: float) -> Any:
    valid = logical_and(a > 0.0, b > 0.0)
    holds = logical_and(valid, logical_and(x > 0.0, rest > 0.0))
    within = logical_and(x >= 0.0, rest >= 0.0)
    a, b, x, rest = _inner(holds, (a, 1.0), (b, 1.0), (x, 0.5), (rest, 0.5))
    more = select(b < 1.0, b + 1.0, b)
    turned = x * (a + 1.0 + more) > a + 1.0  # the other tail is the smaller one
    c, d = select(turned, b, a), select(turned, a, b)
    t, left = select(turned, rest, x), select(turned, x, rest)
    slope = _lower_slope(c, d, t, left, select(turned, number(x, 1.0 - first), first))
    edge = select(logical_and(valid, within), number(x, 0.0), nan)
    return select(holds, select(turned, -slope, slope), edge)


def t_shape(df: Any, t: Any) -> Any:
    """The slope of stdtr by df: it is I(df / 2, 1 / 2, x) / 2 left of 0, x = df / (df + t^2)."""
    finite = isfinite(t)
    square = select(finite, t * t, 1.0)
    half, other = 0.5 * df, number(df, 0.5)
    x, rest = df / (df + square), square / (df + square)
    moved = exp(_log_beta_weight(half, other, x, rest)) / df
    found = 0.5 * (0.5 * beta_first(half, other, x, rest) + moved)
    return select(finite, select(t > 0.0, -found, found), select(t.equals(t), number(t, 0.0), nan))


def _lower_slope(a: Any, b: Any, x: Any, rest: Any, first: Any) -> Any:
    """By a where `first` is 1.0, else by b; x is below the mode of the integrand."""
    few = logical_and(b < 1.0, rest * (a + 1.0) < 1.0)  # else a singularity is near the end
    p, q = a + 1.0, select(few, b + 1.0, b)
    scale = 1.0 / (p - (q - 1.0) * x / rest + sqrt(p))
    by_a, by_b = log(x) + digamma_rise(p, q), digamma_rise(q, p)

    def integrand(
        s: Any, ds: Any, p: Any, q: Any, x: Any, rest: Any, scale: Any, first: Any, a: Any, b: Any
    ) -> Any:
        s = scale * s
        weight = exp(-p * s + (q - 1.0) * log1p(-x * expm1(-s) / rest))
        slope = first * (a - s) + (1.0 - first) * (log1p(-x * exp(-s)) + b)
        return scale * ds * weight * slope

    def chosen(one: Any, other: Any) -> Any:
        return first * one + (1.0 - first) * other

    found = integral(x + a + b, integrand, HALF_LINE, p, q, x, rest, scale, first, by_a, by_b)
    total = exp(_log_beta_weight(p, q, x, rest) - log(rest)) * found
    below = chosen(log(x) + digamma_gap(a + b, p), log(rest) + digamma_rise(b, a))
    total = total + exp(_log_beta_weight(a, b, x, rest)) / a * below
    beside = chosen(log(x) + digamma_rise(p, b), log(rest) + digamma_rise(b + 1.0, a))
    return total - select(few, exp(_log_beta_weight(p, b, x, rest)) / b * beside, 0.0)

"""Gamma and beta functions and their inverses, from SciPy: formulas of DLMF 5, 8.8 and 8.17."""

from __future__ import annotations

from math import pi
from typing import Any

from tapec.ir.ops.called import called, special
from tapec.ir.ops.logic import select
from tapec.ir.ops.math import cos, exp, log1p, sin, sqrt
from tapec.ir.ops.rules import number
from tapec.ir.ops.shape_slopes import (
    beta_density,
    beta_first,
    beta_second,
    digamma_gap,
    gamma_density,
    gamma_shape,
    t_shape,
)
from tapec.ir.ops.special import digamma, gamma

_SHAPES = (0.3, 6.0)
_UNIT = (0.1, 0.9)


def _gap(u: Any, v: Any) -> Any:
    """digamma(u) - digamma(v), without cancellation where both are positive."""
    positive = select(u > 0.0, v, u) > 0.0
    near = digamma_gap(select(positive, u, 1.0), select(positive, v, 1.0))
    return select(positive, near, digamma(u) - digamma(v))


def _rgamma(y: Any, x: Any) -> Any:
    """Left of 1/2 by reflection: there are zeros, at poles of digamma."""
    right = x > 0.5
    mirrored = select(right, number(x, 0.5), 1.0 - x)
    turned = cos(pi * x) - sin(pi * x) * (digamma(mirrored) / pi)
    return select(right, -y * digamma(select(right, x, 1.0)), gamma(mirrored) * turned)


called("rgamma", _rgamma, domain=[(-2.5, 4.0)], doc="1 / gamma(x).")
called(
    "beta",
    lambda y, a, b: y * _gap(a, a + b),
    lambda y, a, b: y * _gap(b, a + b),
    domain=[_SHAPES] * 2,
    doc="The beta function.",
)
called(
    "poch",
    lambda y, a, m: y * _gap(a + m, a),
    lambda y, a, m: y * digamma(a + m),
    domain=[_SHAPES] * 2,
    doc="gamma(a + m) / gamma(a).",
)
called(
    "binom",
    lambda y, n, k: y * _gap(n + 1.0, n - k + 1.0),
    lambda y, n, k: y * _gap(n - k + 1.0, k + 1.0),
    domain=[(3.0, 6.0), (0.2, 2.9)],
    doc="Binomial coefficients of real numbers.",
)

# --- incomplete ones and their inverses ----------------------------------------------------------

called(
    "gammainc",
    lambda y, a, x: gamma_shape(a, x),
    lambda y, a, x: gamma_density(a, x),
    domain=[_SHAPES, (0.1, 8.0)],
    doc="The distribution function of gamma variables of shape a.",
)
called(
    "gammaincc",
    lambda y, a, x: -gamma_shape(a, x),
    lambda y, a, x: -gamma_density(a, x),
    domain=[_SHAPES, (0.1, 8.0)],
    doc="1 - gammainc without cancellation.",
)
called(
    "gammaincinv",
    lambda y, a, p: -gamma_shape(a, y) / gamma_density(a, y),
    lambda y, a, p: 1.0 / gamma_density(a, y),
    domain=[_SHAPES, _UNIT],
    doc="The inverse of gammainc by x.",
)
called(
    "gammainccinv",
    lambda y, a, p: -gamma_shape(a, y) / gamma_density(a, y),
    lambda y, a, p: -1.0 / gamma_density(a, y),
    domain=[_SHAPES, _UNIT],
    doc="The inverse of gammaincc by x.",
)
called(
    "betainc",
    lambda y, a, b, x: beta_first(a, b, x),
    lambda y, a, b, x: beta_second(a, b, x),
    lambda y, a, b, x: beta_density(a, b, x),
    domain=[_SHAPES, _SHAPES, _UNIT],
    doc="The distribution function of beta variables.",
)
called(
    "betaincc",
    lambda y, a, b, x: -beta_first(a, b, x),
    lambda y, a, b, x: -beta_second(a, b, x),
    lambda y, a, b, x: -beta_density(a, b, x),
    domain=[_SHAPES, _SHAPES, _UNIT],
    doc="1 - betainc without cancellation.",
)
called(
    "betaincinv",
    lambda y, a, b, p: -beta_first(a, b, y) / beta_density(a, b, y),
    lambda y, a, b, p: -beta_second(a, b, y) / beta_density(a, b, y),
    lambda y, a, b, p: 1.0 / beta_density(a, b, y),
    domain=[_SHAPES, _SHAPES, _UNIT],
    doc="The inverse of betainc by x.",
)
called(
    "betainccinv",
    lambda y, a, b, p: -beta_first(a, b, y) / beta_density(a, b, y),
    lambda y, a, b, p: -beta_second(a, b, y) / beta_density(a, b, y),
    lambda y, a, b, p: -1.0 / beta_density(a, b, y),
    domain=[_SHAPES, _SHAPES, _UNIT],
    doc="The inverse of betaincc by x.",
)


# --- Student's t ---------------------------------------------------------------------------------


def _density(df: Any, t: Any) -> Any:
    """Of Student's t."""
    kernel = exp(-0.5 * (df + 1.0) * log1p(t / df * t))
    return kernel / (special("beta", 0.5 * df, number(df, 0.5)) * sqrt(df))


called(
    "stdtr",
    lambda y, df, t: t_shape(df, t),
    lambda y, df, t: _density(df, t),
    domain=[_SHAPES, (-3.0, 3.0)],
    doc="The distribution function of Student's t.",
)
called(
    "stdtrit",
    lambda y, df, p: -t_shape(df, y) / _density(df, y),
    lambda y, df, p: 1.0 / _density(df, y),
    domain=[(0.7, 6.0), _UNIT],
    doc="The inverse of stdtr by t.",
)

"""Noncentral distribution functions from SciPy, as mixtures.

Formulas of Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions, vol. 2.

Degrees of freedom have no closed form; neither has Student's noncentral t.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tapec.ir.ops.arith import abs as size
from tapec.ir.ops.arith import minimum
from tapec.ir.ops.called import called, special
from tapec.ir.ops.math import exp, log, sqrt
from tapec.ir.ops.shape_slopes import beta_density
from tapec.ir.ops.stencils import by_stencil

Partials = Sequence[Callable[..., Any]]
_DF = (0.7, 6.0)


def _of_degrees(df: Any, ratio: Any) -> Any:
    """A step: in the tails distribution functions are powers of `ratio` with exponent df / 2."""
    return minimum(0.02 * df, 0.1 / (0.5 * size(log(ratio)) + 1.0 / sqrt(df)))


# --- chi-squared ---------------------------------------------------------------------------------


def _chi_density(x: Any, df: Any, nc: Any) -> Any:
    root = sqrt(x) - sqrt(nc)
    order = 0.5 * df - 1.0
    power = exp(0.5 * order * (log(x) - log(nc)) - 0.5 * root * root)
    return 0.5 * power * special("ive", order, sqrt(x * nc))


_chi_by_df = by_stencil("chndtr", 1, lambda x, df, nc: _of_degrees(df, x / (df + nc)))
CHI_SQUARED: Partials = (
    _chi_density,
    lambda x, df, nc: _chi_by_df(None, x, df, nc),
    lambda x, df, nc: -_chi_density(x, df + 2.0, nc),
)
called(
    "chndtr",
    *(lambda y, *xs, partial=partial: partial(*xs) for partial in CHI_SQUARED),
    domain=[(0.5, 6.0), (1.0, 5.0), (0.3, 3.0)],
    doc="Of noncentral chi-squared variables.",
)

# --- F -------------------------------------------------------------------------------------------


def _share(dfn: Any, dfd: Any, f: Any) -> tuple[Any, Any]:
    total = dfn * f + dfd
    return dfn * f / total, dfd / total


def _mixture(a: Any, b: Any, c: Any, half: Any, w: Any, rest: Any) -> Any:
    """The density of beta variables of shapes c and b times exp(-half) 1F1(a + b; c; half w)."""
    factor = exp(-half * rest) * special("hyp1f1", c - a - b, c, -half * w)
    return beta_density(c, b, w) * factor


def _f_density(dfn: Any, dfd: Any, nc: Any, f: Any) -> Any:
    w, rest = _share(dfn, dfd, f)
    return _mixture(0.5 * dfn, 0.5 * dfd, 0.5 * dfn, 0.5 * nc, w, rest) * w * rest / f


def _f_by_nc(dfn: Any, dfd: Any, nc: Any, f: Any) -> Any:
    """I(a + 1, b, w) - I(a, b, w) is -(1 - w) / (a + b) of the density of shapes a + 1 and b."""
    w, rest = _share(dfn, dfd, f)
    a, b = 0.5 * dfn, 0.5 * dfd
    return -0.5 * rest * _mixture(a, b, a + 1.0, 0.5 * nc, w, rest) / (a + b)


def _means(dfn: Any, dfd: Any, nc: Any, f: Any) -> Any:
    """The mean of 1 and f, by degrees of freedom: shares of it are powers in the tails."""
    return (dfn * f + dfd) / (dfn + dfd)


_f_by_dfn = by_stencil("ncfdtr", 0, lambda *xs: _of_degrees(xs[0], xs[3] / _means(*xs)))
_f_by_dfd = by_stencil("ncfdtr", 1, lambda *xs: _of_degrees(xs[1], _means(*xs)))
F_RATIO: Partials = (
    lambda *xs: _f_by_dfn(None, *xs),
    lambda *xs: _f_by_dfd(None, *xs),
    _f_by_nc,
    _f_density,
)
called(
    "ncfdtr",
    *(lambda y, *xs, partial=partial: partial(*xs) for partial in F_RATIO),
    domain=[_DF, _DF, (0.3, 3.0), (0.3, 2.0)],
    doc="Of noncentral F.",
)

# --- t -------------------------------------------------------------------------------------------


def _of_center(df: Any, nc: Any, t: Any) -> Any:
    return 0.1 / (1.0 + 0.2 * size(t - nc))


def _of_point(df: Any, nc: Any, t: Any) -> Any:
    """Within the distance to the singularities at t^2 = -df."""
    return minimum(0.02 * sqrt(df + t * t), 0.1 / (1.0 + 0.2 * size(t - nc)))


_t_by_df = by_stencil("nctdtr", 0, lambda df, nc, t: _of_degrees(df, 1.0 + t * t / df))
_t_by_nc = by_stencil("nctdtr", 1, _of_center)
_t_density = by_stencil("nctdtr", 2, _of_point)
STUDENT: Partials = (
    lambda *xs: _t_by_df(None, *xs),
    lambda *xs: _t_by_nc(None, *xs),
    lambda *xs: _t_density(None, *xs),
)
called(
    "nctdtr", _t_by_df, _t_by_nc, _t_density,
    domain=[(2.0, 6.0), (0.3, 2.0), (-1.0, 3.0)],
    doc="Of Student's noncentral t.",
)  # fmt: skip

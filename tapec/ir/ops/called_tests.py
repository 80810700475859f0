"""Distribution functions of tests from SciPy: incomplete gamma and beta functions."""

from __future__ import annotations

from typing import Any

from tapec.ir.ops.arith import floor
from tapec.ir.ops.called import Slope, called, no_slope
from tapec.ir.ops.shape_slopes import (
    beta_density,
    beta_first,
    beta_second,
    gamma_density,
    gamma_shape,
)

_DF, _P = (0.7, 6.0), (0.1, 0.9)


def _both(name: str, *slopes: Slope, domain: list[tuple[float, float]], doc: str) -> None:
    """A distribution function and its complement."""
    called(name, *slopes, domain=domain, doc=doc)
    called(f"{name}c", *map(_negated, slopes), domain=domain, doc=f"1 - {name}.")


def _negated(slope: Slope) -> Slope:
    return slope if hasattr(slope, "needs_name") else lambda *operands: -slope(*operands)


# --- chi-squared, gamma, Poisson -----------------------------------------------------------------


def _chi_shape(y: Any, v: Any, x: Any) -> Any:
    return 0.5 * gamma_shape(0.5 * v, 0.5 * x)


def _chi_density(y: Any, v: Any, x: Any) -> Any:
    return 0.5 * gamma_density(0.5 * v, 0.5 * x)


_both("chdtr", _chi_shape, _chi_density, domain=[_DF, (0.3, 8.0)], doc="Of chi-squared.")
called(
    "chdtri",
    lambda y, v, p: -_chi_shape(y, v, y) / _chi_density(y, v, y),
    lambda y, v, p: -1.0 / _chi_density(y, v, y),
    domain=[_DF, _P],
    doc="The inverse of chdtrc by x.",
)
_both(
    "gdtr",
    lambda y, a, b, x: x * gamma_density(b, a * x),
    lambda y, a, b, x: gamma_shape(b, a * x),
    lambda y, a, b, x: a * gamma_density(b, a * x),
    domain=[_DF, _DF, (0.3, 2.0)],
    doc="Of gamma variables with rate a and shape b.",
)
called(
    "gdtrix",
    lambda y, a, b, p: -y / a,
    lambda y, a, b, p: -gamma_shape(b, a * y) / (a * gamma_density(b, a * y)),
    lambda y, a, b, p: 1.0 / (a * gamma_density(b, a * y)),
    domain=[_DF, _DF, _P],
    doc="The inverse of gdtr by x.",
)
_both(
    "pdtr",
    lambda y, k, m: 0.0 * k,
    lambda y, k, m: -gamma_density(floor(k) + 1.0, m),
    domain=[(0.1, 0.9), (0.3, 4.0)],
    doc="Of Poisson's variables: a step function of k.",
)
called(
    "pdtri",
    no_slope("k"),
    lambda y, k, p: -1.0 / gamma_density(k + 1.0, y),
    domain=[(1.0, 1.0), _P],
    doc="The inverse of pdtr by m, of whole k.",
)


# --- F, binomial ---------------------------------------------------------------------------------


def _share(a: Any, b: Any, x: Any) -> tuple[Any, Any, Any]:
    """w = a x / (a x + b), and 1 - w and the beta density at w."""
    total = a * x + b
    w = a * x / total
    return w, b / total, beta_density(0.5 * a, 0.5 * b, w)


def f_first(y: Any, a: Any, b: Any, x: Any) -> Any:
    """The slope of fdtr by a."""
    w, rest, density = _share(a, b, x)
    return 0.5 * beta_first(0.5 * a, 0.5 * b, w, rest) + density * w * rest / a


def f_second(y: Any, a: Any, b: Any, x: Any) -> Any:
    """The slope of fdtr by b."""
    w, rest, density = _share(a, b, x)
    return 0.5 * beta_second(0.5 * a, 0.5 * b, w) - density * w * rest / b


def f_density(y: Any, a: Any, b: Any, x: Any) -> Any:
    """The slope of fdtr by x."""
    _, rest, density = _share(a, b, x)
    return density * rest * a / (a * x + b)


_both("fdtr", f_first, f_second, f_density, domain=[_DF, _DF, (0.3, 3.0)], doc="Of F.")
called(
    "fdtri",
    lambda y, a, b, p: -f_first(y, a, b, y) / f_density(y, a, b, y),
    lambda y, a, b, p: -f_second(y, a, b, y) / f_density(y, a, b, y),
    lambda y, a, b, p: 1.0 / f_density(y, a, b, y),
    domain=[_DF, _DF, _P],
    doc="The inverse of fdtr by x.",
)
_COUNTS = [(2.0, 2.0), (5.0, 5.0), _P]
_both(
    "bdtr",
    no_slope("k"),
    no_slope("n"),
    lambda y, k, n, p: -beta_density(n - floor(k), floor(k) + 1.0, 1.0 - p),
    domain=_COUNTS,
    doc="Of binomial variables.",
)
_both(
    "nbdtr",
    no_slope("k"),
    no_slope("n"),
    lambda y, k, n, p: beta_density(n, k + 1.0, p),
    domain=_COUNTS,
    doc="Of negative binomial variables.",
)

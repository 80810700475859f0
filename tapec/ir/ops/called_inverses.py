"""Inverses of distribution functions by parameters, from SciPy: the implicit function theorem.

Where F(..., y, ...) = p, the slope of y by p is 1 / F_y, and by another operand x it is -F_x / F_y.
A probability p takes the place of the parameter that is sought.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tapec.ir.ops.called import Slope, called, no_slope
from tapec.ir.ops.called_noncentral import CHI_SQUARED, F_RATIO, STUDENT
from tapec.ir.ops.called_tests import f_density, f_first, f_second
from tapec.ir.ops.shape_slopes import (
    beta_density,
    beta_first,
    beta_second,
    gamma_density,
    gamma_shape,
    t_shape,
)

Partials = Sequence[Callable[..., Any]]
Domain = Sequence[tuple[float, float]]


def _inverse(
    name: str, place: int, partials: Partials, domain: Domain, doc: str, digits: int = 13
) -> None:
    """`partials` are those of the distribution function by each of its operands."""

    def by(k: int) -> Slope:
        def slope(y: Any, *operands: Any) -> Any:
            at = (*operands[:place], y, *operands[place + 1 :])
            below = partials[place](*at)
            return 1.0 / below if k == place else -partials[k](*at) / below

        return slope

    called(name, *map(by, range(len(partials))), domain=domain, doc=doc, digits=digits)


_DF, _P = (0.7, 6.0), (0.1, 0.9)

# --- gamma, beta, F, t ---------------------------------------------------------------------------

_CHI: Partials = (
    lambda v, x: 0.5 * gamma_shape(0.5 * v, 0.5 * x),
    lambda v, x: 0.5 * gamma_density(0.5 * v, 0.5 * x),
)
_inverse("chdtriv", 0, _CHI, [_P, (0.7, 6.0)], "The inverse of chdtr by v.")
_GAMMA: Partials = (
    lambda a, b, x: x * gamma_density(b, a * x),
    lambda a, b, x: gamma_shape(b, a * x),
    lambda a, b, x: a * gamma_density(b, a * x),
)
_inverse("gdtria", 0, _GAMMA, [_P, _DF, (0.3, 2.0)], "The inverse of gdtr by the rate.")
_inverse("gdtrib", 1, _GAMMA, [_DF, _P, (0.3, 2.0)], "The inverse of gdtr by the shape.")
_BETA: Partials = (beta_first, beta_second, beta_density)
_inverse("btdtria", 0, _BETA, [_P, _DF, _P], "The inverse of betainc by its first shape.")
_inverse("btdtrib", 1, _BETA, [_DF, _P, _P], "The inverse of betainc by its second shape.")
_RATIO: Partials = (
    lambda a, b, x: f_first(None, a, b, x),
    lambda a, b, x: f_second(None, a, b, x),
    lambda a, b, x: f_density(None, a, b, x),
)
_inverse("fdtridfd", 1, _RATIO, [(2.0, 4.0), (0.5, 0.6), (1.2, 1.5)], "The inverse of fdtr by b.")


def _t_density(df: Any, t: Any) -> Any:
    """As the density of beta variables at df / (df + t^2)."""
    square = df + t * t
    half = 0.0 * df + 0.5
    return beta_density(0.5 * df, half, df / square) * df * t / (square * square)


_inverse("stdtridf", 0, (t_shape, _t_density), [(0.75, 0.8), (1.0, 1.2)],
         "The inverse of stdtr by df.")  # fmt: skip

# --- counts --------------------------------------------------------------------------------------

_POISSON: Partials = (
    lambda k, m: -gamma_shape(k + 1.0, m),
    lambda k, m: -gamma_density(k + 1.0, m),
)
_inverse("pdtrik", 0, _POISSON, [_P, (2.0, 4.0)], "The inverse of pdtr by k.")
_BINOMIAL: Partials = (
    lambda k, n, p: beta_second(n - k, k + 1.0, 1.0 - p) - beta_first(n - k, k + 1.0, 1.0 - p),
    lambda k, n, p: beta_first(n - k, k + 1.0, 1.0 - p),
    lambda k, n, p: -beta_density(n - k, k + 1.0, 1.0 - p),
)
_inverse("bdtrik", 0, _BINOMIAL, [(0.4, 0.6), (8.0, 9.0), (0.4, 0.6)], "The inverse of bdtr by k.")
_inverse("bdtrin", 1, _BINOMIAL, [(2.0, 3.0), (0.4, 0.6), (0.3, 0.5)], "The inverse of bdtr by n.")
called(
    "bdtri",
    no_slope("k"),
    no_slope("n"),
    lambda y, k, n, p: 1.0 / _BINOMIAL[2](k, n, y),
    domain=[(2.0, 2.0), (5.0, 5.0), _P],
    doc="The inverse of bdtr by p.",
)
_NEGATIVE: Partials = (
    lambda k, n, p: beta_second(n, k + 1.0, p),
    lambda k, n, p: beta_first(n, k + 1.0, p),
    lambda k, n, p: beta_density(n, k + 1.0, p),
)
_inverse(
    "nbdtrik", 0, _NEGATIVE, [(0.4, 0.6), (4.0, 5.0), (0.3, 0.5)], "The inverse of nbdtr by k."
)
_inverse(
    "nbdtrin", 1, _NEGATIVE, [(2.0, 3.0), (0.4, 0.6), (0.3, 0.5)], "The inverse of nbdtr by n."
)
called(
    "nbdtri",
    no_slope("k"),
    no_slope("n"),
    lambda y, k, n, p: 1.0 / _NEGATIVE[2](k, n, y),
    domain=[(2.0, 2.0), (5.0, 5.0), _P],
    doc="The inverse of nbdtr by p.",
)

# --- noncentral ones -----------------------------------------------------------------------------

_NC, _TAIL = (0.3, 3.0), (0.3, 0.6)
_inverse("chndtrix", 0, CHI_SQUARED, [_P, _DF, _NC], "The inverse of chndtr by x.")
_inverse("chndtridf", 1, CHI_SQUARED, [(4.0, 6.0), _TAIL, _NC], "The inverse of chndtr by df.")
_inverse("chndtrinc", 2, CHI_SQUARED, [(4.0, 6.0), (1.0, 2.0), _TAIL],
         "The inverse of chndtr by nc.")  # fmt: skip
_inverse("ncfdtri", 3, F_RATIO, [_DF, _DF, _NC, _P], "The inverse of ncfdtr by f.")
_inverse("ncfdtridfn", 0, F_RATIO, [(0.583, 0.59), (5.0, 5.1), (0.3, 0.31), (1.3, 1.31)],
         "The inverse of ncfdtr by dfn.", digits=8)  # fmt: skip
_inverse("ncfdtridfd", 1, F_RATIO, [(3.0, 4.0), (0.55, 0.6), (0.3, 0.5), (1.6, 1.8)],
         "The inverse of ncfdtr by dfd.", digits=8)  # fmt: skip
_inverse("ncfdtrinc", 2, F_RATIO, [(3.0, 4.0), (3.0, 6.0), (0.2, 0.3), (1.2, 1.5)],
         "The inverse of ncfdtr by nc.", digits=7)  # fmt: skip
_inverse("nctdtrit", 2, STUDENT, [_DF, _NC, _P], "The inverse of nctdtr by t.", digits=10)
_inverse("nctdtridf", 0, STUDENT, [(0.3, 0.35), (0.5, 0.6), (0.2, 0.25)],
         "The inverse of nctdtr by df.", digits=6)  # fmt: skip
_inverse("nctdtrinc", 1, STUDENT, [_DF, _TAIL, _NC], "The inverse of nctdtr by nc.", digits=10)

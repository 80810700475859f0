"""Integrals of Bessel, Airy's and Struve's functions from SciPy; Wright's and Smirnov's sums.

DLMF 10.43, 9.10, 10.46; Smirnov's is that of Birnbaum and Tingey, Annals of Mathematical Statistics
22, 1951.
"""

from __future__ import annotations

from math import factorial, lgamma
from typing import Any

import numpy as np

from tapec.ir.ops.arith import abs as size
from tapec.ir.ops.arith import minimum
from tapec.ir.ops.bessel import i0, j0, k0, y0
from tapec.ir.ops.called import called, results, special
from tapec.ir.ops.logic import logical_and, select
from tapec.ir.ops.math import exp, log, log1p
from tapec.ir.ops.quadrature import integral
from tapec.ir.ops.rules import number
from tapec.ir.ops.stencils import by_stencil

_X = [(0.5, 4.0)]


def _zeroth(name: str, x: Any) -> Any:
    return special(name, number(x, 0.0), x)


def _gap(x: Any, sign: float, far: Any) -> Any:
    """(I0 - 1) / x or (1 - J0) / x: by the power series near 0, where the terms cancel."""
    small = size(x) < 1.0
    t = select(small, 0.5 * x, 0.0)
    square, total = t * t, number(x, 0.0)
    for k in range(9, 0, -1):
        total = total * square + sign ** (k + 1) / factorial(k) ** 2
    return select(small, 0.5 * t * total, far / select(small, 1.0, x))


results(
    "itj0y0",
    ("itj0y0_j", "itj0y0_y"),
    (lambda y, x: j0(x), lambda y, x: y0(x)),
    domain=_X,
    doc="Integrals of J_0 and Y_0 from 0.",
    digits=10,
)
results(
    "iti0k0",
    ("iti0k0_i", "iti0k0_k"),
    (lambda y, x: i0(x), lambda y, x: k0(x)),
    domain=_X,
    doc="Integrals of I_0 and K_0 from 0.",
    digits=10,
)
results(
    "it2j0y0",
    ("it2j0y0_j", "it2j0y0_y"),
    (lambda y, x: _gap(x, -1.0, 1.0 - j0(x)), lambda y, x: -y0(x) / x),
    domain=_X,
    doc="Integrals of (1 - J_0(t)) / t from 0 and of Y_0(t) / t to infinity.",
    digits=8,
)
results(
    "it2i0k0",
    ("it2i0k0_i", "it2i0k0_k"),
    (lambda y, x: _gap(x, 1.0, i0(x) - 1.0), lambda y, x: -k0(x) / x),
    domain=_X,
    doc="Integrals of (I_0(t) - 1) / t from 0 and of K_0(t) / t to infinity.",
    digits=8,
)
results(
    "itairy",
    ("itairy_ai", "itairy_bi", "itairy_ai_left", "itairy_bi_left"),
    (
        lambda y, x: special("airy_ai", x),
        lambda y, x: special("airy_bi", x),
        lambda y, x: special("airy_ai", -x),
        lambda y, x: special("airy_bi", -x),
    ),
    domain=[(0.5, 3.0)],
    doc="Integrals of Airy's functions of t and of -t from 0.",
    digits=9,
)
called("itstruve0", lambda y, x: _zeroth("struve", x), domain=_X, doc="Integral of H_0 from 0.")
called(
    "itmodstruve0", lambda y, x: _zeroth("modstruve", x), domain=_X, doc="Integral of L_0 from 0."
)
called(
    "it2struve0",
    lambda y, x: -_zeroth("struve", x) / x,
    domain=_X,
    doc="Integral of H_0(t) / t to infinity.",
)


def _inside(a: Any, power: Any, order: Any) -> Any:
    return 0.1 / (2.0 + log1p(size(a)) + log1p(size(order)))


called(
    "besselpoly",
    lambda y, a, power, order: (
        special("besselpoly", a, power + 1.0, order - 1.0)
        - special("besselpoly", a, power + 1.0, order + 1.0)
    ),
    by_stencil("besselpoly", 1, lambda a, power, order: minimum(0.02 * (power + order + 1.0), 0.1)),
    by_stencil("besselpoly", 2, _inside),
    domain=[(0.3, 2.0), (0.5, 2.0), (0.5, 2.0)],
    doc="The integral of x^power J_order(2 a x) from 0 to 1.",
)

# --- sums ----------------------------------------------------------------------------------------


def _within(b: Any) -> Any:
    """Steps that stay above 0, where the series is defined."""
    return minimum(0.02 * b, 0.03)


called(
    "wright_bessel",
    by_stencil("wright_bessel", 0, lambda a, b, x: _within(a)),
    by_stencil("wright_bessel", 1, lambda a, b, x: _within(b)),
    lambda y, a, b, x: special("wright_bessel", a, a + b, x),
    domain=[(0.5, 2.0), (0.5, 2.0), (0.3, 2.0)],
    doc="Wright's generalised Bessel function.",
)
called(
    "log_wright_bessel",
    by_stencil("log_wright_bessel", 0, lambda a, b, x: _within(a)),
    by_stencil("log_wright_bessel", 1, lambda a, b, x: _within(b)),
    lambda y, a, b, x: exp(special("log_wright_bessel", a, a + b, x) - y),
    domain=[(0.5, 2.0), (0.5, 2.0), (0.3, 2.0)],
    doc="The logarithm of wright_bessel.",
)


def _smirnov(d: Any, n: int) -> Any:
    """The slope of the sum of binomial terms with 1 - d - j / n > 0."""
    counts = np.arange(float(n) + 1.0)
    ways = np.array([lgamma(n + 1.0) - lgamma(j + 1.0) - lgamma(n - j + 1.0) for j in counts])

    def term(j: Any, way: Any, d: Any) -> Any:
        below, above = d + j * (1.0 / n), 1.0 - d - j * (1.0 / n)
        holds = above > 0.0
        rest = select(holds, above, 1.0)
        size = exp(way + (float(n) - j) * log(rest) + (j - 1.0) * log(below))
        slope = 1.0 + d * ((j - 1.0) / below - (float(n) - j) / rest)
        return select(holds, size * slope, 0.0)

    return integral(d, term, (counts, ways), d)


def _smirnov_slope(y: Any, d: Any, n: int) -> Any:
    inside = logical_and(d > 0.0, d < 1.0)
    at_zero = select(d.equals(0.0), -1.0, number(d, 0.0))
    return select(inside, _smirnov(select(inside, d, 0.5), n), at_zero)


_COUNTS = ((1,), (4,), (11,))
called(
    "smirnov", _smirnov_slope, domain=[(0.3, 0.34)], orders=1, fixed=_COUNTS,
    doc="The tail of Smirnov's one-sided statistic of n numbers.",
)  # fmt: skip
called(
    "smirnovi", lambda d, p, n: 1.0 / _smirnov(d, n), domain=[(0.3, 0.34)], orders=1, fixed=_COUNTS,
    doc="The inverse of smirnov by d.",
)  # fmt: skip

"""Integrals of exponentials, their inverses; values are SciPy's.

Formulas are those of the Digital Library of Mathematical Functions: 6.2 and 7.6 to 7.17.
"""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

from tapec.ir.ops.arith import abs as size
from tapec.ir.ops.logic import select
from tapec.ir.ops.math import exp
from tapec.ir.ops.rules import ANY, POSITIVE, UNIT, floating
from tapec.ir.ops.special import by_scipy
from tapec.ir.primitive import Partial, Primitive, elementwise


def _function(name: str, partial: Partial, interval: tuple[float, float], doc: str) -> Primitive:
    return elementwise(
        name,
        by_scipy(name),
        (partial,),
        infer=floating,
        lower=f"scipy.{name}",
        public={name: None},
        cost=100,
        domain=(interval,),
        analytic=False,
        doc=doc,
    )


def _series(x: Any, sign: float, terms: int = 12) -> Any:
    """The sum of (2k - 1)!! (sign / (2 x^2))^k for k > 0, from the last term on; x >= 10."""
    z, value = sign * 0.5 / (x * x), 1.0
    for k in reversed(range(1, terms)):
        value = 1.0 + value * (2 * k + 1) * z
    return value * z


def _beyond(x: Any, near: Any, far: Any, start: float = 10.0) -> Any:
    """`near`, and `far(x)` where x is so large that differences in `near` lose more digits."""
    large = size(x) > start
    return select(large, far(select(large, x, x * 0.0 + start)), near)


def _slope_dawsn(y: Any, x: Any) -> Any:
    """1 - 2 x y, whose terms cancel for large x."""
    return _beyond(x, 1.0 - 2.0 * x * y, lambda x: -_series(x, 1.0))


def _slope_erfcx(y: Any, x: Any) -> Any:
    """2 x y - 2 / sqrt(pi), whose terms cancel for large positive x."""
    far = lambda x: (2.0 / sqrt(pi)) * _series(x, -1.0)  # noqa: E731
    plain = 2.0 * x * y - 2.0 / sqrt(pi)
    return select(x > 0.0, _beyond(x, plain, far), plain)


# --- of exp(-x^2) --------------------------------------------------------------------------------

erfinv: Primitive = _function(
    "erfinv",
    lambda y, x: (0.5 * sqrt(pi)) * exp(y * y),
    UNIT,
    "The inverse of erf.",
)
erfcinv: Primitive = _function(
    "erfcinv",
    lambda y, x: (-0.5 * sqrt(pi)) * exp(y * y),
    (0.1, 1.9),
    "The inverse of erfc.",
)
ndtri: Primitive = _function(
    "ndtri",
    lambda y, x: sqrt(2.0 * pi) * exp(0.5 * y * y),
    (0.05, 0.95),
    "Quantiles of the normal distribution: the inverse of ndtr.",
)
erfcx: Primitive = _function("erfcx", _slope_erfcx, ANY, "exp(x^2) erfc(x).")
dawsn: Primitive = _function(
    "dawsn", _slope_dawsn, ANY, "Dawson's integral: exp(-x^2) times that of exp(t^2) up to x."
)

# --- of exp(x) / x, and powers of x --------------------------------------------------------------

expi: Primitive = _function(
    "expi", lambda y, x: exp(x) / x, POSITIVE, "The integral of exp(t) / t up to x."
)
exp1: Primitive = _function(
    "exp1", lambda y, x: -exp(-x) / x, POSITIVE, "The integral of exp(-t) / t from x on."
)

"""Bessel functions of orders that are traced too, their spherical, Airy's and Kelvin's kin.

Slopes by x are those of DLMF 9.2, 10.6, 10.29, 10.51, 10.61 and 11.4. Those by the order are
differences, but for K, which has its integral 10.32.9.
"""

from __future__ import annotations

from math import pi
from typing import Any

from tapec.ir.ops.arith import abs as size
from tapec.ir.ops.arith import minimum, sign
from tapec.ir.ops.called import Slope, called, results, special
from tapec.ir.ops.logic import select, stop_gradient
from tapec.ir.ops.math import arccosh, arcsinh, exp, log, log1p, sqrt
from tapec.ir.ops.quadrature import LINE, integral
from tapec.ir.ops.special import lgamma
from tapec.ir.ops.stencils import by_stencil

_ORDERS, _POINTS = (0.3, 3.0), (0.5, 4.0)


def _of_orders(name: str) -> Slope:
    """The functions are entire in the order, and change over one by the logarithm of v / x."""

    def step(v: Any, x: Any) -> Any:
        large = select(x.equals(0.0), 1.0, size(x))
        return 0.1 / (2.0 + size(log(0.5 * large)) + log1p(size(v)))

    return by_stencil(name, 0, step)


def _beside(name: str, v: Any, x: Any) -> tuple[Any, Any]:
    return special(name, v - 1.0, x), special(name, v + 1.0, x)


def _difference(name: str) -> Slope:
    def slope(y: Any, v: Any, x: Any) -> Any:
        below, above = _beside(name, v, x)
        return 0.5 * (below - above)

    return slope


def _mean(name: str, factor: float, scaled: float = 0.0) -> Slope:
    """The mean of the orders beside; of functions scaled by exp(-x) or exp(x), less or plus y."""

    def slope(y: Any, v: Any, x: Any) -> Any:
        below, above = _beside(name, v, x)
        mean = (0.5 * factor) * (below + above)
        return mean + scaled * (y if name == "kve" else sign(x) * y) if scaled else mean

    return slope


def _by_order(y: Any, v: Any, x: Any) -> Any:
    """That of kve, exp(x) K_v(x): K is the integral of exp(-x cosh t) cosh(v t).

    The window is what lies within 40 of the logarithm at the peak, sinh t = v / x.
    """
    order = size(v)
    peak, radius = arcsinh(order / x), sqrt(x * x + order * order)
    width = 40.0 / radius
    left = minimum(peak, width + sqrt(2.0 * width))
    right = arccosh(1.0 + width)
    stopped = [stop_gradient(e) for e in (peak - left, left + right)]

    def integrand(u: Any, v: Any, x: Any, start: Any, length: Any) -> Any:
        t = start + length * u
        half = exp(0.5 * t) - exp(-0.5 * t)
        damped = -0.5 * x * half * half
        grown, fallen = exp(damped + v * t), exp(damped - v * t)
        return length * t * (0.5 / (len(LINE) - 1)) * (grown - fallen)

    return integral(x + v, integrand, (LINE,), v, x, *stopped)


called(
    "jv",
    _of_orders("jv"),
    _difference("jv"),
    domain=[_ORDERS, _POINTS],
    public=False,
    doc="J_v(x).",
)
called(
    "yv",
    _of_orders("yv"),
    _difference("yv"),
    domain=[_ORDERS, _POINTS],
    public=False,
    doc="Y_v(x).",
)
called(
    "iv", _of_orders("iv"), _mean("iv", 1.0), domain=[_ORDERS, _POINTS], public=False, doc="I_v(x)."
)
called(
    "ive", _of_orders("ive"), _mean("ive", 1.0, -1.0), domain=[_ORDERS, _POINTS], public=False,
    doc="iv times exp(-|x|).",
)  # fmt: skip
called(
    "kv", lambda y, v, x: exp(-x) * _by_order(y, v, x), _mean("kv", -1.0),
    domain=[_ORDERS, _POINTS], public=False, doc="K_v(x), of every order.",
)  # fmt: skip
called(
    "kve", _by_order, _mean("kve", -1.0, 1.0),
    domain=[_ORDERS, _POINTS], public=False, doc="kv times exp(x).",
)  # fmt: skip


def _power(v: Any, x: Any) -> Any:
    """(x / 2)^v / (sqrt(pi) gamma(v + 3 / 2)), for positive x."""
    return exp(v * log(0.5 * x) - lgamma(v + 1.5)) * (1.0 / pi**0.5)


def _struve(name: str, turned: float) -> Slope:
    def slope(y: Any, v: Any, x: Any) -> Any:
        below, above = _beside(name, v, x)
        return 0.5 * (below - turned * above + _power(v, x))

    return slope


called(
    "struve", _of_orders("struve"), _struve("struve", 1.0), domain=[_ORDERS, _POINTS], doc="H_v(x)."
)
called(
    "modstruve",
    _of_orders("modstruve"),
    _struve("modstruve", -1.0),
    domain=[_ORDERS, _POINTS],
    doc="L_v(x).",
)

# --- spherical -----------------------------------------------------------------------------------


def _spherical(name: str, above: float, whole: float = 1.0) -> None:
    """`above` is the sign of the order above in the slope, `whole` that of all of it."""

    def slope(y: Any, x: Any, n: int) -> Any:
        up = special(name, x, orders=(n + 1,))
        if n == 0:
            return (whole * above) * up
        down = special(name, x, orders=(n - 1,))
        return (whole / (2 * n + 1)) * (n * down + above * (n + 1) * up)

    fixed = ((0,), (1,), (3,))
    doc = f"scipy.special.{name}, of an order that is known while tracing."
    called(name, slope, domain=[_POINTS], orders=1, fixed=fixed, public=False, doc=doc)


_spherical("spherical_jn", -1.0)
_spherical("spherical_yn", -1.0)
_spherical("spherical_in", 1.0)
_spherical("spherical_kn", 1.0, whole=-1.0)

# --- Airy's and Kelvin's -------------------------------------------------------------------------

results(
    "airy",
    ("airy_ai", "airy_aip", "airy_bi", "airy_bip"),
    (
        lambda y, x: special("airy_aip", x),
        lambda y, x: x * special("airy_ai", x),
        lambda y, x: special("airy_bip", x),
        lambda y, x: x * special("airy_bi", x),
    ),
    domain=[(-3.0, 3.0)],
    doc="Airy's functions and their slopes.",
)


def _root(x: Any) -> Any:
    """The square root on the right, where functions are scaled."""
    return sqrt(select(x > 0.0, x, 0.0))


results(
    "airye",
    ("airye_ai", "airye_aip", "airye_bi", "airye_bip"),
    (
        lambda y, x: special("airye_aip", x) + sqrt(x) * y,
        lambda y, x: x * special("airye_ai", x) + sqrt(x) * y,
        lambda y, x: special("airye_bip", x) - _root(x) * y,
        lambda y, x: x * special("airye_bi", x) - _root(x) * y,
    ),
    domain=[(0.5, 3.0)],
    doc="Airy's functions times exp(2/3 x^(3/2)) and exp(-2/3 x^(3/2)).",
)


def _over(slope: Any, x: Any, at_zero: float) -> Any:
    none = x.equals(0.0)
    return select(none, at_zero, slope / select(none, 1.0, x))


for _first, _second in (("ber", "bei"), ("ker", "kei")):
    for _name, _slope in ((_first, f"{_first}p"), (_second, f"{_second}p")):
        called(
            _name,
            lambda y, x, name=_slope: special(name, x),
            domain=[_POINTS],
            doc="Kelvin's function.",
        )
    called(
        f"{_first}p",
        lambda y, x, other=_second: -special(other, x) - _over(y, x, 0.0),
        domain=[_POINTS],
        doc="Its slope.",
    )
    called(
        f"{_second}p",
        lambda y, x, other=_first: special(other, x) - _over(y, x, 0.5),
        domain=[_POINTS],
        doc="Its slope.",
    )

"""Elliptic integrals and functions from SciPy: formulas of DLMF 19.4, 19.8, 19.18, 22.13."""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np

from tapec.ir.build import Expr
from tapec.ir.ops.arith import rint
from tapec.ir.ops.called import called, results, special
from tapec.ir.ops.logic import select, stop_gradient
from tapec.ir.ops.math import cos, exp, log, sin, sqrt
from tapec.ir.ops.quadrature import POWERS, integral
from tapec.ir.ops.rules import number

_ITERATIONS = 13  # of the arithmetic-geometric mean: each doubles the digits
_M, _X = (-2.0, 0.9), (0.3, 3.0)


def _mean(rest: Any) -> tuple[Any, Any]:
    """K(m) and the share of D(m) = (K - E) / m in it; `rest` is 1 - m. DLMF 19.8.6."""
    a, b = number(rest, 1.0), sqrt(rest)
    share = (1.0 - b) / (4.0 * (1.0 + b))  # c_n^2 / m, which is no quotient of small numbers
    total, power = 0.5 + share, 1.0
    for _ in range(_ITERATIONS):
        a, b = 0.5 * (a + b), sqrt(a * b)
        after = 0.5 * (a + b)
        share = (1.0 - rest) * share * share / (16.0 * after * after)
        power = 2.0 * power
        total = total + power * share
    return (0.5 * pi) / a, total


def _slope_k(rest: Any) -> Any:
    """dK/dm."""
    k, share = _mean(rest)
    return k * (1.0 - share) / (2.0 * rest)


def _slope_e(y: Any, m: Any) -> Any:
    k, share = _mean(1.0 - m)
    return -0.5 * k * share


called("ellipk", lambda y, m: _slope_k(1.0 - m), domain=[_M], doc="K(m).")
called("ellipkm1", lambda y, p: -_slope_k(p), domain=[(0.1, 3.0)], doc="K(1 - p).")
called("ellipe", _slope_e, domain=[_M], doc="E(m).")


# --- incomplete ----------------------------------------------------------------------------------


def _reduced(phi: Any) -> tuple[Any, Any, Any]:
    """Whole periods of pi that phi is away from 0, sine and squared cosine of the rest."""
    turns = stop_gradient(rint(phi * (1.0 / pi)))
    rest = phi - pi * turns
    return turns, sin(rest), cos(rest) * cos(rest)


def _first_by_m(y: Any, phi: Any, m: Any) -> Any:
    turns, s, square = _reduced(phi)
    part = special("elliprd", square, number(m, 1.0), 1.0 - m * s * s)
    return 2.0 * turns * _slope_k(1.0 - m) + s * s * s * part * (1.0 / 6.0)


def _second_by_m(y: Any, phi: Any, m: Any) -> Any:
    turns, s, square = _reduced(phi)
    part = special("elliprd", square, 1.0 - m * s * s, number(m, 1.0))
    return 2.0 * turns * _slope_e(y, m) - s * s * s * part * (1.0 / 6.0)


def _root(phi: Any, m: Any) -> Any:
    return sqrt(1.0 - m * sin(phi) * sin(phi))


called(
    "ellipkinc",
    lambda y, phi, m: 1.0 / _root(phi, m),
    _first_by_m,
    domain=[(0.3, 1.4), _M],
    doc="The incomplete integral of the first kind.",
)
called(
    "ellipeinc",
    lambda y, phi, m: _root(phi, m),
    _second_by_m,
    domain=[(0.3, 1.4), _M],
    doc="The incomplete integral of the second kind.",
)

# --- Carlson's -----------------------------------------------------------------------------------


def _powers(lead: float, factor: float, *pairs: tuple[Any, float]) -> Expr:
    """`factor` times the integral of t^lead times (t + x)^-b over t, for pairs x, b."""
    xs = [x for x, _ in pairs]
    total = xs[0]
    for x in xs[1:]:
        total = total + x
    scale = stop_gradient(total)

    def integrand(s: Any, scale: Any, *xs: Any) -> Any:
        t = scale * exp(s)
        logs: Any = (lead + 1.0) * log(t)
        for x, (_, b) in zip(xs, pairs, strict=True):
            logs = logs - b * log(t + x)
        return (factor * float(POWERS[1] - POWERS[0])) * exp(logs)

    found = integral(total, integrand, (POWERS,), scale, *xs)
    for x, (_, b) in zip(xs, pairs, strict=True):
        found = select(x.equals(0.0), np.sign(factor) * np.inf, found) if b > 1.0 else found
    return found


def _rf(x: Any, y: Any, z: Any) -> Any:
    """By x."""
    return special("elliprd", y, z, x) * (-1.0 / 6.0)


def _rd(x: Any, y: Any, z: Any) -> Any:
    return _powers(0.0, -0.75, (x, 1.5), (y, 0.5), (z, 1.5))


def _rg(x: Any, y: Any, z: Any) -> Any:
    return _powers(1.0, 0.125, (x, 1.5), (y, 0.5), (z, 0.5))


def _rj(x: Any, y: Any, z: Any, p: Any) -> Any:
    return _powers(0.0, -0.75, (x, 1.5), (y, 0.5), (z, 0.5), (p, 1.0))


called(
    "elliprc",
    lambda r, x, y: _powers(0.0, -0.25, (x, 1.5), (y, 1.0)),
    lambda r, x, y: _powers(0.0, -0.5, (x, 0.5), (y, 2.0)),
    domain=[_X] * 2,
    doc="Carlson's degenerate integral.",
)
called(
    "elliprf",
    lambda r, x, y, z: _rf(x, y, z),
    lambda r, x, y, z: _rf(y, x, z),
    lambda r, x, y, z: _rf(z, x, y),
    domain=[_X] * 3,
    doc="Carlson's integral of the first kind.",
)
called(
    "elliprd",
    lambda r, x, y, z: _rd(x, y, z),
    lambda r, x, y, z: _rd(y, x, z),
    lambda r, x, y, z: _powers(0.0, -2.25, (x, 0.5), (y, 0.5), (z, 2.5)),
    domain=[_X] * 3,
    doc="Carlson's integral of the second kind, degenerate.",
)
called(
    "elliprg",
    lambda r, x, y, z: _rg(x, y, z),
    lambda r, x, y, z: _rg(y, x, z),
    lambda r, x, y, z: _rg(z, x, y),
    domain=[_X] * 3,
    doc="Carlson's integral of the second kind, symmetric.",
)
called(
    "elliprj",
    lambda r, x, y, z, p: _rj(x, y, z, p),
    lambda r, x, y, z, p: _rj(y, x, z, p),
    lambda r, x, y, z, p: _rj(z, x, y, p),
    lambda r, x, y, z, p: _powers(0.0, -1.5, (x, 0.5), (y, 0.5), (z, 0.5), (p, 2.0)),
    domain=[_X] * 4,
    doc="Carlson's integral of the third kind.",
)

# --- Jacobi's functions --------------------------------------------------------------------------


def _jacobi(u: Any, m: Any) -> tuple[Any, Any, Any, Any]:
    """sn, cn, dn, and the slope of the amplitude by m: F(ph, m) = u."""
    names = ("ellipj_sn", "ellipj_cn", "ellipj_dn")
    sn, cn, dn = (special(name, u, m) for name in names)
    return sn, cn, dn, -dn * _first_by_m(None, special("ellipj_ph", u, m), m)


def _sn(y: Any, u: Any, m: Any) -> Any:
    _, cn, _, by_m = _jacobi(u, m)
    return cn * by_m


def _cn(y: Any, u: Any, m: Any) -> Any:
    sn, _, _, by_m = _jacobi(u, m)
    return -sn * by_m


def _dn(y: Any, u: Any, m: Any) -> Any:
    sn, cn, dn, by_m = _jacobi(u, m)
    return -(0.5 * sn * sn + m * sn * cn * by_m) / dn


def _of(name: str, u: Any, m: Any) -> Any:
    return special(f"ellipj_{name}", u, m)


results(
    "ellipj",
    ("ellipj_sn", "ellipj_cn", "ellipj_dn", "ellipj_ph"),
    (
        (lambda y, u, m: _of("cn", u, m) * _of("dn", u, m), _sn),
        (lambda y, u, m: -_of("sn", u, m) * _of("dn", u, m), _cn),
        (lambda y, u, m: -m * _of("sn", u, m) * _of("cn", u, m), _dn),
        (lambda y, u, m: _of("dn", u, m), lambda y, u, m: _jacobi(u, m)[3]),
    ),
    domain=[(0.2, 1.5), (0.1, 0.9)],
    doc="Jacobi's elliptic functions and their amplitude.",
)

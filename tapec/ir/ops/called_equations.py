"""Solutions of linear equations of second order from SciPy, each with its slope as second result.

Mathieu's functions (DLMF 28.2, 28.20), spheroidal wave functions (30.2, 30.3) and parabolic
cylinder functions (12.2): the slope of the slope is what the equation says, slopes by the other
parameters are differences.
"""

from __future__ import annotations

from collections.abc import Callable
from math import pi
from typing import Any

from tapec.ir.ops.arith import abs as size
from tapec.ir.ops.arith import minimum
from tapec.ir.ops.called import Slope, called, no_slope, results, special
from tapec.ir.ops.logic import select
from tapec.ir.ops.math import cos, cosh, log1p
from tapec.ir.ops.stencils import by_stencil

_BY_M, _BY_N = no_slope("the order m"), no_slope("the degree n")

# --- Mathieu -------------------------------------------------------------------------------------

_APART = 1.4  # how far from real q characteristic values have their next branch points, DLMF 28.7


def _by_q(name: str) -> Slope:
    return by_stencil(name, 1, lambda m, q, *x: 0.02 * _APART + 0.0 * q)


_M, _Q = (2.0, 2.0), (0.3, 3.0)
for _name in ("mathieu_a", "mathieu_b"):
    called(_name, _BY_M, _by_q(_name), domain=[_M, _Q], doc="Characteristic values of Mathieu's.")


def _mathieu(name: str, value: str, grown: Callable[[Any], Any], factor: float) -> None:
    """y'' = (2 q grown - a) y times the sign of the slope; `factor` is radians per unit of x."""
    turns, sign = grown is cos, -1.0 if grown is cos else 1.0

    def second(y: Any, m: Any, q: Any, x: Any) -> Any:
        angle = (2.0 * factor) * x if turns else 2.0 * x
        rest = special(value, m, q) - 2.0 * q * grown(angle)
        return (sign * factor) * rest * special(name, m, q, x)

    by_x = (lambda y, m, q, x: factor * special(f"{name}p", m, q, x), second)
    results(
        name,
        (name, f"{name}p"),
        tuple((_BY_M, _by_q(part), by) for part, by in zip((name, f"{name}p"), by_x, strict=True)),
        domain=[_M, _Q, (10.0, 80.0) if turns else (0.2, 1.2)],
        doc="Mathieu's function and its slope.",
    )


_mathieu("mathieu_cem", "mathieu_a", cos, pi / 180.0)
_mathieu("mathieu_sem", "mathieu_b", cos, pi / 180.0)
_mathieu("mathieu_modcem1", "mathieu_a", cosh, 1.0)
_mathieu("mathieu_modcem2", "mathieu_a", cosh, 1.0)
_mathieu("mathieu_modsem1", "mathieu_b", cosh, 1.0)
_mathieu("mathieu_modsem2", "mathieu_b", cosh, 1.0)

# --- spheroidal waves ----------------------------------------------------------------------------


def _by_c(name: str) -> Slope:
    """Even functions of c, which SciPy has for c >= 0 only."""
    inner = by_stencil(name, 2, lambda m, n, c, *x: minimum(0.02 * c, 0.03))

    def slope(y: Any, m: Any, n: Any, c: Any, *x: Any) -> Any:
        none = c.equals(0.0)
        return select(none, 0.0, inner(y, m, n, select(none, 1.0, c), *x))

    return slope


_N, _C = (3.0, 3.0), (0.5, 2.0)
for _name in ("pro_cv", "obl_cv"):
    called(
        _name, _BY_M, _BY_N, _by_c(_name),
        domain=[(1.0, 1.0), _N, _C], doc="Characteristic values of spheroidal waves.",
    )  # fmt: skip


def _spheroidal(name: str, x: tuple[float, float]) -> None:
    """Oblate waves are prolate ones of i c, and their radial ones those of i x."""
    angular, prolate, value = "ang" in name, name.startswith("pro"), f"{name[:3]}_cv"
    straight = angular or prolate
    turned, squeezed = 1.0 if straight else -1.0, 1.0 if prolate else -1.0

    def second(y: Any, m: Any, n: Any, c: Any, x: Any) -> Any:
        square = turned * x * x
        inside = special(value, m, n, c) - squeezed * c * c * square - m * m / (1.0 - square)
        return turned * (2.0 * x * y - inside * special(name, m, n, c, x)) / (1.0 - square)

    names = (name, f"{name}p")
    by_x = (lambda y, m, n, c, x: special(f"{name}p", m, n, c, x), second)
    results(
        name,
        names,
        tuple((_BY_M, _BY_N, _by_c(part), by) for part, by in zip(names, by_x, strict=True)),
        domain=[(1.0, 1.0), _N, _C, x],
        doc="A spheroidal wave and its slope.",
        digits=13 if straight else 11,
    )


for _shape in ("pro", "obl"):
    _spheroidal(f"{_shape}_ang1", (-0.8, 0.8))
    _spheroidal(f"{_shape}_rad1", (1.2, 2.5))
    _spheroidal(f"{_shape}_rad2", (1.2, 2.5))

# --- parabolic cylinders -------------------------------------------------------------------------


def _cylinder(name: str, second: Callable[..., Any], of: str) -> None:
    """With the order first: `second` is the quotient of the second slope and the value."""

    def step(v: Any, x: Any) -> Any:
        return 0.1 / (2.0 + log1p(size(v)) + log1p(size(x)))

    names = (name, f"{name}p")
    by_x = (
        lambda y, v, x: special(f"{name}p", v, x),
        lambda y, v, x: second(v, x) * special(name, v, x),
    )
    results(
        name,
        names,
        tuple((by_stencil(part, 0, step), by) for part, by in zip(names, by_x, strict=True)),
        domain=[(0.3, 2.8), (0.5, 3.0)],
        doc=f"{of} and its slope.",
    )


_cylinder("pbdv", lambda v, x: 0.25 * x * x - v - 0.5, "The parabolic cylinder function D")
_cylinder("pbvv", lambda v, x: 0.25 * x * x - v - 0.5, "The parabolic cylinder function V")
_cylinder("pbwa", lambda a, x: a - 0.25 * x * x, "The parabolic cylinder function W")

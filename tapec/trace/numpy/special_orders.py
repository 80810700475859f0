"""Bessel functions of traced orders, spherical ones, and polynomials in other variables."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.ir.ops.special import promoted
from tapec.ir.tuning import MANY_CONSTANTS
from tapec.trace.arrays.operands import any_symbolic, as_array, unwrap
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.numpy.called import entry, of_orders
from tapec.trace.numpy.select import where


def _traced_orders(name: str) -> None:
    """The function of a few constant orders, or else of the order as an operand."""
    constant = TABLE[name]

    def function(v: Any, x: Any) -> Any:
        few = not any_symbolic(v) and np.unique(unwrap(v)).size <= MANY_CONSTANTS
        return constant(v, x) if few else entry(name, v, x)

    function.__name__ = name
    TABLE[name] = function


for _name in ("jv", "yv", "iv", "ive", "kv", "kve"):
    _traced_orders(_name)
# Of real numbers, some are others.
TABLE.update(jve=TABLE["jv"], yve=TABLE["yv"], kn=TABLE["kv"], yn=TABLE["yv"])


# --- spherical -----------------------------------------------------------------------------------


def _spherical(name: str, above: float, whole: float) -> None:
    def one(n: int, z: Any, derivative: bool) -> Any:
        if not derivative:
            return entry(name, z, orders=(n,))
        up = entry(name, z, orders=(n + 1,))
        if n == 0:
            return whole * above * up
        down = entry(name, z, orders=(n - 1,))
        return (whole / (2 * n + 1)) * (n * down + above * (n + 1) * up)

    @implements(name)
    def function(n: Any, z: Any, derivative: Any = False) -> Any:
        z = promoted(name, 0, as_array(z))
        return of_orders(name, n, lambda k: one(k, z, bool(derivative)))

    function.__name__ = name


_spherical("spherical_jn", -1.0, 1.0)
_spherical("spherical_yn", -1.0, 1.0)
_spherical("spherical_in", 1.0, 1.0)
_spherical("spherical_kn", 1.0, -1.0)

# --- polynomials in 2x - 1 and x / 2 -------------------------------------------------------------


def _moved(name: str, of: str, scale: float, shift: float, factor: float = 1.0) -> None:
    def function(n: Any, x: Any) -> Any:
        return factor * TABLE[of](n, scale * x + shift)

    function.__name__ = name
    TABLE[name] = function


_moved("eval_sh_legendre", "eval_legendre", 2.0, -1.0)
_moved("eval_sh_chebyt", "eval_chebyt", 2.0, -1.0)
_moved("eval_sh_chebyu", "eval_chebyu", 2.0, -1.0)
_moved("eval_chebyc", "eval_chebyt", 0.5, 0.0, 2.0)
_moved("eval_chebys", "eval_chebyu", 0.5, 0.0)


@implements("eval_sh_jacobi")
def eval_sh_jacobi(n: Any, p: Any, q: Any, x: Any) -> Any:
    """Jacobi's polynomials on [0, 1], scaled to be monic."""
    made = TABLE["eval_jacobi"](n, p - q, q - 1.0, 2.0 * x - 1.0)
    return made / TABLE["binom"](2.0 * n + p - 1.0, np.multiply(n, 1.0))


# --- Legendre functions --------------------------------------------------------------------------


def legendre_derivative(n: int, m: int, x: Any) -> Any:
    """The m-th derivative of Legendre's polynomial of degree n, DLMF 18.9.15."""
    if m > n:
        return x * 0.0
    factor = math.factorial(n + m) / (math.factorial(n) * 2.0**m)
    return factor * entry("eval_jacobi", float(m), float(m), x, orders=(n - m,))


@implements("legendre_p")
def legendre_p(n: Any, z: Any, *, diff_n: Any = 0) -> Any:
    """Legendre's polynomials, and their first and second derivatives beside them."""
    z = TABLE["astype"](z, float)
    return TABLE["stack"]([_of_degrees("legendre_p", n, k, z) for k in range(unwrap(diff_n) + 1)])


def _of_degrees(name: str, n: Any, m: int, z: Any) -> Any:
    return of_orders(name, n, lambda k: legendre_derivative(k, m, z))


@implements("lpmv")
def lpmv(m: Any, v: Any, x: Any) -> Any:
    """Associated Legendre functions of whole degree and order, for |x| <= 1."""
    x = TABLE["astype"](x, float)

    def one(order: int) -> Callable[[int], Any]:
        return lambda degree: _associated(degree, order, x)

    return of_orders("lpmv", m, lambda order: of_orders("lpmv", v, one(order)))


def _associated(n: int, m: int, x: Any) -> Any:
    """P_n^m with the phase of Condon and Shortley, DLMF 14.6.1 and 14.9.3."""
    if m < 0:
        ratio = math.factorial(n + m) / math.factorial(n - m) if n + m >= 0 else 0.0
        return (-1.0) ** m * ratio * _associated(n, -m, x)
    if m == 0:
        return legendre_derivative(n, 0, x)
    inside = np.absolute(x) < 1.0
    root = where(inside, np.sqrt(where(inside, (1.0 - x) * (1.0 + x), 1.0)), 0.0)
    return (-1.0) ** m * root**m * legendre_derivative(n, m, x)

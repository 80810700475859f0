"""Functions of `scipy.special` for all degrees or orders up to one, and Legendre's with options."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapec.errors import UnsupportedOperation
from tapec.trace.arrays.operands import any_symbolic, as_array, unwrap
from tapec.trace.arrays.session import where as user_line
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.numpy.called import entry, of_orders
from tapec.trace.numpy.select import where
from tapec.trace.numpy.special_orders import legendre_derivative


def _known(name: str, what: str, number: Any) -> Any:
    if any_symbolic(number):
        raise UnsupportedOperation(
            f"scipy.special.{name} with {what} traced",
            where=user_line(),
            hint="the length of the result depends on it: pass a number",
        )
    return unwrap(number)


@implements("diric")
def diric(x: Any, n: Any) -> Any:
    """Dirichlet's kernel, by Chebyshev's polynomials: sin(n t) / sin(t) is U of cos(t)."""
    half = np.cos(0.5 * (as_array(x) * 1.0))
    one = lambda n: TABLE["eval_chebyu"](n - 1, half) / n if n > 0 else half * math.nan  # noqa: E731
    return of_orders("diric", n, one)


def _cylinders(name: str, of: str) -> None:
    """Values and slopes of the orders v0 + k up to v, v0 the fraction; at least two of them."""

    def sequence(v: Any, x: Any) -> Any:
        v = float(_known(name, "v", v))
        if v < 0:
            raise UnsupportedOperation(
                f"scipy.special.{name} with v < 0 has no translation",
                where=user_line(),
                hint=f"call scipy.special.{of} with each order",
            )
        orders = [v - int(v) + k for k in range(max(1, int(v)) + 1)]
        x = as_array(x) * 1.0
        return tuple(np.stack([entry(part, v, x) for v in orders]) for part in (of, f"{of}p"))

    sequence.__name__ = name
    TABLE[name] = sequence


_cylinders("pbdv_seq", "pbdv")
_cylinders("pbvv_seq", "pbvv")


@implements("lmbda")
def lmbda(v: Any, x: Any) -> Any:
    """Jahnke's and Emden's functions gamma(v + 1) (2 / x)^v J_v(x) of orders v0 + k, and slopes."""
    v = float(_known("lmbda", "v", v))
    x = as_array(x) * 1.0
    orders = [v - int(v) + k for k in range(int(v) + 2)]
    values = [_jahnke(order, x) for order in orders]
    slopes = [
        -0.5 * x / (order + 1.0) * above
        for order, above in zip(orders[:-1], values[1:], strict=True)
    ]
    return np.stack(values[:-1]), np.stack(slopes)


def _jahnke(v: float, x: Any) -> Any:
    none = np.equal(x, 0.0)
    safe = where(none, 1.0, x)
    return where(none, 1.0, math.gamma(v + 1.0) * (2.0 / safe) ** v * TABLE["jv"](v, safe))


# --- Legendre functions --------------------------------------------------------------------------


def _diffs(name: str, diff_n: Any, most: int) -> int:
    count = int(unwrap(diff_n))
    if count > most:
        raise UnsupportedOperation(
            f"scipy.special.{name} with diff_n={count} has no translation",
            where=user_line(),
            hint="differentiate with tapec.jvp or tapec.grad",
        )
    return count


def _associated(n: int, m: int, x: Any, norm: bool) -> tuple[Any, Any, Any]:
    """P_n^m and its slopes for |x| < 1, with the phase of Condon and Shortley, DLMF 14.6.1."""
    order = abs(m)
    if order > n:
        return (0.0 * x,) * 3
    inside = np.absolute(x) < 1.0
    rest = where(inside, (1.0 - x) * (1.0 + x), 1.0)
    factor = _factor(n, m, norm)
    first, second = (factor * legendre_derivative(n, order + k, x) for k in range(2))
    power = where(inside, np.sqrt(rest) ** order, 1.0 if order == 0 else 0.0)
    slope = power * (second - order * x / rest * first)
    curve = (2.0 * x * slope - (n * (n + 1.0) - order * order / rest) * power * first) / rest
    return power * first, slope, curve


def _factor(n: int, m: int, norm: bool) -> float:
    order = abs(m)
    ratio = math.factorial(n - order) / math.factorial(n + order)
    phase = 1.0 if m < 0 else (-1.0) ** order
    if norm:
        return phase * math.sqrt((n + 0.5) * ratio)
    return phase * (ratio if m < 0 else 1.0)


def _by_angle(n: int, m: int, theta: Any) -> tuple[Any, Any, Any]:
    """Those of cos(theta), normalised on the sphere, by the polar angle."""
    cos, sin = np.cos(theta), np.sin(theta)
    value, slope, curve = (p / math.sqrt(2.0 * math.pi) for p in _associated(n, m, cos, True))
    return value, -sin * slope, sin * sin * curve - cos * slope


def _one(name: str, degree: Any, order: Any, count: int, parts: Callable[..., Any]) -> Any:
    """The function and its first slopes, of degrees and orders known while tracing."""

    def part(k: int) -> Any:
        def of_order(m: int) -> Any:
            return of_orders(name, degree, lambda n: parts(n, m)[k])

        return of_orders(name, order, of_order)

    return np.stack([part(k) for k in range(count + 1)])


def _every(degree: int, order: int, parts: Callable[[int, int], Sequence[Any]], count: int) -> Any:
    """Of all degrees up to one, and all orders: 0, 1, ..., and the negative ones at the end."""
    orders = [*range(order + 1), *range(-order, 0)]
    made = [[parts(n, m) for m in orders] for n in range(degree + 1)]
    stacked = [np.stack([np.stack([e[k] for e in row]) for row in made]) for k in range(count + 1)]
    return np.stack(stacked)


def _check_cut(name: str, branch_cut: Any) -> None:
    if unwrap(branch_cut) != 2:
        raise UnsupportedOperation(
            f"scipy.special.{name} with branch_cut={unwrap(branch_cut)} has no translation",
            where=user_line(),
            hint="the default, 2, has: functions on -1 < z < 1",
        )


@implements("assoc_legendre_p")
def assoc_legendre_p(
    n: Any, m: Any, z: Any, *, branch_cut: Any = 2, norm: Any = False, diff_n: Any = 0
) -> Any:
    """Associated Legendre functions of |z| < 1, and derivatives beside them."""
    _check_cut("assoc_legendre_p", branch_cut)
    z, count = TABLE["astype"](z, float), _diffs("assoc_legendre_p", diff_n, 2)
    parts = lambda n, m: _associated(n, m, z, bool(norm))  # noqa: E731
    return _one("assoc_legendre_p", n, m, count, parts)


@implements("assoc_legendre_p_all")
def assoc_legendre_p_all(
    n: Any, m: Any, z: Any, *, branch_cut: Any = 2, norm: Any = False, diff_n: Any = 0
) -> Any:
    """Those of all degrees up to n and orders up to m."""
    name = "assoc_legendre_p_all"
    _check_cut(name, branch_cut)
    z, count = TABLE["astype"](z, float), _diffs(name, diff_n, 2)
    degree, order = int(_known(name, "n", n)), int(_known(name, "m", m))
    return _every(degree, order, lambda n, m: _associated(n, m, z, bool(norm)), count)


@implements("sph_legendre_p")
def sph_legendre_p(n: Any, m: Any, theta: Any, *, diff_n: Any = 0) -> Any:
    """The factor of spherical harmonics that depends on the polar angle."""
    theta, count = TABLE["astype"](theta, float), _diffs("sph_legendre_p", diff_n, 2)
    return _one("sph_legendre_p", n, m, count, lambda n, m: _by_angle(n, m, theta))


@implements("sph_legendre_p_all")
def sph_legendre_p_all(n: Any, m: Any, theta: Any, *, diff_n: Any = 0) -> Any:
    """Those of all degrees up to n and orders up to m."""
    name = "sph_legendre_p_all"
    theta, count = TABLE["astype"](theta, float), _diffs(name, diff_n, 2)
    degree, order = int(_known(name, "n", n)), int(_known(name, "m", m))
    return _every(degree, order, lambda n, m: _by_angle(n, m, theta), count)


@implements("legendre_p_all")
def legendre_p_all(n: Any, z: Any, *, diff_n: Any = 0) -> Any:
    """Legendre's polynomials of all degrees up to n."""
    z, degree = TABLE["astype"](z, float), int(_known("legendre_p_all", "n", n))
    rows = range(_diffs("legendre_p_all", diff_n, 2) + 1)
    made = [[legendre_derivative(k, m, z) for k in range(degree + 1)] for m in rows]
    return np.stack([np.stack(row) for row in made])

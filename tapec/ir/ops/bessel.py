"""Bessel functions; the interpreter takes their values from SciPy.

Slopes are those of the orders beside: DLMF 10.6.1 and 10.29.1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tapec.ir.ops import arith
from tapec.ir.ops.arith import sign
from tapec.ir.ops.logic import greater, select
from tapec.ir.ops.math import sqrt
from tapec.ir.ops.rules import ANY, POSITIVE, floating
from tapec.ir.ops.special import by_constant, by_scipy, scipy_with
from tapec.ir.primitive import PRIMITIVES, Partial, Primitive, Sample, elementwise
from tapec.ir.tuning import BESSEL_FAR, BESSEL_TERMS


def _bessel(name: str, partial: Partial, doc: str, **options: Any) -> Primitive:
    """A function of order 0 or 1."""
    known: dict[str, Any] = {"lower": f"scipy.{name}", "domain": (ANY,), **options}
    return elementwise(
        name,
        by_scipy(name),
        (partial,),
        infer=floating,
        public={name: None},
        cost=60,
        analytic=False,
        doc=doc,
        **known,
    )


def _orders(name: str, doc: str, partial: Partial) -> Primitive:
    """The functions of every order, which is known while tracing."""
    return elementwise(
        name,
        scipy_with(name, "n"),
        (partial,),
        infer=floating,
        lower=f"scipy.{name}",
        public={name: by_constant(name, "n")},
        samples=tuple(Sample(attrs={"n": n}) for n in (2, 3, 0.5)),
        cost=200,
        domain=(POSITIVE,),
        analytic=False,
        doc=doc,
    )


# Families whose functions of order 0 and 1 are ops of their own.
_FIRST: Mapping[str, tuple[str, str]] = {
    "jv": ("j0", "j1"),
    "yv": ("y0", "y1"),
    "iv": ("i0", "i1"),
    "ive": ("i0e", "i1e"),
    "kv": ("k0", "k1"),
    "kve": ("k0e", "k1e"),
}


def _of(family: str, x: Any, n: float) -> Any:
    if n in (0, 1):
        return PRIMITIVES[_FIRST[family][int(n)]](x)
    return PRIMITIVES[family](x, n=n)


def _difference(family: str, x: Any, n: float) -> Any:
    """J_n' and Y_n'."""
    return 0.5 * (_of(family, x, n - 1) - _of(family, x, n + 1))


def _mean(family: str, x: Any, n: float) -> Any:
    """I_n', and -K_n'."""
    return 0.5 * (_of(family, x, n - 1) + _of(family, x, n + 1))


def _hankel(n: float, k: int) -> float:
    """The coefficient a_k of Hankel's expansions, DLMF 10.17.1."""
    factors = ((4.0 * n * n - (2 * j - 1) ** 2) / (8.0 * j) for j in range(1, k + 1))
    return math.prod(factors)


def _far_slope(x: Any, n: float, family: str) -> Any:
    """The slope of a scaled function where x is large: DLMF 10.40.1 and 10.40.2, by 10.29.1."""
    growing = family == "ive"
    slope: Any = 0.0
    for k in range(BESSEL_TERMS, 0, -1):
        mean = 0.5 * (_hankel(n - 1, k) + _hankel(n + 1, k)) - _hankel(n, k)
        slope = (slope + (mean * (-1) ** k if growing else -mean)) / x
    return slope * sqrt((0.5 / math.pi if growing else 0.5 * math.pi) / x)


def _scaled(family: str, x: Any, n: float, near: Any) -> Any:
    """The slope of a scaled function, from that where x is not large."""
    size = arith.abs(x)
    far = greater(size, BESSEL_FAR + 2.0 * n * n)
    slope = _far_slope(select(far, size, BESSEL_FAR), n, family)
    if family == "ive" and n % 1 == 0:
        slope = slope if n % 2 else sign(x) * slope  # even functions have odd slopes
    return select(far, slope, near)


# --- of the first and second kind ----------------------------------------------------------------

jv: Primitive = _orders(
    "jv", "Bessel function of the first kind.", lambda y, x, *, n: _difference("jv", x, n)
)
j0: Primitive = _bessel("j0", lambda y, x: -j1(x), "Bessel function of order 0.")
j1: Primitive = _bessel("j1", lambda y, x: _difference("jv", x, 1), "Bessel function of order 1.")
yv: Primitive = _orders(
    "yv", "Bessel function of the second kind.", lambda y, x, *, n: _difference("yv", x, n)
)
y0: Primitive = _bessel(
    "y0", lambda y, x: -y1(x), "Of the second kind, of order 0.", domain=(POSITIVE,)
)
y1: Primitive = _bessel(
    "y1",
    lambda y, x: _difference("yv", x, 1),
    "Of the second kind, of order 1.",
    domain=(POSITIVE,),
)

# --- modified ------------------------------------------------------------------------------------

iv: Primitive = _orders(
    "iv", "Modified Bessel function of the first kind.", lambda y, x, *, n: _mean("iv", x, n)
)
ive: Primitive = _orders(
    "ive",
    "iv times exp(-|x|); NaN beyond 1e9, as SciPy's.",
    lambda y, x, *, n: _scaled("ive", x, n, _mean("ive", x, n) - sign(x) * y),
)
i0: Primitive = _bessel(
    "i0", lambda y, x: i1(x), "Modified Bessel function of order 0.", lower="vmath.i0"
)
i1: Primitive = _bessel(
    "i1", lambda y, x: _mean("iv", x, 1), "Modified Bessel function of order 1.", lower="vmath.i1"
)
i0e: Primitive = _bessel(
    "i0e",
    lambda y, x: _scaled("ive", x, 0, i1e(x) - sign(x) * y),
    "i0 times exp(-|x|).",
    lower="vmath.i0e",
    kinks="x == 0",
    bounded=True,
)
i1e: Primitive = _bessel(
    "i1e",
    lambda y, x: _scaled("ive", x, 1, _mean("ive", x, 1) - sign(x) * y),
    "i1 times exp(-|x|); beyond 1e9 SciPy has no slope.",
    lower="vmath.i1e",
)
kv: Primitive = _orders(
    "kv", "Modified Bessel function of the second kind.", lambda y, x, *, n: -_mean("kv", x, n)
)
kve: Primitive = _orders(
    "kve", "kv times exp(x).", lambda y, x, *, n: _scaled("kve", x, n, y - _mean("kve", x, n))
)
k0: Primitive = _bessel(
    "k0", lambda y, x: -k1(x), "Modified, of the second kind, of order 0.", domain=(POSITIVE,)
)
k1: Primitive = _bessel(
    "k1",
    lambda y, x: -_mean("kv", x, 1),
    "Modified, of the second kind, of order 1.",
    domain=(POSITIVE,),
)
k0e: Primitive = _bessel(
    "k0e", lambda y, x: _scaled("kve", x, 0, y - k1e(x)), "k0 times exp(x).", domain=(POSITIVE,)
)
k1e: Primitive = _bessel(
    "k1e",
    lambda y, x: _scaled("kve", x, 1, y - _mean("kve", x, 1)),
    "k1 times exp(x).",
    domain=(POSITIVE,),
)

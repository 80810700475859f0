"""Bessel functions; the interpreter takes their values from SciPy."""

from __future__ import annotations

from typing import Any

from tapec.ir.ops.arith import sign
from tapec.ir.ops.rules import ANY, floating, quiet
from tapec.ir.ops.special import by_scipy
from tapec.ir.primitive import Partial, Primitive, Sample, elementwise


def _bessel(name: str, partial: Partial, doc: str, **options: Any) -> Primitive:
    return elementwise(
        name,
        by_scipy(name),
        (partial,),
        infer=floating,
        lower=f"vmath.{name}",
        public={name: None},
        cost=60,
        domain=(ANY,),
        analytic=False,
        doc=doc,
        **options,
    )


def _orders(name: str, doc: str, partial: Partial) -> Primitive:
    """The same functions of every whole order, whose slopes are those of the orders beside it."""

    def evaluate(x: Any, *, n: int) -> Any:
        from scipy import special

        return getattr(special, name)(n, x).astype(x.dtype)

    return elementwise(
        name,
        quiet(evaluate),
        (partial,),
        infer=floating,
        lower=f"scipy.{name}",
        samples=(Sample(attrs={"n": 2}), Sample(attrs={"n": 3})),
        cost=200,
        domain=(ANY,),
        analytic=False,
        doc=doc,
    )


def _slope(x: Any, n: int) -> Any:
    """I_n' = (I_(n-1) + I_(n+1)) / 2 (DLMF 10.29.1)."""
    return 0.5 * (_order(x, n - 1) + iv(x, n=n + 1))


def _order(x: Any, n: int) -> Any:
    return iv(x, n=n) if n > 1 else (i0, i1)[n](x)


def _scaled_slope(y: Any, x: Any, n: int) -> Any:
    """The same with exp(-|x|), whose slope changes sign at 0."""
    return 0.5 * (_scaled_order(x, n - 1) + ive(x, n=n + 1)) - sign(x) * y


def _scaled_order(x: Any, n: int) -> Any:
    return ive(x, n=n) if n > 1 else (i0e, i1e)[n](x)


iv: Primitive = _orders(
    "iv", "Modified Bessel function of a whole order n > 1.", lambda y, x, *, n: _slope(x, n)
)
ive: Primitive = _orders(
    "ive",
    "iv times exp(-|x|); NaN beyond 1e9, as SciPy's.",
    lambda y, x, *, n: _scaled_slope(y, x, n),
)
i0: Primitive = _bessel("i0", lambda y, x: i1(x), "Modified Bessel function of order 0.")
i1: Primitive = _bessel("i1", lambda y, x: _slope(x, 1), "Modified Bessel function of order 1.")
i0e: Primitive = _bessel(
    "i0e", lambda y, x: i1e(x) - sign(x) * y, "i0 times exp(-|x|).", kinks="x == 0", bounded=True
)
i1e: Primitive = _bessel(
    "i1e", lambda y, x: _scaled_slope(y, x, 1), "i1 times exp(-|x|); beyond 1e9 SciPy has no slope."
)

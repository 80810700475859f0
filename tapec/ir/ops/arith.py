"""Arithmetic, rounding and extremes: one declaration each."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.ir.ops import expansions
from tapec.ir.ops.logic import isnan, logical_and, logical_or, select
from tapec.ir.ops.math import log
from tapec.ir.ops.rules import (
    ANY,
    POSITIVE,
    floating,
    minus_one,
    numeric,
    one,
    quiet,
    share,
    zero,
)
from tapec.ir.primitive import Primitive, Sample, elementwise
from tapec.ir.series import Formula, Recurrence, minus, plus, quotient

# Attribute of sums and differences in reductions and products: a product that is added may be
# rounded together with the sum. All others round twice, as NumPy does.
FUSED = "fused"

add: Primitive = elementwise(
    "add",
    quiet(lambda a, b, *, fused=False: np.add(a, b)),
    (one, one),
    lower="rule",
    commutative=True,
    domain=(ANY, ANY),
    bounded=True,
    taylor=Recurrence(lambda k, y, a, b, **_: plus(a[k], b[k]), together=True),
    doc="Sum.",
)
sub: Primitive = elementwise(
    "sub",
    quiet(lambda a, b, *, fused=False: np.subtract(a, b)),
    (one, minus_one),
    infer=numeric,
    lower="rule",
    domain=(ANY, ANY),
    bounded=True,
    taylor=Recurrence(lambda k, y, a, b, **_: minus(a[k], b[k]), together=True),
    doc="Difference.",
)
mul: Primitive = elementwise(
    "mul",
    quiet(np.multiply),
    (lambda y, a, b: b, lambda y, a, b: a),
    lower="rule",
    commutative=True,
    domain=(ANY, ANY),
    bounded=True,
    taylor=Recurrence(expansions.product, alone=(0, 1)),
    doc="Product.",
)
div: Primitive = elementwise(
    "div",
    quiet(np.true_divide),
    (lambda y, a, b: 1.0 / b, lambda y, a, b: -(y / b)),
    infer=floating,
    lower="rule",
    cost=6,
    domain=(ANY, POSITIVE),
    divides=True,
    taylor=Recurrence(quotient, alone=(0,)),
    doc="Quotient of floating-point numbers; integers are converted first.",
)
neg: Primitive = elementwise(
    "neg",
    quiet(np.negative),
    (minus_one,),
    infer=numeric,
    lower="rule",
    domain=(ANY,),
    bounded=True,
    rounds=False,
    taylor=Recurrence(lambda k, y, x: minus(None, x[k]), together=True),
    doc="Negation.",
)


def _power_base(y: Any, a: Any, b: Any) -> Any:
    # b a^(b-1); at a = b = 0 the factor 0 * inf would be NaN where x^0 is plainly constant.
    safe = select(logical_and(a.equals(0.0), b.equals(0.0)), 1.0, a)
    return b * power(safe, b - 1.0)


def _power_exponent(y: Any, a: Any, b: Any) -> Any:
    # y log a; 0^b is constant for b > 0, so log 0 is taken as 0. NaN for a < 0: no real derivative.
    return y * log(select(a.equals(0.0), 1.0, a))


power: Primitive = elementwise(
    "power",
    quiet(np.power),
    (_power_base, _power_exponent),
    infer=numeric,
    lower="vmath.power",
    cost=40,
    domain=(POSITIVE, ANY),
    taylor=Recurrence(expansions.general_power),
    doc="a**b. Negative bases with whole exponents have the derivative b a^(b-1); "
    "the derivative by the exponent is 0 at a = 0.",
)


def _integer_pow_partial(y: Any, x: Any, *, n: int) -> Any:
    if n in (0, 1):
        return float(n)
    return float(n) * (x if n == 2 else integer_pow(x, n=n - 1))


integer_pow: Primitive = elementwise(
    "integer_pow",
    quiet(lambda x, *, n: x**n),
    (_integer_pow_partial,),
    infer=numeric,
    samples=tuple(Sample(attrs={"n": n}) for n in (0, 1, 2, 3, 7)),
    cost=3,
    domain=(POSITIVE,),
    bounded=lambda *, n: n > 0,
    lower="rule",
    taylor=Formula(expansions.whole_power),
    doc="x**n with a whole static n; 0**0 = 1, and negative n only for floats.",
)
abs: Primitive = elementwise(
    "abs",
    quiet(np.abs),
    (lambda y, x: sign(x),),
    lower="llvm.fabs",
    domain=(ANY,),
    kinks="x == 0",
    analytic=False,
    bounded=True,
    rounds=False,
    taylor=Recurrence(expansions.size),
    doc="Absolute value; the derivative at 0 is 0.",
)
sign: Primitive = elementwise(
    "sign",
    quiet(np.sign),
    (zero,),
    infer=numeric,
    lower="rule",
    domain=(ANY,),
    kinks="x == 0",
    analytic=False,
    rounds=False,
    doc="-1, 0 or 1; NaN for NaN. Derivative 0.",
)


maximum: Primitive = elementwise(
    "maximum",
    quiet(np.maximum),
    (lambda y, a, b: share(a > b, a, b), lambda y, a, b: share(b > a, b, a)),
    lower="rule",
    commutative=True,
    cost=2,
    domain=(ANY, ANY),
    kinks="a == b",
    analytic=False,
    bounded=True,
    rounds=False,
    taylor=Recurrence(expansions.extreme(1.0, False)),
    doc="The larger; NaN if either is NaN. Ties share the derivative half and half.",
)
minimum: Primitive = elementwise(
    "minimum",
    quiet(np.minimum),
    (lambda y, a, b: share(a < b, a, b), lambda y, a, b: share(b < a, b, a)),
    lower="rule",
    commutative=True,
    cost=2,
    domain=(ANY, ANY),
    kinks="a == b",
    analytic=False,
    bounded=True,
    rounds=False,
    taylor=Recurrence(expansions.extreme(-1.0, False)),
    doc="The smaller; NaN if either is NaN. Ties share the derivative half and half.",
)
fmax: Primitive = elementwise(
    "fmax",
    quiet(np.fmax),
    (
        lambda y, a, b: share(logical_or(a > b, isnan(b)), a, b),
        lambda y, a, b: share(logical_or(b > a, isnan(a)), b, a),
    ),
    lower="rule",
    commutative=True,
    cost=2,
    domain=(ANY, ANY),
    kinks="a == b",
    analytic=False,
    bounded=True,
    rounds=False,
    taylor=Recurrence(expansions.extreme(1.0, True)),
    doc="The larger, ignoring NaN where the other is a number. Ties half and half.",
)
fmin: Primitive = elementwise(
    "fmin",
    quiet(np.fmin),
    (
        lambda y, a, b: share(logical_or(a < b, isnan(b)), a, b),
        lambda y, a, b: share(logical_or(b < a, isnan(a)), b, a),
    ),
    lower="rule",
    commutative=True,
    cost=2,
    domain=(ANY, ANY),
    kinks="a == b",
    analytic=False,
    bounded=True,
    rounds=False,
    taylor=Recurrence(expansions.extreme(-1.0, True)),
    doc="The smaller, ignoring NaN where the other is a number. Ties half and half.",
)


def _rounding(name: str, ufunc: Any, lower: str, doc: str, infer: Any = numeric) -> Primitive:
    return elementwise(
        name,
        quiet(ufunc),
        (zero,),
        infer=infer,
        lower=lower,
        domain=(ANY,),
        kinks="steps",
        rounds=False,
        analytic=False,
        doc=f"{doc} Derivative 0.",
    )


floor: Primitive = _rounding("floor", np.floor, "llvm.floor", "Round towards minus infinity.")
ceil: Primitive = _rounding("ceil", np.ceil, "llvm.ceil", "Round towards plus infinity.")
trunc: Primitive = _rounding("trunc", np.trunc, "llvm.trunc", "Round towards zero.")
rint: Primitive = _rounding("rint", np.rint, "llvm.rint", "Round half to even.", floating)
floor_divide: Primitive = elementwise(
    "floor_divide",
    quiet(np.floor_divide),
    (zero, zero),
    infer=numeric,
    lower="rule",
    cost=10,
    domain=(ANY, POSITIVE),
    kinks="steps",
    analytic=False,
    divides=True,
    doc="floor(a / b) computed as NumPy does; integers divided by 0 give 0. Derivative 0.",
)
remainder: Primitive = elementwise(
    "remainder",
    quiet(np.remainder),
    (one, lambda y, a, b: -floor_divide(a, b)),
    infer=numeric,
    lower="rule",
    cost=10,
    domain=(ANY, POSITIVE),
    kinks="steps",
    analytic=False,
    divides=True,
    doc="a - b floor(a / b), with the sign of b.",
)
fmod: Primitive = elementwise(
    "fmod",
    quiet(np.fmod),
    # (y - a) / b is a whole number but for rounding; a / b itself may round across a step.
    (one, lambda y, a, b: rint((y - a) / b)),
    infer=numeric,
    lower="libm.fmod",
    cost=20,
    domain=(ANY, POSITIVE),
    kinks="steps",
    analytic=False,
    doc="a - b trunc(a / b), with the sign of a.",
)
copysign: Primitive = elementwise(
    "copysign",
    quiet(np.copysign),
    (lambda y, a, b: sign(a) * copysign(1.0, b), zero),
    infer=floating,
    lower="llvm.copysign",
    domain=(ANY, ANY),
    kinks="a == 0 or b == 0",
    analytic=False,
    bounded=True,
    rounds=False,
    taylor=Formula(expansions.with_sign),
    doc="|a| with the sign of b.",
)

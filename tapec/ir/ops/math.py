"""Exponentials, logarithms, roots, circular and hyperbolic functions."""

from __future__ import annotations

from math import log as _ln
from typing import Any

import numpy as np

from tapec.ir.ops.expansions import cube_root, distance, logarithm, square_root
from tapec.ir.ops.logic import isinf, logical_and, select
from tapec.ir.ops.rules import ANY, POSITIVE, UNIT, floating, quiet
from tapec.ir.primitive import Partial, Primitive, elementwise
from tapec.ir.series import Recurrence, Slopes

_LN2, _LN10 = _ln(2.0), _ln(10.0)


def _function(
    name: str,
    partial: Partial,
    lower: str,
    *,
    cost: int = 20,
    domain: tuple[float, float] = ANY,
    doc: str = "",
    **options: Any,
) -> Primitive:
    """A function of one floating-point number that NumPy has under the same name."""
    return elementwise(
        name,
        quiet(getattr(np, name)),
        (partial,),
        infer=floating,
        lower=lower,
        cost=cost,
        domain=(domain,),
        doc=doc or f"np.{name}.",
        **options,
    )


exp: Primitive = _function("exp", lambda y, x: y, "vmath.exp")
exp2: Primitive = _function("exp2", lambda y, x: _LN2 * y, "vmath.exp2")
# exp(x), not y + 1: for very negative x the sum would have lost all digits.
expm1: Primitive = _function("expm1", lambda y, x: exp(x), "vmath.expm1")
log: Primitive = _function(
    "log",
    lambda y, x: 1.0 / x,
    "vmath.log",
    domain=POSITIVE,
    taylor=Recurrence(logarithm),
)
log2: Primitive = _function("log2", lambda y, x: (1.0 / _LN2) / x, "vmath.log2", domain=POSITIVE)
log10: Primitive = _function(
    "log10", lambda y, x: (1.0 / _LN10) / x, "vmath.log10", domain=POSITIVE
)
log1p: Primitive = _function(
    "log1p", lambda y, x: 1.0 / (1.0 + x), "vmath.log1p", domain=(-0.9, 4.0)
)
sqrt: Primitive = _function(
    "sqrt",
    lambda y, x: 0.5 / y,
    "llvm.sqrt",
    cost=8,
    domain=POSITIVE,
    taylor=Recurrence(square_root),
    doc="Square root; the derivative at 0 is inf.",
)
cbrt: Primitive = _function(
    "cbrt",
    lambda y, x: (1.0 / 3.0) / (y * y),
    "vmath.cbrt",
    domain=POSITIVE,
    analytic=False,
    taylor=Recurrence(cube_root),
    doc="Real cube root, odd; the derivative at 0 is inf.",
)
sin: Primitive = _function("sin", lambda y, x: cos(x), "vmath.sin", bounded=True, twin="cos")
cos: Primitive = _function("cos", lambda y, x: -sin(x), "vmath.cos", bounded=True, twin="sin")
tan: Primitive = _function("tan", lambda y, x: 1.0 + y * y, "vmath.tan", domain=(-1.4, 1.4))


def _one_less_square(x: Any) -> Any:
    """1 - x^2; (1 - x)(1 + x) has the digits near the ends, the other derivatives near 0."""
    return select(x * x < 0.25, 1.0 - x * x, (1.0 - x) * (1.0 + x))


def _arctan_slope(y: Any, x: Any) -> Any:
    """1 / (1 + x^2), from 1 / x where x is large: derivatives by x^4 would underflow."""
    near = x * x <= 1.0
    t = select(near, x, 1.0 / x)
    return select(near, 1.0, t * t) / (1.0 + t * t)


arcsin: Primitive = _function(
    "arcsin", lambda y, x: 1.0 / sqrt(_one_less_square(x)), "vmath.arcsin", domain=UNIT
)
arccos: Primitive = _function(
    "arccos", lambda y, x: -1.0 / sqrt(_one_less_square(x)), "vmath.arccos", domain=UNIT
)
arctan: Primitive = _function("arctan", _arctan_slope, "vmath.arctan", bounded=True)
sinh: Primitive = _function("sinh", lambda y, x: cosh(x), "vmath.sinh")
cosh: Primitive = _function("cosh", lambda y, x: sinh(x), "vmath.cosh")


# With s = y', whose own slope is -2 y s.
_TANH = Slopes(
    (lambda y, x, s: s,),
    ((lambda y, x: tanh_slope(x), (lambda y, x, s: -2.0 * (y * s),)),),
)
# Not 1 - y^2, which has no digits left for large x.
tanh: Primitive = _function(
    "tanh",
    lambda y, x: tanh_slope(x),
    "vmath.tanh",
    bounded=True,
    twin="tanh_slope",
    taylor=_TANH,
)


def _tanh_slope(x: Any) -> Any:
    decay = np.exp(-2.0 * np.abs(x))
    return 4.0 * decay / ((1.0 + decay) * (1.0 + decay))


tanh_slope: Primitive = elementwise(
    "tanh_slope",
    quiet(_tanh_slope),
    (lambda y, x: -2.0 * (y * tanh(x)),),
    infer=floating,
    lower="rule",
    cost=25,
    bounded=True,
    twin="tanh",
    domain=(ANY,),
    analytic=False,  # NumPy's abs of a complex number is no analytic function
    doc="The derivative of the hyperbolic tangent, 1 / cosh(x)^2, by one exponential.",
)
arcsinh: Primitive = _function(
    "arcsinh", lambda y, x: 1.0 / hypot(x, 1.0), "vmath.arcsinh", bounded=True
)
arccosh: Primitive = _function(
    "arccosh",
    lambda y, x: 1.0 / (sqrt(x - 1.0) * sqrt(x + 1.0)),
    "vmath.arccosh",
    domain=(1.2, 4.0),
)
arctanh: Primitive = _function(
    "arctanh", lambda y, x: 1.0 / _one_less_square(x), "vmath.arctanh", domain=UNIT
)


def _over(x: Any, radius: Any) -> Any:
    """x / radius, and 0 at the origin."""
    return x / select(radius.equals(0.0), 1.0, radius)


hypot: Primitive = elementwise(
    "hypot",
    quiet(np.hypot),
    (lambda y, a, b: _over(a, y), lambda y, a, b: _over(b, y)),
    infer=floating,
    lower="vmath.hypot",
    commutative=True,
    cost=20,
    domain=(ANY, ANY),
    kinks="a == b == 0",
    analytic=False,
    taylor=Recurrence(distance),
    doc="sqrt(a*a + b*b) without overflow; both derivatives are 0 at the origin.",
)


def _over_square(x: Any, radius: Any) -> Any:
    return x / radius / radius


arctan2: Primitive = elementwise(
    "arctan2",
    quiet(np.arctan2),
    # Not over a * a + b * b, which overflows and underflows long before they do.
    (lambda y, a, b: _over_square(b, hypot(a, b)), lambda y, a, b: -_over_square(a, hypot(a, b))),
    infer=floating,
    lower="vmath.arctan2",
    cost=30,
    domain=(ANY, POSITIVE),
    kinks="a == 0 and b <= 0",
    analytic=False,
    doc="Angle of the point (b, a).",
)


# With the other half z = expit(-x), whose slope is -y z.
_LOGISTIC = Slopes(
    (lambda y, x, z: y * z,),
    ((lambda y, x: expit(-x), (lambda y, x, z: -(y * z),)),),
)
expit: Primitive = elementwise(
    "expit",
    quiet(lambda x: 1.0 / (1.0 + np.exp(-x))),
    # Not y (1 - y), which has no digits of 1 - y for large x.
    (lambda y, x: y * expit(-x),),
    infer=floating,
    public={"expit": None},
    lower="rule",
    cost=25,
    bounded=True,
    domain=(ANY,),
    taylor=_LOGISTIC,
    doc="The logistic function 1 / (1 + exp(-x)).",
)


def _share(a: Any, b: Any) -> Any:
    """exp(a) / (exp(a) + exp(b)) from the difference, which is exact where a and b are close.

    Equal infinities have no difference; they share half and half.
    """
    same = logical_and(isinf(a), a.equals(b))
    return expit(select(same, 0.0, a - b))


logaddexp: Primitive = elementwise(
    "logaddexp",
    quiet(np.logaddexp),
    (lambda y, a, b: _share(a, b), lambda y, a, b: _share(b, a)),
    infer=floating,
    lower="rule",
    commutative=True,
    cost=40,
    bounded=True,
    domain=(ANY, ANY),
    analytic=False,
    doc="log(exp(a) + exp(b)) without overflow.",
)

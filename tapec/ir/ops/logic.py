"""Comparisons, boolean and bit operations, choice and conversion."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.errors import DTypeError
from tapec.ir.ops.expansions import chosen
from tapec.ir.ops.rules import ANY, as_mask, bitwise, boolean, integral, one, quiet, zero
from tapec.ir.primitive import Primitive, Sample, elementwise, predicate, same_type
from tapec.ir.series import Coefficients, Recurrence, Term
from tapec.ir.types import NUMPY_DTYPES, Type, broadcast_shapes


def _comparison(name: str, equality: bool = False) -> Primitive:
    return elementwise(
        name,
        quiet(getattr(np, name)),
        infer=predicate,
        lower="rule",
        commutative=equality,
        decides=equality,
        domain=(ANY, ANY),
        analytic=False,
        doc=f"np.{name}, as a boolean.",
    )


less: Primitive = _comparison("less")
less_equal: Primitive = _comparison("less_equal")
greater: Primitive = _comparison("greater")
greater_equal: Primitive = _comparison("greater_equal")
equal: Primitive = _comparison("equal", equality=True)
not_equal: Primitive = _comparison("not_equal", equality=True)


def _property(name: str) -> Primitive:
    return elementwise(
        name,
        quiet(getattr(np, name)),
        infer=predicate,
        lower="rule",
        domain=(ANY,),
        analytic=False,
        doc=f"np.{name}, as a boolean.",
    )


isnan: Primitive = _property("isnan")
isinf: Primitive = _property("isinf")
isfinite: Primitive = _property("isfinite")
signbit: Primitive = _property("signbit")


def _logical(name: str, infer: Any, arity: int = 2) -> Primitive:
    return elementwise(
        name,
        quiet(getattr(np, name)),
        infer=infer,
        lower="rule",
        commutative=arity == 2 and infer is not integral,
        domain=(ANY,) * arity,
        analytic=False,
        doc=f"np.{name}.",
    )


logical_and: Primitive = _logical("logical_and", boolean)
logical_or: Primitive = _logical("logical_or", boolean)
logical_xor: Primitive = _logical("logical_xor", boolean)
logical_not: Primitive = _logical("logical_not", boolean, arity=1)
bitwise_and: Primitive = _logical("bitwise_and", bitwise)
bitwise_or: Primitive = _logical("bitwise_or", bitwise)
bitwise_xor: Primitive = _logical("bitwise_xor", bitwise)
invert: Primitive = _logical("invert", bitwise, arity=1)
left_shift: Primitive = _logical("left_shift", integral)
right_shift: Primitive = _logical("right_shift", integral)


def _infer_select(c: Type, a: Type, b: Type) -> Type:
    if c.dtype != "bool":
        raise DTypeError(f"the condition is {c}, but must be boolean")
    branch = same_type(a, b)
    return branch.with_shape(broadcast_shapes(c.shape, branch.shape))


# Linear in both branches at once. A walker uses `transpose` (and `select` of the tangents) rather
# than the partials, so that an inf or NaN never passes through the branch not taken.
select: Primitive = elementwise(
    "select",
    lambda c, a, b: np.where(c, a, b),
    (
        None,
        lambda y, c, a, b: as_mask(c, y),
        lambda y, c, a, b: as_mask(logical_not(c), y),
    ),
    infer=_infer_select,
    taylor=Recurrence(chosen, together=True),
    transpose=(
        None,
        lambda ct, c, a, b: select(c, ct, 0.0),
        lambda ct, c, a, b: select(c, 0.0, ct),
    ),
    lower="rule",
    domain=(ANY, ANY, ANY),
    analytic=False,
    bounded=True,
    rounds=False,
    doc="a where the boolean c holds, b elsewhere; derivatives follow the branch taken.",
)


def _infer_convert(x: Type, *, dtype: str) -> Type:
    if dtype not in NUMPY_DTYPES:
        raise DTypeError(f"there is no element type {dtype!r}")
    return x.with_dtype(dtype)


def _converted(k: int, y: Coefficients, x: Coefficients, *, dtype: str) -> Term:
    return None if x[k] is None else convert(x[k], dtype=dtype)


# Linear between floating-point types: the tangent is converted as the value is, and the cotangent
# is converted back by `transpose`.
convert: Primitive = elementwise(
    "convert",
    quiet(lambda x, *, dtype: x.astype(NUMPY_DTYPES[dtype])),
    (one,),
    infer=_infer_convert,
    samples=tuple(Sample(attrs={"dtype": d}) for d in ("bool", "i32", "i64", "f64", "f32")),
    transpose=(lambda ct, x, *, dtype: convert(ct, dtype=x.dtype),),
    taylor=Recurrence(_converted, together=True),
    lower="rule",
    domain=(ANY,),
    analytic=False,
    bounded=True,
    rounds=False,
    decides=True,
    doc="The same number in another element type, as `astype` does it.",
)
stop_gradient: Primitive = elementwise(
    "stop_gradient",
    lambda x: x,
    (zero,),
    lower="rule",
    cost=0,
    domain=(ANY,),
    analytic=False,
    rounds=False,
    view={0: 0},
    doc="The operand itself, treated as a constant by differentiation.",
)

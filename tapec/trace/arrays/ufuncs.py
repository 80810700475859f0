"""Universal functions: which primitive each becomes, and how its operands are promoted."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.ir.primitive import PRIMITIVES, lookup
from tapec.ir.types import FLOATS, NUMPY_DTYPES, dtype_name
from tapec.trace.arrays.cures import unsupported
from tapec.trace.arrays.dispatch import eager
from tapec.trace.arrays.fresh import laid_out_as_numpy
from tapec.trace.arrays.halves import HALVES, bytes_error, refuse_halves
from tapec.trace.arrays.loop_types import in_loop_types
from tapec.trace.arrays.memory import set_order
from tapec.trace.arrays.mixed import settle
from tapec.trace.arrays.operands import (
    as_array,
    deps_of,
    key_of,
    operand,
    session_of,
)
from tapec.trace.arrays.promote import Key, common, common_float
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.arrays.tracer import Tracer, is_symbolic, wrap
from tapec.trace.arrays.ufunc_rules import arithmetic, conjugates, integers, logical, numbers
from tapec.trace.arrays.writes import check_cast, deliver

Rule = Callable[..., Key]


# NumPy name -> (primitive, promotion); the result's element type is the primitive's business.
_UFUNCS: dict[str, tuple[str, Rule]] = {
    **{n: (n, common_float) for n in [
        "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "sin",
        "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh",
        "arccosh", "arctanh", "hypot", "arctan2", "logaddexp", "copysign",
        "isnan", "isinf", "isfinite", "signbit"
    ]},
    **{n: (n, common) for n in [
        "maximum", "minimum", "fmax", "fmin", "sign", "less", "less_equal", "greater",
        "greater_equal", "equal", "not_equal"
    ]},
    **{n: (n, arithmetic) for n in ["floor_divide", "remainder", "fmod", "power"]},
    **{n: (n, integers) for n in
       ["bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift", "invert"]},
    **{n: (n, logical) for n in ["logical_and", "logical_or", "logical_xor", "logical_not"]},
    "add": ("add", common), "subtract": ("sub", arithmetic), "multiply": ("mul", common),
    "divide": ("div", common_float), "negative": ("neg", arithmetic),
    **{name: (p.name, common_float) for p in PRIMITIVES.values()
       for name, rule in p.public.items() if rule is None},
    "positive": ("", numbers), "conjugate": ("", conjugates),
}  # fmt: skip
UFUNCS = frozenset(_UFUNCS)
# Declared functions of positive numbers.
SINGULAR_AT_ZERO = frozenset(
    name for p in PRIMITIVES.values() for name in p.public if p.domain and p.domain[0][0] > 0
)
_ROUNDING = {"floor": "floor", "ceil": "ceil", "trunc": "trunc", "rint": "rint", "fix": "trunc"}
# On booleans these are logical.
_ON_BOOL = {"bitwise_and": "logical_and", "bitwise_or": "logical_or", "invert": "logical_not",
            "bitwise_xor": "logical_xor", "add": "logical_or", "mul": "logical_and",
            "maximum": "logical_or", "minimum": "logical_and"}  # fmt: skip


def emit(name: str, primitive: str, rule: Rule, args: tuple[Any, ...]) -> Any:
    """One elementwise op, or NumPy itself on constants."""
    if len(args) == 2 and rule is not logical:
        made = _plain(primitive, *args)
        if made is not None:
            return made
    session = session_of(*args)
    if session is None:
        if any(type(a) in (list, tuple) for a in args):
            args = tuple(as_array(a) for a in args)
            session = session_of(*args)
        if session is None:
            return eager(NUMPY_UFUNCS[name], args, {})
    args = tuple([as_array(a) for a in args])
    dtype, weak = rule(*[key_of(a) for a in args])
    is_mixed = any(type(a) is Tracer and a._storage.mixed for a in args)
    values = [operand(session, a, dtype) for a in args]
    if dtype == "bool":
        primitive = _ON_BOOL.get(primitive, primitive)
    result = session.emit(primitive, *values) if primitive else values[0]
    made = wrap(session, result, weak and result.type.dtype != "bool", deps_of(args))
    return set_order(settle(made, args, rule) if is_mixed else made, args)


def _plain(primitive: str, a: Any, b: Any) -> Tracer | None:
    """The common case, done fast: f64 tracers and Python floats."""
    left, right = type(a) is Tracer, type(b) is Tracer
    if not ((left or type(a) is float) and (right or type(b) is float)):
        return None
    if (left and (a._dtype != "f64" or a._deps)) or (right and (b._dtype != "f64" or b._deps)):
        return None
    if (left and a._storage.mixed) or (right and b._storage.mixed):
        return None
    session = session_of(a, b)
    if session is None:
        return None
    x = a._value(session) if left else session.const(a, "f64")
    y = b._value(session) if right else session.const(b, "f64")
    result = session.emit(primitive, x, y)
    weak = (not left or a._weak) and (not right or b._weak) and result.type.dtype != "bool"
    return set_order(wrap(session, result, weak), (a, b))


def _simple(name: str, primitive: str, rule: Rule) -> Callable[..., Any]:
    arity = len(lookup(primitive).domain) if primitive else 1
    of_scipy = not hasattr(np, name)

    def ufunc(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            return with_options(name, args, kwargs)
        if len(args) != arity:
            raise TypeError(f"{name}() takes {arity} arguments, not {len(args)}")
        if name in HALVES:
            refuse_halves(name, args)
        return emit(
            name, primitive, rule, in_loop_types(NUMPY_UFUNCS[name], args) if of_scipy else args
        )

    ufunc.__name__ = name
    return ufunc


def with_options(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A ufunc with out=, where= or dtype=."""
    out, mask, dtype = kwargs.pop("out", None), kwargs.pop("where", True), kwargs.pop("dtype", None)
    order = kwargs.pop("order", "K")
    kwargs.pop("casting", None), kwargs.pop("subok", None)
    if kwargs:
        raise unsupported(NUMPY_UFUNCS[name], f" with {', '.join(sorted(kwargs))}=")
    if out is None and mask is not True:
        raise unsupported(NUMPY_UFUNCS[name], " with where= but without out=")
    if dtype is not None:
        args = tuple(as_array(a) for a in args)
        _check_loop(NUMPY_UFUNCS[name], args, dtype)
        args = tuple(_cast(a, dtype) for a in args)
    if session_of(*args) is None and not any(type(a) in (list, tuple) for a in args):
        made = eager(NUMPY_UFUNCS[name], args, {})
    else:
        made = TABLE[name](*args)
    if out is not None:
        return deliver(out, made, mask)
    if order == "K":
        return made
    return laid_out_as_numpy(NUMPY_UFUNCS[name], args, {"order": order}, made)


def _check_loop(ufunc: Any, args: tuple[Any, ...], dtype: Any) -> None:
    """Raise NumPy's own error where it cannot compute with these element types in that one."""
    if isinstance(ufunc, np.ufunc) and ufunc.signature is None:
        with np.errstate(all="ignore"):
            ufunc(*(np.ones((), NUMPY_DTYPES[key_of(a)[0]]) for a in args), dtype=dtype)


def _cast(a: Any, dtype: Any) -> Any:
    """An operand in the element type a ufunc is to compute in, where NumPy allows that cast."""
    check_cast(a, dtype_name(dtype))
    return TABLE["astype"](a, dtype)


for _name, (_primitive, _rule) in _UFUNCS.items():
    TABLE[_name] = _simple(_name, _primitive, _rule)
for _old, _new in {"true_divide": "divide", "mod": "remainder", "bitwise_not": "invert",
                   "conj": "conjugate", "bitwise_invert": "invert"}.items():  # fmt: skip
    TABLE[_old] = TABLE[_new]


@implements("fabs")
def fabs(x: Any, **kwargs: Any) -> Any:
    """|x| as a float."""
    if kwargs:
        return with_options("fabs", (x,), kwargs)
    refuse_halves("fabs", (x,))
    return emit("fabs", "abs", common_float, (x,))


@implements("absolute", "abs")
def absolute(x: Any, **kwargs: Any) -> Any:
    """|x|."""
    if kwargs:
        return with_options("absolute", (x,), kwargs)
    x = as_array(x)
    if type(x) is Tracer and x._dtype == "bool":
        return x
    return emit("absolute", "abs", common, (x,))


def _rounding(name: str, primitive: str) -> Callable[..., Any]:
    def ufunc(x: Any, **kwargs: Any) -> Any:
        if kwargs:
            return with_options(name, (x,), kwargs)
        x = as_array(x)
        if name != "rint" and key_of(x)[0] in ("i32", "i64", "bool") and is_symbolic(x):
            return x
        if name in HALVES:
            refuse_halves(name, (x,))
        return emit(name, primitive, common_float, (x,))

    return ufunc


for _name, _primitive in _ROUNDING.items():
    TABLE[_name] = _rounding(_name, _primitive)


@implements("float_power")
def float_power(x: Any, y: Any, **kwargs: Any) -> Any:
    """Powers in double precision."""
    if kwargs:
        return with_options("float_power", (x, y), kwargs)
    return power(TABLE["astype"](x, float), y if type(y) is int else TABLE["astype"](y, float))


@implements("power", "pow")
def power(x: Any, y: Any, **kwargs: Any) -> Any:
    """Powers: constant integer exponents keep their exact derivative rule (any base)."""
    if kwargs:
        return with_options("power", (x, y), kwargs)
    x, y = as_array(x), as_array(y)
    if type(y) is float and y == 0.5 and is_symbolic(x):
        whole = key_of(x)[0] not in FLOATS  # booleans too: as doubles
        return np_("sqrt", x * 1.0 if whole else x)  # as NumPy does: of -inf it is NaN
    n = integer_exponent(y)
    if n is None or not is_symbolic(x):
        return emit("power", "power", arithmetic, (x, y))
    dtype, weak = arithmetic(key_of(x), key_of(y))
    if key_of(x) == ("bool", False):
        raise bytes_error()
    session = session_of(x)
    assert session is not None
    if dtype[0] == "i" and n < 0:
        if not weak:
            raise ValueError("Integers to negative integer powers are not allowed.")
        dtype = "f64"
    value = session.emit("integer_pow", operand(session, x, dtype), n=n)
    shape = getattr(y, "shape", ())
    if shape:
        shape = np.broadcast_shapes(shape, value.type.shape)
        value = session.emit("broadcast_to", value, shape=shape) if shape != x.shape else value
    return set_order(wrap(session, value, weak, deps_of((x,))), (x, y))


def integer_exponent(y: Any) -> int | None:
    """The exponent as an int where it is a constant without fraction."""
    if type(y) is Tracer:
        if is_symbolic(y) or y.shape:
            return None
        y = y._array.item()
    if isinstance(y, np.ndarray) and y.shape:
        return None
    if isinstance(y, (bool, np.bool_)) or not math.isfinite(y) or y != int(y):
        return None
    return int(y) if abs(y) < 2**31 else None


def np_(name: str, *args: Any, **kwargs: Any) -> Any:
    """Call a translation by its NumPy name."""
    return TABLE[name](*args, **kwargs)


# Real functions by our names, for eager evaluation on constants.
class _Lookup(dict[str, Any]):
    def __missing__(self, name: str) -> Any:
        found = getattr(np, name, None)
        if found is None:
            import scipy.special

            found = getattr(scipy.special, name)
        self[name] = found
        return found


NUMPY_UFUNCS = _Lookup()

"""Arrays made of others, of lists and numbers: copies where NumPy copies."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.ir.types import dtype_name
from tapec.trace.arrays.concrete import concrete
from tapec.trace.arrays.layout import laid_out
from tapec.trace.arrays.memory import ask, maybe_shared
from tapec.trace.arrays.mixed import one_type
from tapec.trace.arrays.narrow import widened_integers
from tapec.trace.arrays.operands import (
    any_symbolic,
    as_tracer,
    convert,
    need_session,
    operand,
    session_of,
    unwrap,
)
from tapec.trace.arrays.promote import Key, common, is_complex_type, scalar_key
from tapec.trace.arrays.rows import rows, rows_from
from tapec.trace.arrays.special import complex_call
from tapec.trace.arrays.table import TABLE, implements, method_of_arrays
from tapec.trace.arrays.tracer import Tracer, is_symbolic, wrap
from tapec.trace.numpy.shape import reshaped
from tapec.trace.tuning import STACKED_ROWS


def _leaves(x: Any) -> list[Any]:
    if type(x) in (list, tuple):
        return [leaf for item in x for leaf in _leaves(item)]
    return [x]


def _key(leaf: Any) -> Key:
    """In lists Python's numbers have the types of the arrays made of them."""
    return one_type(leaf) if type(leaf) is Tracer else scalar_key(leaf)[0], False


# SciPy asks for copies by these names.
_COPY = {mode: value for mode, value in zip(np._CopyMode, (True, False, None), strict=True)}


@implements("array")
def array(x: Any, dtype: Any = None, *, copy: Any = True, order: Any = None, ndmin: int = 0,
          subok: bool = False, like: Any = None) -> Any:  # fmt: skip
    """``np.array``: nested lists of traced values become stacks."""
    copy = _COPY.get(copy, copy)
    if is_complex_type(dtype) and any_symbolic(x):
        return complex_call("astype", array(x), dtype)
    if type(x) is Tracer:
        return _converted(np.array, x, dtype, copy=copy, order=order, ndmin=ndmin)
    if copy is False:
        raise ValueError("Unable to avoid copy while creating an array as requested.")
    if not any_symbolic(x):
        return concrete(np.array(unwrap(x), dtype=dtype, ndmin=ndmin, order=order))
    target = dtype_name(dtype) if dtype is not None else common(*map(_key, _leaves(x)))[0]
    return _converted(np.array, _stacked(x, target), None, copy=None, order=order, ndmin=ndmin)


def _converted(function: Any, x: Tracer, dtype: Any, **options: Any) -> Tracer:
    """What a function of NumPy's that may change the element type makes of an array: it says what.

    Axes that it adds come first.
    """
    target = np.dtype(x.dtype if dtype is None else dtype)
    name = dtype_name(target)
    answer = ask(function, x, dtype=target, **options)
    if answer.shares:
        return x if answer.shape == x.shape else reshaped(x, answer.shape)
    if not is_symbolic(x):
        return concrete(laid_out(x._array.astype(target).reshape(answer.shape), answer.strides))  # type: ignore[no-any-return]
    session = session_of(x) or need_session()
    value = widened_integers(x)._value(session)
    if name != x._dtype:
        value = convert(session, value, name)
    if answer.shape != x.shape:
        value = session.emit("reshape", value, shape=answer.shape)
    made = wrap(session, value, x._weak and name == x._dtype, x._deps)
    made._storage.strides = answer.strides
    made._storage.frozen = maybe_shared(x) if answer.unsure else ""
    return made


def _stacked(x: Any, dtype: str) -> Tracer:
    session = session_of(*_leaves(x)) or need_session()

    def build(item: Any) -> Any:
        if type(item) not in (list, tuple):
            return operand(session, item, dtype)
        return _joined(session, item, build)

    return wrap(session, build(x))


def _joined(session: Any, items: Any, build: Any) -> Any:
    """Items along a new first axis; those that are rows of one stack come as a slice of it."""
    pieces: list[Any] = []
    single: list[Any] = []
    k = 0
    while k < len(items):
        count = rows_from(items, k)
        if count < STACKED_ROWS:
            single += items[k : k + max(count, 1)]
            k += max(count, 1)
            continue
        if single:
            pieces.append(session.emit("stack", *map(build, single), axis=0))
            single = []
        pieces.append(build(rows(items[k], count)))
        k += count
    if single or not pieces:
        pieces.append(session.emit("stack", *map(build, single), axis=0))
    return pieces[0] if len(pieces) == 1 else session.emit("concatenate", *pieces, axis=0)


@implements("asarray", "asanyarray")
def asarray(x: Any, dtype: Any = None, order: Any = None, *, copy: Any = None) -> Any:
    """``np.asarray``: no copy of what is an array already."""
    copy = _COPY.get(copy, copy)
    if is_complex_type(dtype) and any_symbolic(x):
        return complex_call("astype", array(x), dtype)
    if type(x) is Tracer:
        return _converted(np.asarray, x, dtype, order=order, copy=copy)
    return array(x, dtype, order=order, copy=copy)


@implements("require")
def require(a: Any, dtype: Any = None, requirements: Any = None) -> Any:
    """``np.require``."""
    if type(a) is not Tracer:
        a = array(a, dtype)
    wanted = tuple(requirements or ())
    return _converted(np.require, a, dtype, requirements=wanted)


@implements("ascontiguousarray")
def ascontiguousarray(a: Any, dtype: Any = None) -> Any:
    """``np.ascontiguousarray``: in C order, with at least one axis."""
    return TABLE["atleast_1d"](asarray(a, dtype, "C"))


@implements("asfortranarray")
def asfortranarray(a: Any, dtype: Any = None) -> Any:
    """``np.asfortranarray``: in Fortran's order, with at least one axis."""
    return TABLE["atleast_1d"](asarray(a, dtype, "F"))


@implements("copy")
def copy(a: Any, order: Any = "K", subok: bool = False) -> Any:
    """An independent copy."""
    return array(a, order=order)


@method_of_arrays("copy")
def copy_method(a: Tracer, order: Any = "C") -> Any:
    """``a.copy()``: in C order, unlike ``np.copy``."""
    return array(a, order=order)


@method_of_arrays("conj", "conjugate")
def conj(a: Tracer) -> Tracer:
    """``a.conj()``: a real array itself."""
    return a


@method_of_arrays("astype")
@implements("astype")
def astype(x: Any, dtype: Any, order: Any = "K", casting: Any = "unsafe", subok: Any = True,
           copy: bool = True) -> Any:  # fmt: skip
    """Another element type."""
    x = as_tracer(x)
    if is_complex_type(dtype):
        return complex_call("astype", x, dtype)
    if not np.can_cast(x.dtype, dtype, casting):
        raise TypeError(f"Cannot cast array data from {x.dtype} to {dtype} by the rule {casting!r}")
    made = _converted(np.ndarray.astype, x, dtype, order=order, copy=copy)
    if made is not x:
        made._weak = False
    return made

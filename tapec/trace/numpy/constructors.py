"""Array constructors: constants stay NumPy arrays until something traced is written into them."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from tapec.ir.types import NUMPY_DTYPES, dtype_name
from tapec.trace.arrays.concrete import concrete
from tapec.trace.arrays.dispatch import eager
from tapec.trace.arrays.narrow import widened_integers
from tapec.trace.arrays.operands import (
    any_symbolic,
    as_array,
    as_tracer,
    convert,
    key_of,
    need_session,
    operand,
    session_of,
    unwrap,
)
from tapec.trace.arrays.promote import Key, common, common_float, scalar_key
from tapec.trace.arrays.rows import rows, rows_from
from tapec.trace.arrays.table import TABLE, implements, method_of_arrays
from tapec.trace.arrays.tracer import Tracer, is_symbolic, wrap
from tapec.trace.arrays.writes import copyto
from tapec.trace.tuning import STACKED_ROWS


def _leaves(x: Any) -> list[Any]:
    if type(x) in (list, tuple):
        return [leaf for item in x for leaf in _leaves(item)]
    return [x]


def _key(leaf: Any) -> Key:
    return key_of(leaf) if type(leaf) is Tracer else scalar_key(leaf)


# SciPy asks for copies by these names.
_COPY = {mode: value for mode, value in zip(np._CopyMode, (True, False, None), strict=True)}


@implements("array")
def array(x: Any, dtype: Any = None, *, copy: Any = True, order: Any = None, ndmin: int = 0,
          subok: bool = False, like: Any = None) -> Any:  # fmt: skip
    """``np.array``: nested lists of traced values become stacks."""
    copy = _COPY.get(copy, copy)
    same = type(x) is Tracer and (dtype is None or np.dtype(dtype) == x.dtype)
    if copy is False and not same:
        raise ValueError("Unable to avoid copy while creating an array as requested.")
    if not any_symbolic(x):
        if type(x) is Tracer and not copy and (dtype is None or np.dtype(dtype) == x.dtype):
            return x
        return concrete(np.array(unwrap(x), dtype=dtype, ndmin=ndmin, copy=True))
    if type(x) is Tracer:
        made = TABLE["astype"](x, dtype if dtype is not None else x.dtype, copy=bool(copy))
    else:
        target = dtype_name(dtype) if dtype is not None else common(*map(_key, _leaves(x)))[0]
        made = _stacked(x, target)
    if made.ndim < ndmin:
        made = TABLE["reshape"](made, (1,) * (ndmin - made.ndim) + made.shape)
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


@implements("asarray", "asanyarray", "require")
def asarray(x: Any, dtype: Any = None, order: Any = None, *, copy: Any = None) -> Any:
    """``np.asarray``: no copy of what is an array already."""
    copy = _COPY.get(copy, copy)
    if type(x) is Tracer and not copy and (dtype is None or np.dtype(dtype) == x.dtype):
        return x
    return array(x, dtype, copy=copy)


@implements("ascontiguousarray", "asfortranarray")
def ascontiguousarray(x: Any, dtype: Any = None) -> Any:
    """``np.ascontiguousarray``: at least one axis."""
    return TABLE["atleast_1d"](asarray(x, dtype))


@method_of_arrays("copy")
@implements("copy")
def copy(x: Any, order: Any = "K", subok: bool = False) -> Any:
    """An independent copy."""
    if type(x) is not Tracer:
        return array(x)
    if not is_symbolic(x):
        return concrete(np.array(x._array))
    session = session_of(x) or need_session()
    return wrap(session, x._value(session), x._weak, x._deps)


@method_of_arrays("astype")
@implements("astype")
def astype(x: Any, dtype: Any, order: Any = "K", casting: Any = "unsafe", subok: Any = True,
           copy: bool = True) -> Any:  # fmt: skip
    """Another element type."""
    x = as_tracer(x)
    if not is_symbolic(x):
        return concrete(np.asarray(x._array.astype(dtype, casting=casting)))
    if not np.can_cast(x.dtype, dtype, casting):
        raise TypeError(f"Cannot cast array data from {x.dtype} to {dtype} by the rule {casting!r}")
    target, x = dtype_name(dtype), widened_integers(x)
    if target == x._dtype and not copy:
        return x
    session = session_of(x) or need_session()
    value = x._value(session)
    if target != x._dtype:
        value = convert(session, value, target)
    return wrap(session, value, False, x._deps)


@method_of_arrays("fill")
def fill(x: Tracer, value: Any) -> None:
    """``x.fill(value)``."""
    copyto(x, value)


@implements("zeros_like", "empty_like")
def zeros_like(x: Any, dtype: Any = None, order: Any = "K", subok: Any = True,
               shape: Any = None) -> Any:  # fmt: skip
    """Zeros of the shape and element type of `x` (empty arrays start as zeros too)."""
    x = as_tracer(x)
    return concrete(np.zeros(x.shape if shape is None else shape, dtype or x.dtype))


@implements("ones_like")
def ones_like(x: Any, dtype: Any = None, order: Any = "K", subok: Any = True,
              shape: Any = None) -> Any:  # fmt: skip
    """Ones of the shape and element type of `x`."""
    x = as_tracer(x)
    return concrete(np.ones(x.shape if shape is None else shape, dtype or x.dtype))


@implements("full_like")
def full_like(x: Any, fill_value: Any, dtype: Any = None, order: Any = "K", subok: Any = True,
              shape: Any = None) -> Any:  # fmt: skip
    """`fill_value` in the shape and element type of `x`."""
    x = as_tracer(x)
    return full(x.shape if shape is None else shape, fill_value, dtype or x.dtype)


@implements("full")
def full(shape: Any, fill_value: Any, dtype: Any = None, order: Any = "C") -> Any:
    """An array filled with a number, traced or not."""
    if not any_symbolic(fill_value):
        return concrete(np.full(unwrap(shape), unwrap(fill_value), dtype))
    value = as_tracer(fill_value)
    made = concrete(np.zeros(shape, dtype or value.dtype))
    copyto(made, value)
    return made


@implements("fromiter")
def fromiter(iter: Any, dtype: Any, count: int = -1) -> Any:
    """``np.fromiter``: the items of an iterator, so many at most."""
    items = list(iter if count < 0 else itertools.islice(iter, count))
    if len(items) < count:
        raise ValueError(f"iterator too short: Expected {count} but iterator had only {len(items)}")
    return array(items, dtype)


@implements("empty")
def empty(shape: Any, dtype: Any = float, order: Any = "C") -> Any:
    """Empty arrays start as zeros, so that every program is deterministic."""
    return concrete(np.zeros(unwrap(shape), dtype))


@implements("linspace")
def linspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, retstep: bool = False,
             dtype: Any = None, axis: int = 0) -> Any:  # fmt: skip
    """Evenly spaced numbers between traced ends."""
    num = int(num)
    if num < 0:
        raise ValueError(f"Number of samples, {num}, must be non-negative.")
    if not any_symbolic([start, stop]):
        return eager(np.linspace, (start, stop, num, endpoint, retstep, dtype, axis), {})
    divisions = num - 1 if endpoint else num
    start, stop = as_array(start), as_array(stop)
    step = (stop * 1.0 - start) / max(divisions, 1)
    grid: Any = np.arange(num, dtype=float)
    grid = grid.reshape((num, *(1,) * np.ndim(step)))
    made = start + step * grid
    if dtype is None and common_float(key_of(start), key_of(stop))[0] == "f32":
        made = TABLE["astype"](made, np.float32)
    if endpoint and num > 1:
        made[-1] = stop
    if axis != 0:
        made = TABLE["moveaxis"](made, 0, axis)
    if dtype is not None:
        made = TABLE["astype"](TABLE["floor"](made) if np.dtype(dtype).kind == "i" else made, dtype)
    return (made, step if divisions > 0 else np.nan) if retstep else made


@implements("result_type", "promote_types")
def result_type(*args: Any) -> Any:
    """NumPy's promotion of arrays, dtypes and scalars."""
    plain = []
    for a in args:
        if type(a) is Tracer:
            a = np.zeros((), a.dtype).item() if a._weak else NUMPY_DTYPES[a._dtype]
        plain.append(a)
    return np.result_type(*plain)


@implements("shape")
def shape(x: Any) -> tuple[int, ...]:
    """``np.shape``."""
    return as_tracer(x).shape


@implements("ndim")
def ndim(x: Any) -> int:
    """``np.ndim``."""
    return as_tracer(x).ndim


@implements("size")
def size(x: Any, axis: int | None = None) -> int:
    """``np.size``."""
    t = as_tracer(x)
    return t.size if axis is None else t.shape[axis]


@implements("iscomplexobj", "isrealobj")
def iscomplexobj(x: Any) -> bool:
    """Never complex."""
    return False


TABLE["isrealobj"] = lambda x: True
TABLE["real"] = lambda x: as_tracer(x)
TABLE["imag"] = lambda x: zeros_like(x)
TABLE["isscalar"] = lambda x: type(x) is Tracer and not x.shape


@implements("iterable")
def iterable(x: Any) -> bool:
    """``np.iterable``."""
    return bool(as_tracer(x).shape)

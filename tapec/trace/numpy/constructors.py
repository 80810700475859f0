"""Array constructors: constants stay NumPy arrays until something traced is written into them."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from tapec.ir.types import NUMPY_DTYPES
from tapec.trace.arrays.concrete import concrete
from tapec.trace.arrays.dispatch import eager
from tapec.trace.arrays.memory import is_number, pattern
from tapec.trace.arrays.mixed import one_type
from tapec.trace.arrays.narrow import refuse_narrow
from tapec.trace.arrays.operands import (
    any_symbolic,
    as_array,
    as_tracer,
    key_of,
    unwrap,
)
from tapec.trace.arrays.promote import common_float
from tapec.trace.arrays.table import TABLE, implements, method_of_arrays
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.arrays.writes import copyto


@method_of_arrays("fill")
def fill(x: Tracer, value: Any) -> None:
    """``x.fill(value)``."""
    copyto(x, value)


@implements("zeros_like", "empty_like")
def zeros_like(x: Any, dtype: Any = None, order: Any = "K", subok: Any = True,
               shape: Any = None) -> Any:  # fmt: skip
    """Zeros of the shape and element type of `x` (empty arrays start as zeros too)."""
    return concrete(np.zeros_like(pattern(as_tracer(x)), _type_of(x, dtype), order, True, shape))


@implements("ones_like")
def ones_like(x: Any, dtype: Any = None, order: Any = "K", subok: Any = True,
              shape: Any = None) -> Any:  # fmt: skip
    """Ones of the shape and element type of `x`."""
    return concrete(np.ones_like(pattern(as_tracer(x)), _type_of(x, dtype), order, True, shape))


def _type_of(x: Any, dtype: Any) -> Any:
    """The element type of an array like this one, where none is given: its own, narrow ones too."""
    narrow = x._storage.narrow if dtype is None and type(x) is Tracer else ""
    return narrow or dtype


@implements("full_like")
def full_like(x: Any, fill_value: Any, dtype: Any = None, order: Any = "K", subok: Any = True,
              shape: Any = None) -> Any:  # fmt: skip
    """`fill_value` in the shape and element type of `x`."""
    if not any_symbolic(fill_value):
        dtype = _type_of(x, dtype)
        return concrete(
            np.full_like(pattern(as_tracer(x)), unwrap(fill_value), dtype, order, True, shape)
        )
    made = zeros_like(x, dtype, order, True, shape)
    copyto(made, fill_value, casting="unsafe")
    return made


@implements("full")
def full(shape: Any, fill_value: Any, dtype: Any = None, order: Any = "C") -> Any:
    """An array filled with a number, traced or not."""
    if not any_symbolic(fill_value):
        return concrete(np.full(unwrap(shape), unwrap(fill_value), dtype, order))
    value = as_tracer(fill_value)
    made = concrete(np.zeros(unwrap(shape), dtype or NUMPY_DTYPES[one_type(value)], order))
    copyto(made, value)
    return made


@implements("fromiter")
def fromiter(iter: Any, dtype: Any, count: int = -1) -> Any:
    """``np.fromiter``: the items of an iterator, so many at most."""
    items = list(iter if count < 0 else itertools.islice(iter, count))
    if len(items) < count:
        raise ValueError(f"iterator too short: Expected {count} but iterator had only {len(items)}")
    return TABLE["array"](items, dtype)


@implements("empty")
def empty(shape: Any, dtype: Any = float, order: Any = "C") -> Any:
    """Empty arrays start as zeros, so that every program is deterministic."""
    return concrete(np.zeros(unwrap(shape), dtype, order))


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
TABLE["isscalar"] = lambda x: type(x) is Tracer and is_number(x)


@implements("imag")
def imag(x: Any) -> Any:
    """Zeros."""
    refuse_narrow(x)
    return as_tracer(x).imag


@implements("iterable")
def iterable(x: Any) -> bool:
    """``np.iterable``."""
    return bool(as_tracer(x).shape)

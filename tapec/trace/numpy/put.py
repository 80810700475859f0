"""Functions that write at positions, and those that delete, insert or repeat elements."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from tapec.trace.arrays.cures import unsupported
from tapec.trace.arrays.memory import shadow, strided_view
from tapec.trace.arrays.operands import any_symbolic, as_array, as_tracer, unwrap
from tapec.trace.arrays.overwriting import lies_in, write_in_steps
from tapec.trace.arrays.table import TABLE, implements, method_of_arrays
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.arrays.writes import copyto, real_array_write
from tapec.trace.numpy.join import joined
from tapec.trace.numpy.pick import places_along
from tapec.trace.numpy.select import wrapped
from tapec.trace.numpy.shape import axes_of, axis_of, broadcast_to, ravel, reshaped
from tapec.trace.numpy.split import along


def _target(a: Any, function: Any, *others: Any) -> Any:
    """The traced array to write into; None where NumPy has done the write."""
    if type(a) is Tracer:
        return a
    if any_symbolic(list(others)):
        raise real_array_write()
    function(a, *unwrap(others))
    return None


def cycled(values: Any, count: int) -> Any:
    """The values repeated cyclically to a length."""
    flat = ravel(values)
    return flat[0] if flat.size == 1 else flat[np.arange(count) % flat.size]


@method_of_arrays("put")
@implements("put")
def put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    """``a.flat[ind] = v``, the values cycled."""
    if _target(a, np.put, ind, v) is None:
        return
    index = ravel(ind)
    if mode != "raise":
        index = wrapped(index, a.size, mode)
    if index.size:
        a.flat[index] = cycled(v, index.size)


@implements("place")
def place(arr: Any, mask: Any, vals: Any) -> None:
    """``arr[mask] = vals``, the values cycled."""
    if _target(arr, np.place, mask, vals) is None:
        return
    if not any_symbolic(mask) and lies_in(vals, arr):
        write_in_steps(arr, vals, lambda a, b: np.place(a, unwrap(mask), b))
    elif not any_symbolic(mask):
        put(arr, np.flatnonzero(unwrap(mask)), vals)
    elif as_tracer(vals).size == 1:
        copyto(arr, ravel(vals)[0], where=_holds(mask))
    else:
        _place_in_turn(arr, mask, vals)


def _place_in_turn(arr: Any, mask: Any, vals: Any) -> None:
    """The values cycled, by how many places of a traced mask come before each of them."""
    holds, new = ravel(_holds(mask)), ravel(vals)
    before = TABLE["cumsum"](TABLE["astype"](holds, int)) - 1
    turn = TABLE["remainder"](TABLE["maximum"](before, 0), new.size)
    copyto(arr, reshaped(new[turn], arr.shape), where=reshaped(holds, arr.shape))


@implements("putmask")
def putmask(a: Any, mask: Any, values: Any) -> None:
    """``a.flat[n] = values[n]`` where the mask holds, the values cycled."""
    if _target(a, np.putmask, mask, values) is None:
        return
    new = as_tracer(values)
    if new.shape != a.shape:
        new = reshaped(broadcast_to(cycled(new, a.size), (a.size,)), a.shape)
    copyto(a, new, where=mask)


@implements("put_along_axis")
def put_along_axis(arr: Any, indices: Any, values: Any, axis: Any) -> None:
    """``np.put_along_axis``."""
    function = functools.partial(np.put_along_axis, axis=axis)
    if _target(arr, function, indices, values) is None:
        return
    if axis is None:
        arr.flat[as_array(indices)] = values
    else:
        arr[places_along(arr, indices, axis)] = values


@implements("delete")
def delete(arr: Any, obj: Any, axis: Any = None) -> Any:
    """``np.delete`` at positions known while tracing."""
    x = ravel(arr) if axis is None else as_tracer(arr)
    axis = axis_of(0 if axis is None else axis, x.ndim)
    return along(x, axis, np.delete(np.arange(x.shape[axis]), _static(obj, np.delete)))


@implements("insert")
def insert(arr: Any, obj: Any, values: Any, axis: Any = None) -> Any:
    """``np.insert`` at positions known while tracing."""
    x, new = as_tracer(arr), as_tracer(values)
    new = TABLE["astype"](new, x.dtype)
    # NumPy itself says where every element of the result comes from.
    old = np.arange(x.size).reshape(x.shape)
    added = np.arange(x.size, x.size + new.size).reshape(new.shape)
    return _moved([x, new], np.insert(old, _static(obj, np.insert), added, axis))


def _moved(parts: list[Any], places: Any) -> Any:
    """The array made of elements at these places of all parts, flattened."""
    flat = joined([ravel(p) for p in parts], 0) if len(parts) > 1 else ravel(parts[0])
    return flat[places]


def _static(positions: Any, function: Any) -> Any:
    if any_symbolic(positions):
        raise unsupported(function, " at traced positions")
    return unwrap(positions)


@implements("resize")
def resize(a: Any, new_shape: Any) -> Any:
    """``np.resize``: the elements repeated as often as the shape needs them."""
    x = as_tracer(a)
    return _moved([x], np.resize(np.arange(x.size), new_shape))


@method_of_arrays("resize")
def resize_method(a: Any, *shape: Any, refcheck: bool = True) -> None:
    """``a.resize()``, which changes the size of the array itself, is refused."""
    raise unsupported("ndarray.resize", " in place")


@implements("extract")
def extract(condition: Any, arr: Any) -> Any:
    """The elements where a condition holds: how many there are may be known at run time only."""
    x = ravel(arr)
    if any_symbolic(condition):
        return x[ravel(_holds(condition))]
    return x[np.flatnonzero(unwrap(condition))]


def _holds(mask: Any) -> Any:
    """A mask as booleans: numbers other than zero are true."""
    mask = as_tracer(mask)
    return mask if mask._dtype == "bool" else TABLE["not_equal"](mask, 0)


@implements("compress")
def compress(condition: Any, a: Any, axis: Any = None) -> Any:
    """The slices where a condition holds: how many there are may be known at run time only."""
    x = ravel(a) if axis is None or not as_tracer(a).ndim else as_tracer(a)
    axis = axis_of(0 if axis is None else axis, x.ndim)
    if not any_symbolic(condition):
        return along(x, axis, np.flatnonzero(unwrap(condition)))
    mask = _holds(condition)
    if mask.shape[0] < x.shape[axis]:
        x = along(x, axis, slice(0, mask.shape[0]))
    return along(x, axis, mask)


@method_of_arrays("compress")
def compress_method(a: Any, condition: Any, axis: Any = None) -> Any:
    """``a.compress``."""
    return compress(condition, a, axis)


@implements("sliding_window_view")
def sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, writeable: bool = False
) -> Any:
    """All windows of a shape, as new last axes; they are read only, whatever `writeable` says."""
    x = as_tracer(x)
    sizes = tuple(np.atleast_1d(window_shape).tolist())
    arg = sizes, axes_of(axis, x.ndim)
    seen = np.lib.stride_tricks.sliding_window_view(shadow(x), *arg)
    return x._view(("windows", arg), seen.shape)


@implements("as_strided")
def as_strided(x: Any, shape: Any = None, strides: Any = None, *, writeable: bool = True) -> Any:
    """``as_strided``, of an array that lies in C order."""
    x = as_tracer(x)
    seen = np.lib.stride_tricks.as_strided(shadow(x), shape, strides, writeable=writeable)
    return strided_view(x, seen)

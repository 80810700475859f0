"""The methods of ufuncs: ``reduce``, ``accumulate``, ``outer``, ``at`` and ``reduceat``."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np

from tapec.errors import UnsupportedOperation
from tapec.trace.arrays.arguments import parameters
from tapec.trace.arrays.cures import unsupported
from tapec.trace.arrays.dispatch import call
from tapec.trace.arrays.fresh import laid_out_as_numpy
from tapec.trace.arrays.indexing import basic_view, scatter
from tapec.trace.arrays.keys import parse
from tapec.trace.arrays.loops import repeated
from tapec.trace.arrays.operands import (
    any_special,
    any_symbolic,
    any_tracer,
    as_array,
    as_tracer,
    unwrap,
)
from tapec.trace.arrays.session import where
from tapec.trace.arrays.special import call_special
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.tracer import Tracer, of_numpy
from tapec.trace.arrays.writes import check_cast, copyto, deliver, real_array_write
from tapec.trace.numpy.conversions import asarray
from tapec.trace.numpy.join import stack
from tapec.trace.numpy.scans import cumprod, cumsum, running_max, running_min
from tapec.trace.numpy.shape import axis_of, broadcast_to, moveaxis, reshaped
from tapec.trace.numpy.split import along
from tapec.trace.numpy.ufunc_folds import FOLDS, accumulated, reduced
from tapec.trace.tuning import AT_WRITTEN_OUT

_REDUCE = {"add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min",
           "logical_and": "all", "logical_or": "any", "logaddexp": "logsumexp"}  # fmt: skip
_ACCUMULATE = {"add": cumsum, "multiply": cumprod, "maximum": running_max, "minimum": running_min}


def ufunc_call(ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`ufunc.method(*inputs, **kwargs)` with tracers among the inputs or outputs."""
    made = of_numpy(_translated(ufunc, method, inputs, kwargs))
    if method in ("__call__", "at") or "out" in kwargs:
        return made
    return laid_out_as_numpy(getattr(ufunc, method), inputs, kwargs, made)


class NumpyProtocols:
    """What NumPy asks of a class beside `Tracer` that stands for traced arrays."""

    __slots__ = ()

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return ufunc_call(ufunc, method, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return call(func, args, kwargs)


def _translated(ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    name = ufunc.__name__
    if any_special(inputs):
        return call_special(name if method == "__call__" else f"{name}.{method}", inputs, kwargs)
    if method == "__call__":
        if not ufunc.nin <= len(inputs) <= ufunc.nin + ufunc.nout:
            raise TypeError(f"{name}() takes {ufunc.nin} arrays, not {len(inputs)}")
        if len(inputs) > ufunc.nin:
            inputs, kwargs = inputs[: ufunc.nin], {**kwargs, "out": inputs[ufunc.nin :]}
        if name in TABLE:
            made = TABLE[name](*inputs, **kwargs)
            return made if "out" in kwargs else laid_out_as_numpy(ufunc, inputs, kwargs, made)
    elif method == "reduce" and name in (*_REDUCE, *FOLDS):
        return (_reduced if name in _REDUCE else _folded)(name, *inputs, **kwargs)
    elif method == "accumulate" and name in (*_ACCUMULATE, *FOLDS):
        return _accumulated(name, *inputs, **kwargs)
    elif method == "outer" and name in TABLE:
        a, b = (asarray(i) for i in inputs)
        return TABLE[name](a.reshape((*a.shape, *(1,) * np.ndim(b))), b, **kwargs)
    elif method == "reduceat" and name in _REDUCE:
        return _segments(ufunc, *inputs, **kwargs)
    elif method == "at":
        return at(name, *inputs)
    if not any_tracer(inputs):
        return getattr(ufunc, method)(*inputs, **kwargs)
    raise unsupported(ufunc, "" if method == "__call__" else f".{method}")


def _reduced(name: str, x: Any, axis: Any = 0, dtype: Any = None, out: Any = None,
             keepdims: Any = False, initial: Any = None, where: Any = True) -> Any:  # fmt: skip
    """``ufunc.reduce`` by the function that does the same."""
    given = {"dtype": dtype, "initial": initial, "where": where}
    idle = (None, np._NoValue, True)
    needed = {k: v for k, v in given.items() if not any(v is i for i in idle)}
    if name in FOLDS and not needed and 0 in (np.ndim(x), np.size(x)):
        return _folded(name, x, axis, None, out, keepdims)
    function = TABLE[_REDUCE[name]]
    known = parameters(function) or {}
    if extra := [k for k in needed if k not in known]:
        raise unsupported(f"ufunc.reduce with {extra[0]}=")
    made = function(x, axis=axis, keepdims=keepdims, **needed)
    return made if out is None else deliver(out, made)


def _segments(ufunc: Any, x: Any, indices: Any, axis: Any = 0, dtype: Any = None,
              out: Any = None) -> Any:  # fmt: skip
    made = reduceat(ufunc, x, indices, axis, dtype)
    return made if out is None else deliver(out, made)


def _folded(name: str, x: Any, axis: Any = 0, dtype: Any = None, out: Any = None,
            keepdims: Any = False, **others: Any) -> Any:  # fmt: skip
    """``ufunc.reduce``, one element after the other."""
    if others:
        raise unsupported(f"ufunc.reduce with {next(iter(others))}=")
    made = reduced(name, x, axis, dtype, keepdims)
    return made if out is None else deliver(out, made)


def _accumulated(name: str, x: Any, axis: Any = 0, dtype: Any = None, out: Any = None) -> Any:
    """``ufunc.accumulate`` by the function that does the same, or step by step."""
    if name in _ACCUMULATE:
        options = {} if dtype is None else {"dtype": dtype}
        made = _ACCUMULATE[name](x, axis=axis, **options)
    else:
        made = accumulated(name, x, axis, dtype)
    return made if out is None else deliver(out, made)


def _array_ufunc(self: Tracer, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    return ufunc_call(ufunc, method, inputs, kwargs)


def at(name: str, x: Any, key: Any, value: Any = None) -> None:
    """``np.add.at`` and others: repeated indices accumulate."""
    if type(x) is not Tracer:
        raise real_array_write()
    x._check_writable()
    if not any_symbolic([x, key, value]):
        getattr(np, name).at(x._array, unwrap(key), unwrap(value))
        x._storage.changed()
    elif name in ("add", "subtract") and x._dtype != "bool":
        _accumulate_at(x, key, -as_array(value) if name == "subtract" else as_array(value))
    else:
        _apply_each(name, x, key, *(() if value is None else (value,)))


def _accumulate_at(x: Tracer, key: Any, value: Any) -> None:
    """``np.add.at``: one scatter op."""
    check_cast(value, x._dtype)
    parsed = parse(x.shape, key)
    if parsed.arrays:
        scatter("scatter_add", x, parsed, value)
        return
    view: Any = basic_view(x, parsed)
    copyto(view, view + value)


def _apply_each(name: str, x: Tracer, key: Any, *values: Any) -> None:
    """``x[key] = ufunc(x[key], value)`` for one index after the other."""
    parts = [as_array(k) for k in (key if isinstance(key, tuple) else (key,))]
    if name not in TABLE or any(_kind(p) not in "iu" for p in parts):
        raise UnsupportedOperation(
            f"np.{name}.at with such indices has no translation", where=where()
        )
    shape = np.broadcast_shapes(*(as_tracer(p).shape for p in parts))
    count, rest = math.prod(shape), x.shape[len(parts) :]
    places = [reshaped(broadcast_to(p, shape), (count,)) for p in parts]
    given = [reshaped(broadcast_to(v, (*shape, *rest)), (count, *rest)) for v in values]

    def step(k: Any, x: Any) -> Any:
        where_to = tuple(p[k] for p in places)
        made = TABLE[name](x[where_to], *(v[k] for v in given))
        check_cast(made, x._dtype)
        x[where_to] = made
        return x

    if count <= AT_WRITTEN_OUT:
        for k in range(count):
            step(k, x)
    else:
        copyto(x, repeated(count, step, x))


def _kind(part: Any) -> str:
    return as_tracer(part).dtype.kind if not isinstance(part, slice) and part is not None else ""


def reduceat(ufunc: Any, x: Any, indices: Any, axis: int = 0, dtype: Any = None) -> Any:
    """The reductions of segments that begin at constant indices."""
    if any_symbolic(indices):
        raise unsupported(ufunc, ".reduceat with traced indices")
    x = as_tracer(x)
    axis, starts = axis_of(axis, x.ndim), np.asarray(unwrap(indices)).tolist()
    n = x.shape[axis]
    if any(not 0 <= k < n for k in starts):
        raise IndexError(f"an index of np.{ufunc.__name__}.reduceat is out of bounds")
    options = {} if dtype is None else {"dtype": dtype}
    found = []
    for first, last in pairwise([*starts, n]):
        part = along(x, axis, slice(first, max(last, first + 1)))
        found.append(ufunc_call(ufunc, "reduce", (part,), {"axis": axis, **options}))
    return moveaxis(stack(found), 0, axis)


setattr(Tracer, "__array_ufunc__", _array_ufunc)  # noqa: B010

"""Sorting."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from tapec.trace.arrays.concrete import concrete
from tapec.trace.arrays.operands import as_tracer, need_session, session_of
from tapec.trace.arrays.table import implements, method_of_arrays
from tapec.trace.arrays.tracer import Tracer, wrap
from tapec.trace.arrays.writes import copyto
from tapec.trace.numpy.pick import places_along
from tapec.trace.numpy.shape import atleast_1d, axis_of, ravel, reduced_axes


def _permutation(x: Tracer, axis: int) -> Any:
    if x._storage.array is not None:
        return concrete(np.argsort(x._array, axis=axis, kind="stable"))
    session = session_of(x) or need_session()
    value = x._value(session)
    if x._dtype == "bool":
        value = session.emit("convert", value, dtype="i32")
    return wrap(session, session.emit("argsort", value, axis=axis))


def _numbered(x: Any, axis: Any) -> tuple[Tracer, int]:
    x = ravel(x) if axis is None else as_tracer(x)
    return x, axis_of(0 if axis is None else axis, x.ndim)


def _places(a: Any, axis: Any) -> tuple[Tracer, int]:
    """As `_numbered`; a number counts as one element along an axis."""
    return _numbered(a if axis is None or as_tracer(a).ndim else atleast_1d(a), axis)


def _no_fields(order: Any) -> None:
    if order is not None:
        raise ValueError("Cannot specify order when the array has no fields.")


@implements("argsort")
def argsort(a: Any, axis: Any = -1, order: Any = None) -> Any:
    """Where the sorted elements come from; equal ones keep their order."""
    _no_fields(order)
    x, axis = _places(a, axis)
    return _permutation(x, axis)


@implements("sort")
def sort(a: Any, axis: Any = -1, order: Any = None) -> Any:
    """The elements in order."""
    _no_fields(order)
    x, axis = _numbered(a, axis)
    return x[places_along(x, _permutation(x, axis), axis)]


@method_of_arrays("sort")
def sort_method(a: Tracer, axis: int = -1, kind: Any = None, order: Any = None, *,
                stable: Any = None) -> None:  # fmt: skip
    """``a.sort()``: in place."""
    copyto(a, sort(a, axis, order))


@implements("partition")
def partition(
    a: Any, kth: Any, axis: Any = -1, kind: str = "introselect", order: Any = None
) -> Any:
    """Sorted outright, which is a partition too."""
    x, axis = _numbered(a, axis)
    _check_selection(kth, x.shape[axis], kind, order)
    return sort(x, axis)


@method_of_arrays("partition")
def partition_method(a: Tracer, kth: Any, axis: int = -1, kind: Any = None,
                     order: Any = None) -> None:  # fmt: skip
    """``a.partition()``: in place."""
    copyto(a, partition(a, kth, axis, "introselect" if kind is None else kind, order))


@implements("argpartition")
def argpartition(a: Any, kth: Any, axis: Any = -1, kind: str = "introselect",
                 order: Any = None) -> Any:  # fmt: skip
    """The permutation that sorts, which partitions too."""
    x, axis = _places(a, axis)
    _check_selection(kth, x.shape[axis], kind, order)
    return _permutation(x, axis)


def _check_selection(kth: Any, size: int, kind: Any, order: Any) -> None:
    _no_fields(order)
    if kind != "introselect":
        raise ValueError(f"select kind must be 'introselect' (got {kind!r})")
    # NumPy looks for no element among none.
    if size and any(not -size <= int(k) < size for k in np.atleast_1d(np.asarray(kth))):
        raise ValueError(f"kth(={kth}) out of bounds ({size})")


@implements("lexsort")
def lexsort(keys: Any, axis: int = -1) -> Any:
    """The permutation that sorts by the last key, then by those before it."""
    rows = list(as_tracer(keys)) if isinstance(keys, Tracer) else [as_tracer(k) for k in keys]
    if not rows[0].ndim:
        reduced_axes(operator.index(axis), 0)
        return concrete(np.zeros((), np.int64))
    axis = axis_of(axis, rows[0].ndim)
    found = _permutation(rows[0], axis)
    for key in rows[1:]:
        again = _permutation(key[places_along(key, found, axis)], axis)
        found = found[places_along(found, again, axis)]
    return found

"""Index expressions normalised: one entry per axis."""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

import numpy as np

from tapec.errors import UnsupportedOperation
from tapec.ir.places import of_slice
from tapec.trace.arrays.operands import any_symbolic, as_array, unwrap
from tapec.trace.arrays.session import where
from tapec.trace.arrays.tracer import Tracer

ARRAYS = (Tracer, np.ndarray, list)


class ParsedIndex(NamedTuple):
    """An index, one entry per axis: `at` for basic entries; the arrays of the others."""

    at: tuple[Any, ...]
    arrays: dict[int, Any]  # axis -> integer array (or traced integer)
    layout: list[str]  # "slice", "new", "adv" in written order (plain ints left out)
    boxed: bool  # an Ellipsis was written: a 0-d result is a view


def parse(shape: tuple[int, ...], key: Any) -> ParsedIndex:
    """Normalise an index expression for an array of `shape`."""
    entries, boxed = completed(shape, key)
    advanced = any(isinstance(e, ARRAYS) for e in entries)
    at: list[Any] = []
    arrays: dict[int, Any] = {}
    layout: list[str] = []
    for e in entries:
        if e is None:
            layout.append("new")
            continue
        axis, n = len(at), shape[len(at)]
        if isinstance(e, slice):
            at.append(of_slice(e, n))
            layout.append("slice")
        elif isinstance(e, ARRAYS):
            arrays[axis] = e
            at.append((0, n, 1))
            layout.append("adv")
        else:
            i = checked(e, n, axis)
            if advanced:
                arrays[axis] = np.asarray(i)
                at.append((0, n, 1))
                layout.append("adv")
            else:
                at.append(i)
    return ParsedIndex(tuple(at), arrays, layout, boxed)


def completed(shape: tuple[int, ...], key: Any) -> tuple[list[Any], bool]:
    """An entry for every axis, and whether an Ellipsis was written."""
    entries = list(key) if isinstance(key, tuple) else [key]
    entries = _spread_masks(shape, entries)
    used = sum(1 for e in entries if e is not None and e is not Ellipsis)
    if used > len(shape):
        raise IndexError(
            f"too many indices for array: array is {len(shape)}-dimensional, "
            f"but {used} were indexed"
        )
    boxed = any(e is Ellipsis for e in entries)
    full = [slice(None)] * (len(shape) - used)
    if boxed:
        i = next(i for i, e in enumerate(entries) if e is Ellipsis)
        entries[i : i + 1] = full
    else:
        entries += full
    return entries, boxed


def checked(e: Any, n: int, axis: int) -> int:
    i = operator.index(e)
    if not -n <= i < n:
        raise IndexError(f"index {i} is out of bounds for axis {axis} with size {n}")
    return i % n


def _as_arrays(entries: list[Any]) -> list[Any]:
    """Lists, and what is constant, as NumPy arrays."""
    found = []
    for e in entries:
        if isinstance(e, (list, tuple, range)):
            e = as_array(list(e)) if any_symbolic(list(e)) else np.asarray(unwrap(list(e)))
            if e.size == 0:
                e = e.astype(int)
        known = type(e) is Tracer and e._storage.array is not None
        found.append(e._array if known else e)
    return found


def _is_constant_mask(e: Any) -> bool:
    return isinstance(e, np.ndarray) and e.dtype == np.bool_


def _check_mask(mask: Any, shape: tuple[int, ...], axis: int) -> None:
    for k, (size, n) in enumerate(zip(mask.shape, shape[axis:], strict=False)):
        if size != n:
            raise IndexError(
                f"boolean index did not match indexed array along axis {axis + k}; size of axis is "
                f"{n} but size of corresponding boolean axis is {size}"
            )


def _spread_masks(shape: tuple[int, ...], entries: list[Any]) -> list[Any]:
    """Constant boolean masks as index arrays, 0-d integer arrays as ints, lists as arrays."""
    spread: list[Any] = []
    entries = _as_arrays(entries)
    sizes = [e.ndim if _is_constant_mask(e) else int(e is not None) for e in entries]
    axis, rest = 0, len(shape) - sum(sizes) + any(e is Ellipsis for e in entries)
    for e, size in zip(entries, sizes, strict=True):
        if _is_constant_mask(e):
            _check_mask(e, shape, axis)
        axis += rest if e is Ellipsis else size
        if _is_constant_mask(e):
            spread += e.nonzero()
        elif isinstance(e, np.ndarray) and e.shape == () and e.dtype.kind in "iu":
            spread.append(int(e))
        elif type(e) is Tracer and e._dtype == "bool":
            raise UnsupportedOperation(
                "an array indexed by a traced mask has no fixed shape",
                where=where(),
                hint="use np.where(mask, a, b), or multiply by the mask",
            )
        else:
            spread.append(e)
    return spread

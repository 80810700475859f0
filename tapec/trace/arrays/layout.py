"""How arrays lie in memory: strides, counted in elements, as NumPy itself gives them.

Strides are None where an array is C-contiguous, which nearly all are. NumPy is asked on stand-ins:
a *shadow* has an array's shape and strides over memory that is never touched, a *miniature* has
axes of at most two elements that lie as the array's do.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from tapec.ir.types import NUMPY_DTYPES

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]
Strides = tuple[int, ...]

_RESHAPE_KNOWS_COPY = np.lib.NumpyVersion(np.__version__) >= "2.1.0"


def packed(shape: Shape, order: Sequence[int]) -> Strides:
    """The strides of an array without gaps whose axes lie in this order, the outermost first."""
    strides = [0] * len(shape)
    step = 1
    for axis in reversed(order):
        strides[axis] = step
        step *= max(shape[axis], 1)
    return tuple(strides)


def c_strides(shape: Shape) -> Strides:
    """The strides of a C-contiguous array."""
    return packed(shape, range(len(shape)))


def order_of(shape: Shape, strides: Strides) -> tuple[int, ...]:
    """The axes from the outermost to the innermost."""

    def outermost(axis: int) -> tuple[int, bool, int]:
        return -abs(strides[axis]), shape[axis] == 1, axis

    return tuple(sorted(range(len(shape)), key=outermost))


def in_order(shape: Shape, order: Sequence[int]) -> Strides | None:
    """The strides of a fresh array with axes in this order; None for C order."""
    found = packed(shape, order)
    return None if prod(shape) < 2 or _same(shape, found, c_strides(shape)) else found


def laid_out(array: Array, strides: Strides | None) -> Array:
    """A copy with strides without gaps, in C order where they are not known."""
    order = order_of(array.shape, strides) if strides else range(array.ndim)
    return np.array(array.transpose(order), order="C").transpose(np.argsort(order))


def order_alone(shape: Shape, strides: Strides | None) -> Strides | None:
    """The strides without gaps of an array whose axes lie in the same order."""
    return strides if strides is None else in_order(shape, order_of(shape, strides))


def _same(shape: Shape, a: Strides, b: Strides) -> bool:
    """Whether strides differ at most where an axis has one element."""
    return all(n == 1 or p == q for n, p, q in zip(shape, a, b, strict=True))


@lru_cache(maxsize=4096)
def canonical(shape: Shape, strides: Strides) -> Strides | None:
    """Strides that NumPy treats alike: the order of axes, their signs, where gaps are; None for C.

    Gaps become one element wide, so that columns of matrices of any width are of one kind.
    """
    if prod(shape) < 2:
        return None
    made = [0] * len(shape)
    contiguous, free = 1, 1  # the stride without a gap: as it is, and in the result
    for axis in reversed(order_of(shape, strides)):
        step, size = abs(strides[axis]), shape[axis]
        if not step or size == 1:
            made[axis] = 0 if size > 1 else free
            continue
        if step < contiguous:
            return strides  # elements overlap
        made[axis] = (free + (step > contiguous)) * (-1 if strides[axis] < 0 else 1)
        contiguous, free = step * size, abs(made[axis]) * size
    found = tuple(made)
    return None if _same(shape, found, c_strides(shape)) else found


def strides_of(array: Any) -> Strides | None:
    """The strides of a NumPy array in elements; None where it is C-contiguous."""
    if array.flags.c_contiguous:
        return None
    size = array.itemsize
    return tuple(s // size for s in array.strides)


def canonical_of(array: Any) -> Strides | None:
    """The canonical strides of a NumPy array; None where it is C-contiguous."""
    strides = strides_of(array)
    return None if strides is None else canonical(array.shape, strides)


@lru_cache(maxsize=4096)
def shadow(shape: Shape, strides: Strides | None, dtype: str) -> Array:
    """An array of this layout over memory that must not be touched."""
    kind = NUMPY_DTYPES[dtype]
    steps = c_strides(shape) if strides is None else strides
    return as_strided(_ORIGIN.view(kind), shape, tuple(s * kind.itemsize for s in steps))


# Where all shadows begin, so that views of equal ones share memory.
_ORIGIN = np.zeros(8, np.uint8)


def viewed(array: Array, shape: Shape) -> Array | None:
    """A reshape of a shadow where NumPy's shares memory; None where it is a copy."""
    try:
        if _RESHAPE_KNOWS_COPY:
            return array.reshape(shape, copy=False)
        seen = array.view()
        seen.shape = shape
    except (ValueError, AttributeError):
        return None
    return seen


def miniature(shape: Shape, strides: Strides | None, dtype: str, most: int = 2) -> Array:
    """A small array of zeros, whose axes lie as those of this one do; at most so many elements."""
    small = tuple(min(n, most) for n in shape)
    kind = NUMPY_DTYPES[dtype]
    if strides is None:
        return np.zeros(small, kind)
    found = _shrunken(shape, small, strides)
    reach = [(n - 1) * s for n, s in zip(small, found, strict=True) if n]
    low = -sum(r for r in reach if r < 0)
    memory = np.zeros(low + 1 + sum(r for r in reach if r > 0), kind)
    return as_strided(memory[low:], small, tuple(s * kind.itemsize for s in found))


@lru_cache(maxsize=4096)
def _shrunken(shape: Shape, small: Shape, strides: Strides) -> Strides:
    """Strides for fewer elements with the same order, signs and gaps."""
    made = [0] * len(shape)
    contiguous, free, before, last = 1, 1, 0, 0
    for axis in reversed(order_of(shape, strides)):
        step = abs(strides[axis])
        if not step:
            continue
        # Axes of one stride, whose elements overlap, keep that.
        last = last if step == before else free + (step > contiguous)
        made[axis] = -last if strides[axis] < 0 else last
        before, contiguous, free = step, step * shape[axis], last * small[axis]
    return tuple(made)

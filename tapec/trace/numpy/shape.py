"""Shape functions. What NumPy returns as a view is a view here."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from tapec.errors import ShapeError
from tapec.trace.arrays.concrete import concrete
from tapec.trace.arrays.layout import order_of
from tapec.trace.arrays.memory import (
    UNKNOWN,
    check_known,
    fresh,
    in_c_order,
    is_contiguous,
    is_number,
    lies_differently,
    maybe_shared,
    reshape_is_view,
    shadow,
)
from tapec.trace.arrays.operands import as_tracer
from tapec.trace.arrays.session import where
from tapec.trace.arrays.table import TABLE, implements, method_of_arrays
from tapec.trace.arrays.tracer import Tracer

Shape = tuple[int, ...]


def axis_of(axis: Any, ndim: int) -> int:
    """A normalised axis."""
    i = operator.index(axis)
    if not -ndim <= i < ndim:
        raise np.exceptions.AxisError(i, ndim)
    return i % ndim


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """Normalised axes; None means all."""
    if axis is None:
        return tuple(range(ndim))
    if not isinstance(axis, (tuple, list)):
        return (axis_of(axis, ndim),)
    axes = tuple(axis_of(a, ndim) for a in axis)
    if len(set(axes)) < len(axes):
        raise ValueError("repeated axis")
    return axes


def given_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """Normalised axes, where None is none."""
    return axes_of(axis if isinstance(axis, (tuple, list)) else (axis,), ndim)


def reduced_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """Normalised axes of a reduction: that of a number takes the axes 0 and -1, too."""
    if isinstance(axis, list):
        raise TypeError("'list' object cannot be interpreted as an integer")
    if axis is None or isinstance(axis, tuple):
        return axes_of(axis, ndim)
    return () if not ndim and operator.index(axis) in (0, -1) else axes_of(axis, ndim)


def reshaped(x: Any, shape: Sequence[int]) -> Tracer:
    """A reshape: a view where NumPy's is one, else a copy."""
    seen, target = as_tracer(x), tuple(shape)
    if is_number(seen) or not reshape_is_view(seen, target):
        unknown = lies_differently(seen) and len(target) > 1
        seen = _packed(seen)
        if unknown:
            seen._storage.strides = UNKNOWN
    return seen._view(("reshape", target), target)


def _packed(x: Tracer) -> Tracer:
    """A copy in C order; read only where it may be no copy on some paths."""
    if x._storage.array is not None:
        return concrete(np.array(x._array, order="C"))  # type: ignore[no-any-return]
    made = fresh(x)
    made._storage.frozen = maybe_shared(x)
    return made


@method_of_arrays("reshape")
def reshape_method(x: Any, *shape: Any, order: str = "C", copy: Any = None) -> Any:
    """``x.reshape``: sizes one by one or together."""
    return reshape(x, shape[0] if len(shape) == 1 else shape, order, copy=copy)


@implements("reshape")
def reshape(x: Any, shape: Any, order: str = "C", *, copy: Any = None) -> Any:
    """``np.reshape``, with one -1 allowed."""
    x = as_tracer(x)
    target = (shape,) if not isinstance(shape, (tuple, list)) else tuple(shape)
    sizes = tuple(int(n) for n in target)
    if sizes.count(-1) > 1:
        raise ShapeError("can only specify one unknown dimension", where=where())
    if -1 in sizes:
        known = -math.prod(sizes)
        sizes = tuple((x.size // known if known else -1) if n == -1 else n for n in sizes)
    if math.prod(sizes) != x.size or -1 in sizes:
        raise ShapeError(
            f"cannot reshape array of size {x.size} into shape {tuple(target)}", where=where()
        )
    if copy:
        x = TABLE["copy"](x)
    if order in ("F", "A") and _first_index_fastest(x, order):
        return transpose(reshaped(transpose(x), sizes[::-1]))
    return reshaped(x, sizes)


def _first_index_fastest(x: Tracer, order: str) -> bool:
    """Whether elements are taken in Fortran's order."""
    if order == "F":
        return True
    check_known(x, f"order={order!r}")
    return x.ndim > 1 and bool(shadow(x).flags.fnc)


@implements("ravel")
def ravel(x: Any, order: str = "C") -> Any:
    """One axis; a view of contiguous arrays."""
    x = _in_order(as_tracer(x), order)
    shared = is_contiguous(x) and not is_number(x)
    return (x if shared else _packed(x))._view(("reshape", (x.size,)), (x.size,))


def _in_order(x: Tracer, order: Any) -> Tracer:
    """The axes transposed so that C order is the order asked for."""
    if order not in ("C", "F", "A", "K", None):
        raise ValueError(f"order must be one of 'C', 'F', 'A', or 'K' (got {order!r})")
    if order == "K" and not in_c_order(x):
        check_known(x, "order='K'")
        seen = shadow(x)
        return transpose(x, order_of(x.shape, seen.strides))  # type: ignore[no-any-return]
    fortran = order in ("F", "A") and _first_index_fastest(x, order)
    made: Tracer = transpose(x) if fortran else x
    return made


@method_of_arrays("flatten")
def flatten(x: Any, order: str = "C") -> Any:
    """One axis, copied."""
    x = _packed(_in_order(as_tracer(x), order))
    return x._view(("reshape", (x.size,)), (x.size,))


@method_of_arrays("transpose")
def transpose_method(x: Any, *axes: Any) -> Any:
    """``x.transpose``: axes one by one or together."""
    together = len(axes) == 1 and (axes[0] is None or isinstance(axes[0], (tuple, list)))
    return transpose(x, axes[0] if together else (axes or None))


@implements("matrix_transpose", "linalg.matrix_transpose")
def matrix_transpose(x: Any) -> Any:
    """The last two axes exchanged."""
    return swapaxes(x, -1, -2)


@implements("transpose", "permute_dims")
def transpose(x: Any, axes: Any = None) -> Any:
    """Permuted axes (reversed by default)."""
    x = as_tracer(x)
    axes = (axes,) if isinstance(axes, (int, np.integer)) else axes
    perm = tuple(range(x.ndim))[::-1] if axes is None else axes_of(tuple(axes), x.ndim)
    if sorted(perm) != list(range(x.ndim)):
        raise ShapeError(f"axes {tuple(perm)} do not permute {x.ndim} axes", where=where())
    if perm == tuple(range(x.ndim)):
        return x._view(("reshape", x.shape), x.shape)
    return x._view(("transpose", perm), tuple(x.shape[p] for p in perm))


@implements("moveaxis")
def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    """``np.moveaxis``."""
    x = as_tracer(x)
    src, dst = given_axes(source, x.ndim), given_axes(destination, x.ndim)
    if len(src) != len(dst):
        raise ValueError(
            "`source` and `destination` arguments must have the same number of elements"
        )
    order = [i for i in range(x.ndim) if i not in src]
    for d, s in sorted(zip(dst, src, strict=True)):
        order.insert(d, s)
    return transpose(x, order)


@implements("rollaxis")
def rollaxis(x: Any, axis: int, start: int = 0) -> Any:
    """``np.rollaxis``."""
    x = as_tracer(x)
    axis, start = axis_of(axis, x.ndim), start + x.ndim if start < 0 else start
    if not 0 <= start <= x.ndim:
        raise np.exceptions.AxisError(start, x.ndim)
    return moveaxis(x, axis, start - (axis < start))


@implements("swapaxes")
def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Two axes exchanged."""
    x = as_tracer(x)
    perm = list(range(x.ndim))
    i, j = axis_of(axis1, x.ndim), axis_of(axis2, x.ndim)
    perm[i], perm[j] = perm[j], perm[i]
    return transpose(x, perm)


@implements("squeeze")
def squeeze(x: Any, axis: Any = None) -> Any:
    """Axes of size one removed."""
    x = as_tracer(x)
    ones = [i for i, n in enumerate(x.shape) if n == 1]
    gone = ones if axis is None else reduced_axes(axis, x.ndim)
    if not gone:
        return x
    if any(x.shape[i] != 1 for i in gone):
        raise ShapeError(
            "cannot select an axis to squeeze out whose size is not one", where=where()
        )
    return reshaped(x, [n for i, n in enumerate(x.shape) if i not in gone])


@implements("expand_dims")
def expand_dims(x: Any, axis: Any) -> Any:
    """New axes of size one."""
    x = as_tracer(x)
    count = len(axis) if isinstance(axis, (tuple, list)) else 1
    new = given_axes(axis, x.ndim + count)
    rest = iter(x.shape)
    return reshaped(x, [1 if i in new else next(rest) for i in range(x.ndim + count)])


@implements("atleast_1d")
def atleast_1d(*xs: Any) -> Any:
    """At least one axis."""
    made = [reshaped(t, (1,)) if not (t := as_tracer(x)).shape else t for x in xs]
    return made[0] if len(made) == 1 else tuple(made)


@implements("atleast_2d")
def atleast_2d(*xs: Any) -> Any:
    """At least two axes."""
    made = []
    for x in xs:
        t = as_tracer(x)
        made.append(reshaped(t, (1,) * (2 - t.ndim) + t.shape) if t.ndim < 2 else t)
    return made[0] if len(made) == 1 else tuple(made)


@implements("atleast_3d")
def atleast_3d(*xs: Any) -> Any:
    """At least three axes."""
    made = []
    for x in map(as_tracer, xs):
        shape = {0: (1, 1, 1), 1: (1, *x.shape, 1), 2: (*x.shape, 1)}.get(x.ndim)
        made.append(reshaped(x, shape) if shape else x)
    return made[0] if len(made) == 1 else tuple(made)


@implements("broadcast_to")
def broadcast_to(x: Any, shape: Any, subok: bool = False) -> Any:
    """``np.broadcast_to``."""
    x = as_tracer(x)
    target = tuple(int(n) for n in (shape if isinstance(shape, (tuple, list)) else (shape,)))
    if target == x.shape:
        return x._view(("read only", None), target)
    if np.broadcast_shapes(x.shape, target) != target:
        raise ShapeError(f"cannot broadcast {x.shape} to {target}", where=where())
    return x._view(("broadcast", target), target)


@implements("broadcast_arrays")
def broadcast_arrays(*xs: Any, subok: bool = False) -> Any:
    """All in their common shape."""
    made = [as_tracer(x) for x in xs]
    shapes = {t.shape for t in made}
    if len(shapes) < 2:
        return tuple(made)
    shape = np.broadcast_shapes(*shapes)
    return tuple(
        t._view(("reshape", shape), shape) if t.shape == shape else broadcast_to(t, shape)
        for t in made
    )

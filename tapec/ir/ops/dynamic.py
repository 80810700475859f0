"""Parts of arrays at places known at run time only: element `i`, a window of fixed size from `i`.

A specification `at` has one entry per axis, as in `index`, where the start may be `RUN`: it is
taken from the next start operand (an i64 number). `RUN` alone is one element (drops the axis),
`(RUN, count, step)` a window. Negative elements count from the end, as in NumPy; what leaves the
array raises IndexError.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.errors import DTypeError, ShapeError
from tapec.ir.build import Expr
from tapec.ir.ops.indexing import Entry, Spec, selected_shape, slices
from tapec.ir.ops.shape import Array, Shape, call, joint_jvp, zeros
from tapec.ir.primitive import RAISES, linear
from tapec.ir.types import Type

RUN = -1


def runs(at: Spec) -> tuple[int, ...]:
    """The axes whose start is an operand, in order."""
    return tuple(k for k, e in enumerate(at) if (e if isinstance(e, int) else e[0]) == RUN)


def window_shape(x: Type, at: Spec, starts: tuple[Type, ...]) -> Shape:
    """Shape of the part; raises ShapeError or DTypeError for what cannot fit."""
    axes = runs(at) if len(at) == x.ndim else ()
    if len(axes) != len(starts):
        raise ShapeError(f"{len(starts)} starts for {len(axes)} places of {x}")
    for s in starts:
        if s != Type("i64"):
            raise DTypeError(f"a start must be an i64 number, got {s}")
    fixed = tuple(placed(e, 0, n) if k in axes else e
                  for k, (e, n) in enumerate(zip(at, x.shape, strict=True)))  # fmt: skip
    return selected_shape(x.shape, fixed)


def placed(entry: Entry, start: int, n: int) -> Entry:
    """An entry with its start filled in; raises IndexError where it leaves the axis."""
    if isinstance(entry, int):
        if not -n <= start < n:
            raise IndexError(f"index {start} is out of bounds for axis of size {n}")
        return start % n
    _, count, step = entry
    last = start + (count - 1) * step
    if count and not (0 <= start < n and 0 <= last < n):
        raise IndexError(f"window {start}..{last} is out of bounds for axis of size {n}")
    return (start, count, step)


def settled(at: Spec, starts: tuple[Any, ...], shape: Shape) -> tuple[Any, ...]:
    """NumPy's index once the starts are known."""
    given = iter(starts)
    axes = runs(at)
    return slices(
        tuple(
            placed(e, int(next(given)), n) if k in axes else e
            for k, (e, n) in enumerate(zip(at, shape, strict=True))
        )
    )


# --- dynamic_index, dynamic_update, dynamic_add --------------------------------------------------


def _infer_index(x: Type, *starts: Type, at: Spec) -> Type:
    return x.with_shape(window_shape(x, at, starts))


def _infer_write(x: Type, v: Type, *starts: Type, at: Spec) -> Type:
    expected = x.with_shape(window_shape(x, at, starts))
    if v != expected:
        raise ShapeError(f"{v} written to a part of type {expected}")
    return x


def _update(x: Array, v: Array, *starts: Array, at: Spec) -> Array:
    out = np.array(x)
    out[settled(at, starts, x.shape)] = v
    return out


def _add(x: Array, v: Array, *starts: Array, at: Spec) -> Array:
    out = np.array(x)
    out[settled(at, starts, x.shape)] += v
    return out


def _transpose_index(k: int, ct: Expr, x: Expr, *starts: Expr, at: Spec) -> Expr | None:
    return call("dynamic_add", zeros(ct, x.shape), ct, *starts, at=at) if k == 0 else None


def _transpose_update(k: int, ct: Expr, x: Expr, v: Expr, *starts: Expr, at: Spec) -> Expr | None:
    if k == 0:
        return call("dynamic_update", ct, zeros(ct, v.shape), *starts, at=at)
    return call("dynamic_index", ct, *starts, at=at) if k == 1 else None


def _transpose_add(k: int, ct: Expr, x: Expr, v: Expr, *starts: Expr, at: Spec) -> Expr | None:
    if k == 0:
        return ct
    return call("dynamic_index", ct, *starts, at=at) if k == 1 else None


linear(
    "dynamic_index",
    _infer_index,
    lambda x, *starts, at: np.asarray(x[settled(at, starts, x.shape)]),
    (_transpose_index,),
    jvp=joint_jvp("dynamic_index", fixed=1),
    cost=1,
    traits=RAISES,
    doc="One element or a window of fixed size per axis, from starts known at run time.",
)
linear(
    "dynamic_update",
    _infer_write,
    _update,
    (_transpose_update,),
    jvp=joint_jvp("dynamic_update", fixed=2),
    cost=1,
    traits=RAISES,
    doc="An array with one element or window replaced; in place where the array dies.",
)
linear(
    "dynamic_add",
    _infer_write,
    _add,
    (_transpose_add,),
    jvp=joint_jvp("dynamic_add", fixed=2),
    cost=1,
    traits=RAISES,
    doc="An array with values added to one element or window; in place where the array dies.",
)

"""Arrays joined along an old or a new axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tapec.ir.types import NUMPY_DTYPES, dtype_name
from tapec.trace.arrays.mixed import one_type
from tapec.trace.arrays.operands import as_tracer, need_session, operand, session_of
from tapec.trace.arrays.promote import common
from tapec.trace.arrays.table import implements
from tapec.trace.arrays.tracer import Tracer, wrap
from tapec.trace.numpy.shape import (
    atleast_1d,
    atleast_2d,
    atleast_3d,
    axis_of,
    ravel,
    reshaped,
    transpose,
)


def joined(xs: Sequence[Any], axis: int, dtype: Any = None) -> Any:
    """Concatenation in the common element type."""
    parts = [as_tracer(x) for x in xs]
    session = session_of(*parts) or need_session()
    target = _common(parts, dtype)
    values = [operand(session, p, target) for p in parts]
    return wrap(
        session, session.emit("concatenate", *values, axis=axis) if len(values) > 1 else values[0]
    )


def _common(parts: Sequence[Tracer], dtype: Any) -> str:
    """The element type of joined arrays: the given one, where NumPy allows that cast."""
    target = common(*((one_type(p), False) for p in parts))[0]  # Python's numbers are arrays here
    if dtype is None:
        return target
    if not np.can_cast(NUMPY_DTYPES[target], dtype, "same_kind"):
        raise TypeError(f"Cannot cast array data from {target} to {dtype} by the rule 'same_kind'")
    return dtype_name(dtype)


@implements("concatenate", "concat")
def concatenate(xs: Any, axis: Any = 0, *, dtype: Any = None) -> Any:
    """``np.concatenate``."""
    parts = [as_tracer(x) for x in xs]
    if axis is None:
        return joined([ravel(p) for p in parts], 0, dtype)
    return joined(parts, axis_of(axis, parts[0].ndim), dtype)


@implements("append")
def append(x: Any, values: Any, axis: Any = None) -> Any:
    """``np.append``."""
    return concatenate([x, values], axis)


@implements("stack")
def stack(xs: Any, axis: int = 0, *, dtype: Any = None) -> Any:
    """``np.stack``: one new axis."""
    parts = [as_tracer(x) for x in xs]
    i = axis_of(axis, parts[0].ndim + 1)
    session = session_of(*parts) or need_session()
    target = _common(parts, dtype)
    return wrap(
        session, session.emit("stack", *(operand(session, p, target) for p in parts), axis=i)
    )


@implements("hstack")
def hstack(xs: Any, *, dtype: Any = None) -> Any:
    """``np.hstack``."""
    parts = [atleast_1d(x) for x in xs]
    return concatenate(parts, 0 if parts[0].ndim == 1 else 1, dtype=dtype)


@implements("vstack", "row_stack")
def vstack(xs: Any, *, dtype: Any = None) -> Any:
    """``np.vstack``."""
    return concatenate([atleast_2d(x) for x in xs], 0, dtype=dtype)


@implements("dstack")
def dstack(xs: Any) -> Any:
    """``np.dstack``."""
    return concatenate([atleast_3d(x) for x in xs], 2)


@implements("column_stack")
def column_stack(xs: Any) -> Any:
    """``np.column_stack``."""
    return concatenate([transpose(atleast_2d(x)) if as_tracer(x).ndim < 2 else x for x in xs], 1)


@implements("block")
def block(xs: Any) -> Any:
    """``np.block``."""
    if isinstance(xs, tuple):
        raise TypeError("arrays is a tuple. Only lists can be used to arrange blocks.")
    depth = _depth(xs)
    if len(_levels(xs)) > 1:
        raise ValueError(f"List depths are mismatched: {sorted(_levels(xs))}")
    rank = max(depth, max(t.ndim for t in _flat(xs)))

    def build(x: Any, level: int) -> Any:
        if not isinstance(x, list):
            t = as_tracer(x)
            return reshaped(t, (1,) * (rank - t.ndim) + t.shape)
        return concatenate([build(item, level + 1) for item in x], rank - depth + level)

    return build(xs, 0)


def _depth(x: Any) -> int:
    return 1 + max(map(_depth, x)) if isinstance(x, list) else 0


def _levels(x: Any) -> set[int]:
    """The depths at which arrays stand in nested lists."""
    return {1 + k for item in x for k in _levels(item)} if isinstance(x, list) else {0}


def _flat(x: Any) -> list[Tracer]:
    return [t for item in x for t in _flat(item)] if isinstance(x, list) else [as_tracer(x)]

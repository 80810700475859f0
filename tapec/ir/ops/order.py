"""Order: the permutation that sorts, places in what is sorted."""

from __future__ import annotations

import numpy as np

from tapec.errors import DTypeError, ShapeError
from tapec.ir.build import Expr
from tapec.ir.ops.reduce import no_jvp, no_vjp
from tapec.ir.ops.shape import Array, Flags, call, check_axis, check_dtypes, lift, lift_all
from tapec.ir.primitive import structured
from tapec.ir.types import Type


def _infer(x: Type, *, axis: int) -> Type:
    check_axis(axis, x.ndim, f"argsort of {x}")
    if x.dtype == "bool":
        raise DTypeError("argsort takes numbers")
    return x.with_dtype("i64")


def _argsort(x: Array, *, axis: int) -> Array:
    return np.asarray(np.argsort(x, axis=axis, kind="stable"), np.int64)


def _batch(xs: tuple[Expr, ...], batched: Flags, size: int, *, axis: int) -> Expr:
    return call("argsort", lift(xs[0], batched[0], size), axis=axis + 1)


ARGSORT = structured(
    "argsort",
    _infer,
    _argsort,
    jvp=no_jvp,
    vjp=no_vjp,
    rounds=False,
    batch=_batch,
    cost=40,
    lower="own loops",
    doc="Where the elements in order along an axis (not counted from the end) come from; equal "
    "ones keep their order, NaN come last.",
)


def _infer_search(a: Type, v: Type, *, right: bool) -> Type:
    lead = a.shape[:-1]
    if not a.ndim or v.shape[: len(lead)] != lead:
        raise ShapeError(f"search: no sorted rows of {a} for {v}")
    check_dtypes("search", a, v)
    if a.dtype == "bool":
        raise DTypeError("search takes numbers")
    return v.with_dtype("i64")


def _search(a: Array, v: Array, *, right: bool) -> Array:
    out = np.empty(v.shape, np.int64)
    for at in np.ndindex(a.shape[:-1]):
        out[at] = np.searchsorted(a[at], v[at], "right" if right else "left")
    return out


def _batch_search(xs: tuple[Expr, ...], batched: Flags, size: int, *, right: bool) -> Expr:
    a, v = xs
    if batched != (False, True) or len(a.shape) > 1:
        a, v = lift_all(xs, batched, size)
    return call("search", a, v, right=right)


SEARCH = structured(
    "search",
    _infer_search,
    _search,
    jvp=no_jvp,
    vjp=no_vjp,
    rounds=False,
    batch=_batch_search,
    work=lambda op: op.result.type.size * op.operands[0].type.shape[-1].bit_length(),
    cost=20,
    lower="own loops",
    doc="How many elements of the sorted last axis of a come before v (not after it, if `right`); "
    "leading axes are those of v. NaN come last.",
)

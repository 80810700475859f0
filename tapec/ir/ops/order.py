"""Order: the permutation that sorts."""

from __future__ import annotations

import numpy as np

from tapec.errors import DTypeError
from tapec.ir.build import Expr
from tapec.ir.ops.reduce import no_jvp, no_vjp
from tapec.ir.ops.shape import Array, Flags, call, check_axis, lift
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
    doc="Where the elements in order along an axis (not counted from the end) come from; equal "
    "ones keep their order, NaN come last.",
)

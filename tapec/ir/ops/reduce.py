"""Reductions over axes, first extremes, and the scans cumsum and recurrence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.errors import DTypeError, ShapeError
from tapec.ir.build import Expr
from tapec.ir.ops.rules import quiet
from tapec.ir.ops.shape import (
    Array,
    Flags,
    Shape,
    Tangents,
    broadcasted,
    call,
    check_axis,
    lift,
    lift_all,
    listed,
    reshaped,
    splat,
    transposed,
    zeros,
)
from tapec.ir.places import whole
from tapec.ir.primitive import linear, structured
from tapec.ir.types import Type

# --- common parts --------------------------------------------------------------------------------


def _infer_reduce(x: Type, *, axes: Shape) -> Type:
    for axis in axes:
        check_axis(axis, x.ndim, f"reduction of {x}")
    if len(set(axes)) != len(axes):
        raise ShapeError(f"reduction of {x}: repeated axis in {list(axes)}")
    return x.with_shape([n for a, n in enumerate(x.shape) if a not in axes])


def _infer_extreme(x: Type, *, axes: Shape) -> Type:
    result = _infer_reduce(x, axes=axes)
    if result.size and not x.size:
        raise ShapeError(f"the maximum or minimum of no elements ({x} over axes {list(axes)})")
    return result


def _infer_logical(x: Type, *, axes: Shape) -> Type:
    if x.dtype != "bool":
        raise DTypeError(f"any and all take bool, not {x}")
    return _infer_reduce(x, axes=axes)


def spread(y: Expr, shape: Shape, axes: Shape) -> Expr:
    """A reduced value back over the axes it was reduced along."""
    kept = tuple(1 if a in axes else n for a, n in enumerate(shape))
    return broadcasted(reshaped(y, kept), shape)


def _batch_reduce(name: str) -> Callable[..., Expr]:
    def batch(xs: tuple[Expr, ...], batched: Flags, size: int, *, axes: Shape) -> Expr:
        return call(name, lift(xs[0], batched[0], size), axes=tuple(a + 1 for a in axes))

    return batch


def _batch_axis(name: str) -> Callable[..., Expr]:
    def batch(xs: tuple[Expr, ...], batched: Flags, size: int, *, axis: int, **attrs: Any) -> Expr:
        return call(name, *lift_all(xs, batched, size), axis=axis + 1, **attrs)

    return batch


def no_jvp(operands: tuple[Expr, ...], tangents: Tangents, result: Expr, **attrs: Any) -> None:
    """The tangent of what has none."""
    return None


def no_vjp(ct: Expr, result: Expr, operands: tuple[Expr, ...], **attrs: Any) -> tuple[None, ...]:
    """The cotangents where there are none."""
    return (None,) * len(operands)


# One weight per element, the derivative dy/dx: weights(x, y, axes) -> Expr in the shape of x.
Weights = Callable[[Expr, Expr, Shape], Expr]


def _weighted(name: str, evaluate: Callable[..., Any], weights: Weights, **options: Any) -> None:
    """Declare a reduction by its gradient: both modes follow."""

    def jvp(
        operands: tuple[Expr, ...], tangents: Tangents, result: Expr, *, axes: Shape
    ) -> Expr | None:
        (x,), (t,) = operands, tangents
        if t is None:
            return None
        return call("reduce_sum", weights(x, result, axes) * t, axes=axes)

    def vjp(
        ct: Expr, result: Expr, operands: tuple[Expr, ...], *, axes: Shape
    ) -> tuple[Expr | None, ...]:
        (x,) = operands
        return (weights(x, result, axes) * spread(ct, x.shape, axes),)

    options.setdefault("infer", _infer_reduce)
    batch = _batch_reduce(name)
    structured(name, evaluate=evaluate, jvp=jvp, vjp=vjp, batch=batch, **options)


# --- sum, product --------------------------------------------------------------------------------

REDUCE_SUM = linear(
    "reduce_sum",
    _infer_reduce,
    quiet(lambda x, *, axes: np.asarray(np.sum(x, axis=axes, dtype=np.asarray(x).dtype))),
    (lambda k, ct, x, *, axes: spread(ct, x.shape, axes),),
    batch=_batch_reduce("reduce_sum"),
    rounds=True,
    doc="Sum over axes.",
)


def _others(x: Expr, y: Expr, axes: Shape) -> Expr:
    """Per element, the product of all the others: right where elements are zero.

    Exclusive products from both ends; d(prod)/dx_i = prod_{j<i} x_j * prod_{j>i} x_j.
    """
    if not axes:
        return splat(x, 1, x.shape)
    kept = tuple(a for a in range(len(x.shape)) if a not in axes)
    perm = (*kept, *axes)
    inner = transposed(x, perm)
    flat = reshaped(inner, (*(x.shape[a] for a in kept), _count(x.shape, axes)))
    product = _exclusive(flat, reverse=False) * _exclusive(flat, reverse=True)
    inverse = tuple(perm.index(a) for a in range(len(perm)))
    return transposed(reshaped(product, inner.shape), inverse)


def _count(shape: Shape, axes: Shape) -> int:
    return int(np.prod([shape[a] for a in axes], dtype=int))


def _exclusive(x: Expr, *, reverse: bool) -> Expr:
    """Products of the elements before (after) each along the last axis; 1 at the end."""
    axis = len(x.shape) - 1
    n = x.shape[axis]
    if n == 0:
        return zeros(x)
    first = (*whole(x.shape[:axis]), n - 1 if reverse else 0)
    one = splat(x, 1, x.shape[:axis])
    start = call("place", one, at=(first,), shape=x.shape)
    return call("recurrence", shifted(x, axis, reverse), start, axis=axis, reverse=reverse)


_weighted(
    "reduce_prod",
    quiet(lambda x, *, axes: np.asarray(np.prod(x, axis=axes, dtype=np.asarray(x).dtype))),
    _others,
    doc="Product over axes.",
)

# --- extremes ------------------------------------------------------------------------------------


def _shares(x: Expr, y: Expr, axes: Shape) -> Expr:
    """Ties share the derivative evenly."""
    hits = call("convert", call("equal", x, spread(y, x.shape, axes)), dtype=x.dtype)
    return hits / spread(call("reduce_sum", hits, axes=axes), x.shape, axes)


_weighted(
    "reduce_max",
    quiet(lambda x, *, axes: np.asarray(np.max(x, axis=axes))),
    _shares,
    infer=_infer_extreme,
    kinks="where the largest elements tie: the derivative is shared evenly",
    analytic=False,
    bounded=True,
    rounds=False,
    doc="Largest element; NaN if there is one.",
)
_weighted(
    "reduce_min",
    quiet(lambda x, *, axes: np.asarray(np.min(x, axis=axes))),
    _shares,
    infer=_infer_extreme,
    kinks="where the smallest elements tie: the derivative is shared evenly",
    analytic=False,
    bounded=True,
    rounds=False,
    doc="Smallest element; NaN if there is one.",
)


def _infer_arg(x: Type, *, axis: int) -> Type:
    check_axis(axis, x.ndim, f"argmax or argmin of {x}")
    return _infer_extreme(x, axes=(axis,)).with_dtype("i64")


for _name, _arg in (("argmax", np.argmax), ("argmin", np.argmin)):
    structured(
        _name,
        _infer_arg,
        lambda x, *, axis, _arg=_arg: np.asarray(_arg(x, axis=axis), np.int64),
        jvp=no_jvp,
        vjp=no_vjp,
        batch=_batch_axis(_name),
        rounds=False,
        doc="Position of the first extreme along an axis; NaN wins.",
    )

for _name, _fold in (("reduce_any", np.any), ("reduce_all", np.all)):
    structured(
        _name,
        _infer_logical,
        lambda x, *, axes, _fold=_fold: np.asarray(_fold(x, axis=axes)),
        jvp=no_jvp,
        vjp=no_vjp,
        batch=_batch_reduce(_name),
        doc="Logical reduction over axes.",
    )

# --- scans ---------------------------------------------------------------------------------------


def shifted(x: Expr, axis: int, reverse: bool) -> Expr:
    """Element i-1 at place i (i+1 if `reverse`), zero at the open end."""
    n = x.shape[axis]
    if n == 0:
        return x
    head, tail = list(whole(x.shape)), list(whole(x.shape))
    head[axis], tail[axis] = (0, n - 1, 1), (min(1, n - 1), n - 1, 1)
    source, target = (tail, head) if reverse else (head, tail)
    part = call("index", x, at=tuple(source))
    return call("place", part, at=(tuple(target),), shape=x.shape)


def _infer_cumsum(x: Type, *, axis: int, reverse: bool) -> Type:
    check_axis(axis, x.ndim, f"cumsum of {x}")
    return x


def _cumsum(x: Array, *, axis: int, reverse: bool) -> Array:
    if reverse:
        return np.flip(np.cumsum(np.flip(x, axis), axis=axis, dtype=x.dtype), axis)
    return np.cumsum(x, axis=axis, dtype=x.dtype)


CUMSUM = linear(
    "cumsum",
    _infer_cumsum,
    quiet(_cumsum),
    (lambda k, ct, x, *, axis, reverse: call("cumsum", ct, axis=axis, reverse=not reverse),),
    batch=_batch_axis("cumsum"),
    rounds=True,
    doc="Running sum along an axis, from the end if `reverse`.",
)


def _infer_recurrence(a: Type, b: Type, *, axis: int, reverse: bool) -> Type:
    if a != b:
        raise ShapeError(f"recurrence: a and b must have one type, not {listed(a, b)}")
    check_axis(axis, a.ndim, f"recurrence of {a}")
    return a


def _recurrence(a: Array, b: Array, *, axis: int, reverse: bool) -> Array:
    out = np.array(b)
    rows, factors = np.moveaxis(out, axis, 0), np.moveaxis(np.asarray(a), axis, 0)
    if reverse:
        rows, factors = rows[::-1], factors[::-1]
    for i in range(1, len(rows)):
        rows[i] += factors[i] * rows[i - 1]
    return out


def _jvp_recurrence(
    operands: tuple[Expr, ...], tangents: Tangents, result: Expr, *, axis: int, reverse: bool
) -> Expr | None:
    """ds_i = a_i ds_{i-1} + (da_i s_{i-1} + db_i)."""
    (a, _), (da, db) = operands, tangents
    if da is None and db is None:
        return None
    source = db if da is None else da * shifted(result, axis, reverse)
    if da is not None and db is not None:
        source = source + db
    return call("recurrence", a, source, axis=axis, reverse=reverse)


def _vjp_recurrence(
    ct: Expr, result: Expr, operands: tuple[Expr, ...], *, axis: int, reverse: bool
) -> tuple[Expr | None, ...]:
    """The adjoint runs the other way: u_i = ct_i + a_{i+1} u_{i+1}; b gets u, a gets u s_{i-1}."""
    coefficients = shifted(operands[0], axis, not reverse)
    u = call("recurrence", coefficients, ct, axis=axis, reverse=not reverse)
    return u * shifted(result, axis, reverse), u


RECURRENCE = structured(
    "recurrence",
    _infer_recurrence,
    quiet(_recurrence),
    jvp=_jvp_recurrence,
    vjp=_vjp_recurrence,
    batch=_batch_axis("recurrence"),
    cost=2,
    doc="s_i = a_i s_{i-1} + b_i along an axis, s_{-1} = 0; from the end if `reverse`.",
)

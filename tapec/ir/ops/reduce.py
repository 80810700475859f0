"""Reductions over axes, and first extremes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.errors import DTypeError, ShapeError
from tapec.ir.build import Expr
from tapec.ir.incidence import over_axes
from tapec.ir.ops.rules import quiet
from tapec.ir.ops.scans import batch_axis, shifted
from tapec.ir.ops.shape import (
    Flags,
    Shape,
    Tangents,
    broadcasted,
    call,
    check_axis,
    lift,
    reshaped,
    splat,
    transposed,
    zeros,
)
from tapec.ir.places import full_range
from tapec.ir.primitive import Primitive, linear, structured
from tapec.ir.series import Coefficients, Recurrence, Term
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

    def strong_jvp(
        operands: tuple[Expr, ...], tangents: Tangents, result: Expr, *, axes: Shape
    ) -> Expr | None:
        (x,), (t,) = operands, tangents
        if t is None:
            return None
        return call("reduce_sum", call("strong_mul", t, weights(x, result, axes)), axes=axes)

    def strong_vjp(
        ct: Expr, result: Expr, operands: tuple[Expr, ...], *, axes: Shape
    ) -> tuple[Expr | None, ...]:
        (x,) = operands
        return (call("strong_mul", spread(ct, x.shape, axes), weights(x, result, axes)),)

    options.setdefault("infer", _infer_reduce)
    strong = {"jvp": strong_jvp, "vjp": strong_vjp}
    options |= {"jvp": jvp, "vjp": vjp, "strong": strong, "batch": _batch_reduce(name)}
    structured(name, evaluate=evaluate, **options)


# --- sum, product --------------------------------------------------------------------------------

REDUCE_SUM = linear(
    "reduce_sum",
    _infer_reduce,
    quiet(lambda x, *, axes: np.asarray(np.sum(x, axis=axes, dtype=np.asarray(x).dtype))),
    (lambda k, ct, x, *, axes: spread(ct, x.shape, axes),),
    batch=_batch_reduce("reduce_sum"),
    rounds=True,
    lower="loops",
    reduces=True,
    sparsity=over_axes,
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
    first = (*full_range(x.shape[:axis]), n - 1 if reverse else 0)
    one = splat(x, 1, x.shape[:axis])
    start = call("place", one, at=(first,), shape=x.shape)
    return call("recurrence", shifted(x, axis, reverse), start, axis=axis, reverse=reverse)


_weighted(
    "reduce_prod",
    quiet(lambda x, *, axes: np.asarray(np.prod(x, axis=axes, dtype=np.asarray(x).dtype))),
    _others,
    lower="loops",
    reduces=True,
    sparsity=over_axes,
    doc="Product over axes.",
)

# --- extremes ------------------------------------------------------------------------------------


def _extreme_terms(name: str, worst: float) -> Recurrence:
    """Of elements that tie, those with the larger (smaller) next coefficient stay: small t >= 0."""

    def step(k: int, y: Coefficients, x: Coefficients, *, axes: Shape) -> Term:
        for j in range(len(y.kept), k + 1):
            y.kept[j] = _still(j, y, x, axes)
        term, still = x[k], y.kept[k]
        return None if term is None else call(name, call("select", still, term, worst), axes=axes)

    return Recurrence(step)


def _still(j: int, y: Coefficients, x: Coefficients, axes: Shape) -> Expr:
    """Which elements tie in all coefficients before this one."""
    if j == 0:
        return call("equal", x[0], x[0])
    before: Expr = y.kept[j - 1]
    term, found = x[j - 1], y[j - 1]
    if term is None or found is None:
        return before
    return call("logical_and", before, call("equal", term, spread(found, term.shape, axes)))


def _extreme(name: str, evaluate: Callable[..., Any], worst: float, **options: Any) -> None:
    """Declare an extreme: elements that tie share the derivative evenly, others have no part in it.

    What they are given is selected, so that an infinite derivative stays away from them.
    """

    def given(derivative: Expr, x: Expr, y: Expr, axes: Shape) -> Expr:
        hits = call("equal", x, spread(y, x.shape, axes))
        count = call("reduce_sum", call("convert", hits, dtype=x.dtype), axes=axes)
        return call("select", hits, derivative / spread(count, x.shape, axes), 0.0)

    def jvp(
        operands: tuple[Expr, ...], tangents: Tangents, result: Expr, *, axes: Shape
    ) -> Expr | None:
        (x,), (t,) = operands, tangents
        return None if t is None else call("reduce_sum", given(t, x, result, axes), axes=axes)

    def vjp(
        ct: Expr, result: Expr, operands: tuple[Expr, ...], *, axes: Shape
    ) -> tuple[Expr | None, ...]:
        (x,) = operands
        return (given(spread(ct, x.shape, axes), x, result, axes),)

    structured(
        name,
        _infer_extreme,
        evaluate,
        jvp=jvp,
        vjp=vjp,
        batch=_batch_reduce(name),
        taylor=_extreme_terms(name, worst),
        kinks=f"where {name[-3:]}imal elements tie: the derivative is shared evenly",
        analytic=False,
        bounded=True,
        rounds=False,
        lower="loops",
        reduces=True,
        sparsity=over_axes,
        **options,
    )


_extreme(
    "reduce_max",
    quiet(lambda x, *, axes: np.asarray(np.max(x, axis=axes))),
    -np.inf,
    doc="Largest element; NaN if there is one.",
)
_extreme(
    "reduce_min",
    quiet(lambda x, *, axes: np.asarray(np.min(x, axis=axes))),
    np.inf,
    doc="Smallest element; NaN if there is one.",
)


def _infer_arg(x: Type, *, axis: int) -> Type:
    check_axis(axis, x.ndim, f"argmax or argmin of {x}")
    return _infer_extreme(x, axes=(axis,)).with_dtype("i64")


def _position(name: str, evaluate: Callable[..., Any]) -> Primitive:
    return structured(
        name,
        _infer_arg,
        lambda x, *, axis: np.asarray(evaluate(x, axis=axis), np.int64),
        jvp=no_jvp,
        vjp=no_vjp,
        batch=batch_axis(name),
        lower="own loops",
        rounds=False,
        doc="Position of the first extreme along an axis; NaN wins.",
    )


ARGMAX = _position("argmax", np.argmax)
ARGMIN = _position("argmin", np.argmin)

for _name, _fold in (("reduce_any", np.any), ("reduce_all", np.all)):
    structured(
        _name,
        _infer_logical,
        lambda x, *, axes, _fold=_fold: np.asarray(_fold(x, axis=axes)),
        jvp=no_jvp,
        vjp=no_vjp,
        batch=_batch_reduce(_name),
        lower="loops",
        reduces=True,
        doc="Logical reduction over axes.",
    )

"""Moving elements without computing: reshape, transpose, broadcast_to, concatenate, stack.

Also the few expression helpers that the structured families share.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from tapec.errors import DTypeError, ShapeError
from tapec.ir.build import Expr
from tapec.ir.places import full_range
from tapec.ir.primitive import PRIMITIVES, linear
from tapec.ir.types import Type

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]
Flags = tuple[bool, ...]
Tangents = tuple[Expr | None, ...]

# --- helpers -------------------------------------------------------------------------------------


def call(name: str, *operands: Any, **attrs: Any) -> Expr:
    """Append a primitive by name; rules refer forward to families declared later."""
    result: Expr = PRIMITIVES[name](*operands, **attrs)
    return result


def calls(name: str, *operands: Any, **attrs: Any) -> tuple[Expr, ...]:
    """The same for a primitive with several results."""
    results: tuple[Expr, ...] = PRIMITIVES[name](*operands, **attrs)
    return results


def zeros(like: Expr, shape: Shape | None = None) -> Expr:
    """Zeros of the expression's dtype, in its shape unless told."""
    return splat(like, 0, like.shape if shape is None else shape)


def splat(like: Expr, number: float, shape: Shape) -> Expr:
    """One number of the expression's dtype everywhere."""
    return Expr(like.builder, like.builder.const(number, Type(like.dtype, shape)))


def array(like: Expr, value: Array) -> Expr:
    """A constant array beside the expression."""
    return Expr(like.builder, like.builder.const(value))


def reshaped(x: Expr, shape: Shape) -> Expr:
    """Reshape, free of charge where nothing changes."""
    return x if x.shape == tuple(shape) else call("reshape", x, shape=tuple(shape))


def broadcasted(x: Expr, shape: Shape) -> Expr:
    """broadcast_to, free of charge where nothing changes."""
    return x if x.shape == tuple(shape) else call("broadcast_to", x, shape=tuple(shape))


def transposed(x: Expr, perm: Sequence[int]) -> Expr:
    """Transpose, free of charge where nothing changes."""
    perm = tuple(int(p) for p in perm)
    return x if perm == tuple(range(len(perm))) else call("transpose", x, perm=perm)


def moved(x: Expr, source: int, target: int) -> Expr:
    """The axis `source` moved to position `target`."""
    order = [a for a in range(len(x.shape)) if a != source]
    order.insert(target, source)
    return transposed(x, order)


def lift(x: Expr, batched: bool, size: int) -> Expr:
    """The operand with a leading batch axis, repeated where it had none."""
    return x if batched else broadcasted(x, (size, *x.shape))


def lift_all(xs: Sequence[Expr], batched: Flags, size: int) -> list[Expr]:
    """Every operand with a leading batch axis."""
    return [lift(x, flag, size) for x, flag in zip(xs, batched, strict=True)]


def unbroadcast(ct: Expr, shape: Shape) -> Expr:
    """Sum a cotangent back to the shape that was broadcast: the transpose of broadcasting."""
    extra = len(ct.shape) - len(shape)
    grown = [extra + i for i, n in enumerate(shape) if n == 1 and ct.shape[extra + i] != 1]
    axes = (*range(extra), *grown)
    return reshaped(call("reduce_sum", ct, axes=axes) if axes else ct, shape)


def listed(*types: Type) -> str:
    """Types as an error message names them."""
    return ", ".join(str(t) for t in types)


def joint_jvp(name: str, *, fixed: int = 0) -> Callable[..., Expr | None]:
    """Tangent rule of an op linear in all its operands together: the op on the tangents.

    The last operands without float values (indices) stay as they are.
    """

    def jvp(operands: tuple[Expr, ...], tangents: Tangents, result: Expr, **attrs: Any) -> Any:
        if all(t is None for t in tangents):
            return None
        moving = fixed or len(operands)
        args = [
            t if t is not None else zeros(x)
            for x, t in zip(operands[:moving], tangents[:moving], strict=True)
        ]
        return call(name, *args, *operands[moving:], **attrs)

    return jvp


def check_axis(axis: int, ndim: int, what: str) -> None:
    """Axes in the language are non-negative and in range."""
    if not 0 <= axis < ndim:
        raise ShapeError(f"{what}: axis {axis} of an array with {ndim} axes")


def check_dtypes(what: str, *types: Type) -> None:
    """All operands share one element type."""
    if len({t.dtype for t in types}) > 1:
        raise DTypeError(f"{what}: operands of different element types: {listed(*types)}")


# --- reshape -------------------------------------------------------------------------------------


def _infer_reshape(x: Type, *, shape: Shape) -> Type:
    if prod(shape) != x.size or any(n < 0 for n in shape):
        raise ShapeError(f"reshape: {x} has {x.size} elements, shape {list(shape)} {prod(shape)}")
    return x.with_shape(shape)


def _batch_reshape(xs: tuple[Expr, ...], batched: Flags, size: int, *, shape: Shape) -> Expr:
    return reshaped(lift(xs[0], batched[0], size), (size, *shape))


RESHAPE = linear(
    "reshape",
    _infer_reshape,
    lambda x, *, shape: np.reshape(x, shape),
    (lambda k, ct, x, *, shape: reshaped(ct, x.shape),),
    batch=_batch_reshape,
    cost=0,
    view={0: 0},
    lower="loops",
    doc="The same elements, in row-major order, in another shape.",
)

# --- transpose -----------------------------------------------------------------------------------


def _infer_transpose(x: Type, *, perm: Shape) -> Type:
    if sorted(perm) != list(range(x.ndim)):
        raise ShapeError(f"transpose: {list(perm)} is no permutation of the axes of {x}")
    return x.with_shape([x.shape[p] for p in perm])


def _inverse(perm: Shape) -> Shape:
    return tuple(perm.index(axis) for axis in range(len(perm)))


def _batch_transpose(xs: tuple[Expr, ...], batched: Flags, size: int, *, perm: Shape) -> Expr:
    return transposed(lift(xs[0], batched[0], size), (0, *(p + 1 for p in perm)))


TRANSPOSE = linear(
    "transpose",
    _infer_transpose,
    lambda x, *, perm: np.transpose(x, perm),
    (lambda k, ct, x, *, perm: transposed(ct, _inverse(perm)),),
    batch=_batch_transpose,
    cost=0,
    view={0: 0},
    lower="loops",
    doc="Axes in another order: result axis i is operand axis perm[i].",
)

# --- broadcast_to --------------------------------------------------------------------------------


def _infer_broadcast_to(x: Type, *, shape: Shape) -> Type:
    try:
        fits = np.broadcast_shapes(x.shape, shape) == tuple(shape)
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(f"broadcast_to: {x} does not broadcast to shape {list(shape)}")
    return x.with_shape(shape)


def _batch_broadcast_to(xs: tuple[Expr, ...], batched: Flags, size: int, *, shape: Shape) -> Expr:
    if not batched[0]:
        return broadcasted(xs[0], (size, *shape))
    inner = xs[0].shape[1:]
    aligned = (size, *(1 for _ in range(len(shape) - len(inner))), *inner)
    return broadcasted(reshaped(xs[0], aligned), (size, *shape))


BROADCAST_TO = linear(
    "broadcast_to",
    _infer_broadcast_to,
    lambda x, *, shape: np.broadcast_to(x, shape),
    (lambda k, ct, x, *, shape: unbroadcast(ct, x.shape),),
    batch=_batch_broadcast_to,
    cost=0,
    view={0: 0},
    lower="loops",
    doc="Repeated along new leading axes and axes of length one.",
)

# --- concatenate, stack --------------------------------------------------------------------------


def _infer_concatenate(*types: Type, axis: int) -> Type:
    if not types:
        raise ShapeError("concatenate: needs at least one array")
    check_dtypes("concatenate", *types)
    check_axis(axis, types[0].ndim, "concatenate")
    rests = {(*t.shape[:axis], *t.shape[axis + 1 :]) for t in types}
    if len(rests) > 1 or len({t.ndim for t in types}) > 1:
        raise ShapeError(f"concatenate along axis {axis}: {listed(*types)} differ elsewhere")
    shape = list(types[0].shape)
    shape[axis] = sum(t.shape[axis] for t in types)
    return types[0].with_shape(shape)


def _transpose_concatenate(k: int, ct: Expr, *operands: Expr, axis: int) -> Expr:
    start = sum(x.shape[axis] for x in operands[:k])
    at = list(full_range(ct.shape))
    at[axis] = (start, operands[k].shape[axis], 1)
    return call("index", ct, at=tuple(at))


def _batch_concatenate(xs: tuple[Expr, ...], batched: Flags, size: int, *, axis: int) -> Expr:
    return call("concatenate", *lift_all(xs, batched, size), axis=axis + 1)


CONCATENATE = linear(
    "concatenate",
    _infer_concatenate,
    lambda *xs, axis: np.concatenate(xs, axis=axis),
    (_transpose_concatenate,),
    jvp=joint_jvp("concatenate"),
    batch=_batch_concatenate,
    lower="loops",
    doc="Joined along an existing axis.",
)


def _infer_stack(*types: Type, axis: int) -> Type:
    if not types:
        raise ShapeError("stack: needs at least one array")
    check_dtypes("stack", *types)
    check_axis(axis, types[0].ndim + 1, "stack")
    if len({t.shape for t in types}) > 1:
        raise ShapeError(f"stack: {listed(*types)} differ in shape")
    shape = types[0].shape
    return types[0].with_shape((*shape[:axis], len(types), *shape[axis:]))


def _transpose_stack(k: int, ct: Expr, *operands: Expr, axis: int) -> Expr:
    at: list[Any] = list(full_range(ct.shape))
    at[axis] = k
    return call("index", ct, at=tuple(at))


def _batch_stack(xs: tuple[Expr, ...], batched: Flags, size: int, *, axis: int) -> Expr:
    return call("stack", *lift_all(xs, batched, size), axis=axis + 1)


STACK = linear(
    "stack",
    _infer_stack,
    lambda *xs, axis: np.stack(xs, axis=axis),
    (_transpose_stack,),
    jvp=joint_jvp("stack"),
    batch=_batch_stack,
    lower="loops",
    doc="Joined along a new axis.",
)

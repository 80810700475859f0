"""Products of arrays, all through `dot`."""

from __future__ import annotations

import functools
import operator
from typing import Any

import numpy as np

from tapec.errors import ShapeError
from tapec.trace.arrays.dispatch import eager
from tapec.trace.arrays.operands import (
    as_array,
    as_tracer,
    key_of,
    need_session,
    operand,
    session_of,
    strong,
)
from tapec.trace.arrays.promote import common
from tapec.trace.arrays.session import where as user_line
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.arrays.tracer import Tracer, wrap
from tapec.trace.arrays.ufuncs import with_options
from tapec.trace.numpy.diagonals import diagonal
from tapec.trace.numpy.shape import (
    broadcast_to,
    expand_dims,
    given_axes,
    moveaxis,
    ravel,
    reshaped,
    squeeze,
)  # fmt: skip
from tapec.trace.numpy.solve import square_matrix

Pairs = tuple[tuple[int, int], ...]


def contract(a: Any, b: Any, pairs: Pairs, batch: Pairs = ()) -> Tracer:
    """The `dot` op: batch axes, then free axes of `a`, then those of `b`."""
    a, b = as_tracer(a), as_tracer(b)
    for i, j in (*pairs, *batch):
        if a.shape[i] != b.shape[j]:
            raise ShapeError(
                f"shapes {a.shape} and {b.shape} do not match: {a.shape[i]} (axis {i}) "
                f"!= {b.shape[j]} (axis {j})",
                where=user_line(),
            )
    session = session_of(a, b) or need_session()
    dtype, _ = common(key_of(a), key_of(b))
    values = operand(session, a, dtype), operand(session, b, dtype)
    return wrap(session, session.emit("dot", *values, contract=pairs, batch=batch))


@implements("dot")
def dot(a: Any, b: Any) -> Any:
    """``np.dot``: last axis of `a` with the second last (or only) axis of `b`."""
    a, b = strong(a), strong(b)
    if not a.ndim or not b.ndim:
        return a * b
    return contract(a, b, ((a.ndim - 1, max(b.ndim - 2, 0)),))


@implements("matmul")
def matmul(a: Any, b: Any, **kwargs: Any) -> Any:
    """``a @ b`` with broadcast leading axes."""
    if kwargs:
        return with_options("matmul", (a, b), kwargs)
    a, b = as_tracer(as_array(a)), as_tracer(as_array(b))
    if not a.ndim or not b.ndim:
        raise ValueError("matmul: operand does not have enough dimensions")
    if a._storage.array is not None and b._storage.array is not None:
        return eager(np.matmul, (a, b), {})
    if a.ndim <= 2 and b.ndim <= 2:
        return contract(a, b, ((a.ndim - 1, max(b.ndim - 2, 0)),))
    if b.ndim <= 2:
        return contract(a, b, ((a.ndim - 1, 0),))
    return contract(b, a, ((b.ndim - 2, 0),)) if a.ndim == 1 else _batched(a, b)


def _batched(a: Any, b: Any) -> Any:
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a = broadcast_to(a, (*lead, *a.shape[-2:]))
    b = broadcast_to(b, (*lead, *b.shape[-2:]))
    n = len(lead)
    return contract(a, b, ((n + 1, n),), tuple((i, i) for i in range(n)))


@implements("vecdot", "linalg.vecdot")
def vecdot(a: Any, b: Any, *, axis: int = -1, **kwargs: Any) -> Any:
    """Dot products along an axis."""
    # The axis is one of each operand, which need not be one of the products.
    a, b = (moveaxis(as_array(x), operator.index(axis), -1) for x in (a, b))
    _same_core("vecdot", a.shape[-1], b.shape[-1])
    if kwargs:
        return with_options("vecdot", (a, b), kwargs)
    products: Any = TABLE["multiply"](a, b)
    if products._dtype == "bool":
        return TABLE["any"](products, axis=-1)
    return TABLE["sum"](products, axis=-1, dtype=products.dtype)


def _same_core(name: str, n: int, m: int) -> None:
    if n != m:
        raise ValueError(f"{name}: the axes that are summed over have {n} and {m} elements")


def _least_ranks(name: str, a: Any, b: Any, ranks: tuple[int, int]) -> None:
    if a.ndim < ranks[0] or b.ndim < ranks[1]:
        raise ValueError(f"{name}: an operand does not have enough dimensions")


@implements("matvec")
def matvec(a: Any, b: Any, **kwargs: Any) -> Any:
    """Matrices times vectors."""
    if kwargs:
        return with_options("matvec", (a, b), kwargs)
    a, b = as_tracer(a), as_tracer(b)
    _least_ranks("matvec", a, b, (2, 1))
    return squeeze(matmul(a, expand_dims(b, -1)), -1)


@implements("vecmat")
def vecmat(a: Any, b: Any, **kwargs: Any) -> Any:
    """Vectors times matrices."""
    if kwargs:
        return with_options("vecmat", (a, b), kwargs)
    a, b = as_tracer(a), as_tracer(b)
    _least_ranks("vecmat", a, b, (1, 2))
    return squeeze(matmul(expand_dims(a, -2), b), -2)


@implements("inner")
def inner(a: Any, b: Any) -> Any:
    """Contraction of the last axes."""
    a, b = strong(a), strong(b)
    if not a.ndim or not b.ndim:
        return a * b
    return contract(a, b, ((a.ndim - 1, b.ndim - 1),))


@implements("outer")
def outer(a: Any, b: Any) -> Any:
    """``a[:, None] * b[None, :]`` of the flattened operands."""
    a, b = ravel(strong(a)), ravel(strong(b))
    return reshaped(a, (a.size, 1)) * reshaped(b, (1, b.size))  # type: ignore[operator]


@implements("vdot")
def vdot(a: Any, b: Any) -> Any:
    """Dot product of the flattened operands."""
    return contract(ravel(strong(a)), ravel(strong(b)), ((0, 0),))


@implements("tensordot")
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """``np.tensordot``."""
    a, b = strong(a), strong(b)
    if isinstance(axes, (int, np.integer)):
        axes = tuple(range(-int(axes), 0)), tuple(range(int(axes)))
    first, second = axes
    left, right = given_axes(first, a.ndim), given_axes(second, b.ndim)
    if not left:
        return reshaped(a, (*a.shape, *(1,) * b.ndim)) * b
    return contract(a, b, tuple(zip(left, right, strict=True)))


@implements("kron")
def kron(a: Any, b: Any) -> Any:
    """Kronecker product."""
    a, b = strong(a), strong(b)
    rank = max(a.ndim, b.ndim)
    left = (1,) * (rank - a.ndim) + a.shape
    right = (1,) * (rank - b.ndim) + b.shape
    wide: Any = reshaped(a, [n for m in left for n in (m, 1)])
    made = wide * reshaped(b, [n for m in right for n in (1, m)])
    return reshaped(made, [m * n for m, n in zip(left, right, strict=True)])


@implements("linalg.cross")
def linalg_cross(a: Any, b: Any, *, axis: int = -1) -> Any:
    """Cross product of 3-vectors."""
    if as_tracer(a).shape[axis] != 3 or as_tracer(b).shape[axis] != 3:
        raise ValueError("Both input arrays must be (arrays of) 3-dimensional vectors")
    return cross(a, b, axis=axis)


@implements("cross")
def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1,
          axis: Any = None) -> Any:  # fmt: skip
    """Cross product of 3-vectors (of 2-vectors: its third component)."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = as_tracer(a), as_tracer(b)
    if a.shape[axisa] not in (2, 3) or b.shape[axisb] not in (2, 3):
        raise ValueError("incompatible dimensions for cross product (dimension must be 2 or 3)")
    a, b = moveaxis(a, axisa, -1), moveaxis(b, axisb, -1)
    if a.shape[-1] == 2 and b.shape[-1] == 2:
        return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    (a0, a1, a2), (b0, b1, b2) = _components(a), _components(b)
    parts = [a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0]
    return moveaxis(TABLE["stack"](TABLE["broadcast_arrays"](*parts), -1), -1, axisc)


def _components(v: Any) -> tuple[Any, Any, Any]:
    """The three components of vectors; those in a plane have the third one 0."""
    return v[..., 0], v[..., 1], v[..., 2] if v.shape[-1] == 3 else 0.0


@implements("linalg.matrix_power")
def matrix_power(x: Any, n: int) -> Any:
    """Repeated product of a square matrix, by squaring."""
    x, n = square_matrix(x, "matrix_power"), operator.index(n)
    if n < 0:
        x, n = TABLE["linalg.inv"](x), -n
    if n == 0:
        return broadcast_to(np.eye(x.shape[-1], dtype=x.dtype), x.shape)
    made: Any = None
    while n:
        if n & 1:
            made = x if made is None else matmul(made, x)
        n >>= 1
        x = matmul(x, x) if n else x
    return made


@implements("linalg.multi_dot")
def multi_dot(arrays: Any) -> Any:
    """Chained products, in the order that takes the fewest multiplications."""
    parts = [as_tracer(a) for a in arrays]
    if len(parts) < 2:
        raise ValueError("Expecting at least two arrays.")
    if len(parts) == 2:
        return dot(*parts)
    ends = {parts[0].ndim, parts[-1].ndim}
    if not ends <= {1, 2} or any(a.ndim != 2 for a in parts[1:-1]):
        raise np.linalg.LinAlgError("Arrays must be two-dimensional, the first and last may be one")
    first, last = parts[0].shape, parts[-1].shape
    rows = first[0] if len(first) == 2 else 1
    sizes = [rows, *(a.shape[0] for a in parts[1:]), last[1] if len(last) == 2 else 1]

    @functools.cache
    def best(i: int, j: int) -> tuple[int, int]:
        """The cost of the product of parts i to j, and after which part it is split."""
        if i == j:
            return 0, i
        return min(
            (best(i, k)[0] + best(k + 1, j)[0] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
            for k in range(i, j)
        )

    def product(i: int, j: int) -> Any:
        k = best(i, j)[1]
        return parts[i] if i == j else dot(product(i, k), product(k + 1, j))

    return product(0, len(parts) - 1)


TABLE["linalg.matmul"] = matmul


@implements("linalg.outer")
def linalg_outer(a: Any, b: Any) -> Any:
    """All products of the elements of two vectors."""
    a, b = as_tracer(a), as_tracer(b)
    if a.ndim != 1 or b.ndim != 1:
        raise ValueError(f"Input arrays must be one-dimensional, but have {a.ndim} and {b.ndim}")
    return outer(a, b)


TABLE["linalg.tensordot"] = tensordot


@implements("linalg.trace")
def linalg_trace(x: Any, *, offset: int = 0, dtype: Any = None) -> Any:
    """Sum of the diagonals of the last two axes."""
    return TABLE["trace"](x, offset, -2, -1, dtype)


@implements("linalg.diagonal")
def linalg_diagonal(x: Any, *, offset: int = 0) -> Any:
    """Diagonals of the last two axes."""
    return diagonal(x, offset, -2, -1)

"""What rules on stacks of matrices are written with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.errors import DTypeError, ShapeError
from tapec.ir.build import Expr
from tapec.ir.core import Op
from tapec.ir.ops.shape import (
    Array,
    Flags,
    array,
    broadcasted,
    call,
    lift,
    splat,
    transposed,
    zeros,
)
from tapec.ir.places import full_range
from tapec.ir.primitive import PRIMITIVES, Evaluate, Infer, Primitive, structured
from tapec.ir.types import Type


def matrices(what: str, a: Type) -> Type:
    """The type, if it is of floats with two axes or more; raises DTypeError or ShapeError."""
    if not a.is_float:
        raise DTypeError(f"{what} takes floating-point matrices, not {a}")
    if a.ndim < 2:
        raise ShapeError(f"{what} takes matrices, or stacks of them, not {a}")
    return a


def square(what: str, a: Type) -> Type:
    """The type, if it is of square matrices; raises DTypeError or ShapeError."""
    if matrices(what, a).shape[-1] != a.shape[-2]:
        raise ShapeError(f"{what} takes square matrices, or stacks of them, not {a}")
    return a


def identity(a: Type) -> Array:
    """The identity in the type of the matrices, without the axes before."""
    return np.eye(a.shape[-1], dtype=a.numpy)


def eliminations(op: Op) -> int:
    """The elements that elimination of all matrices, and substitution, go through."""
    return sum(v.type.size for v in op.operands) * op.operands[0].type.shape[-2]


def decomposition(name: str, infer: Infer, evaluate: Evaluate, **options: Any) -> Primitive:
    """Declare an op on stacks of matrices: more points at once are a larger stack."""

    def batch(xs: tuple[Expr, ...], batched: Flags, size: int, **attrs: Any) -> Any:
        return PRIMITIVES[name](lift(xs[0], batched[0], size), **attrs)

    known = {"batch": batch, "work": eliminations, **options}
    return structured(name, infer, evaluate, **known)


def lifted_together(name: str) -> Callable[..., Any]:
    """The batching rule of an op on several stacks: all of them are of all points."""

    def batch(xs: tuple[Expr, ...], batched: Flags, size: int, **attrs: Any) -> Any:
        pairs = zip(xs, batched, strict=True)
        return PRIMITIVES[name](*(lift(x, own, size) for x, own in pairs), **attrs)

    return batch


def matrix_transpose(a: Expr) -> Expr:
    """The matrices transposed."""
    n = len(a.shape)
    return transposed(a, (*range(n - 2), n - 1, n - 2))


def product(a: Expr, b: Expr) -> Expr:
    """The products of the matrices of two stacks."""
    lead = len(a.shape) - 2
    batch = tuple((k, k) for k in range(lead))
    return call("dot", a, b, contract=((lead + 1, lead),), batch=batch)


def for_each(x: Expr, one: Array) -> Expr:
    """A constant matrix for each of the matrices."""
    return broadcasted(array(x, one), x.shape)


def part(x: Expr, rows: tuple[int, int], columns: tuple[int, int]) -> Expr:
    """These rows and columns of the matrices; both are (first, count)."""
    at = (*full_range(x.shape[:-2]), (*rows, 1), (*columns, 1))
    return x if at == full_range(x.shape) else call("index", x, at=at)


def columns_of(x: Expr, first: int, count: int) -> Expr:
    """These columns of the matrices."""
    return part(x, (0, x.shape[-2]), (first, count))


def rows_of(x: Expr, first: int, count: int) -> Expr:
    """These rows of the matrices."""
    return part(x, (first, count), (0, x.shape[-1]))


def diagonal(n: int) -> Array:
    """Where the elements of the diagonal are."""
    return np.eye(n, dtype=bool)


def of_diagonal(x: Expr) -> Expr:
    """The elements of the diagonals."""
    return call("reduce_sum", masked(x, diagonal(x.shape[-1])), axes=(len(x.shape) - 1,))


def per_column(values: Expr, rows: int) -> Expr:
    """Matrices of so many rows with one number for each column."""
    *lead, k = values.shape
    return broadcasted(call("reshape", values, shape=(*lead, 1, k)), (*lead, rows, k))


def or_nan(x: Expr, values: Expr) -> Expr:
    """x, and NaN where it is no larger than the error that LAPACK makes in these values of it."""
    sizes = call("reduce_max", call("abs", values), axes=(len(values.shape) - 1,))
    error = sizes * (values.shape[-1] * float(np.finfo(values.type.numpy).eps))
    shape = (*values.shape[:-1], *(1,) * (len(x.shape) - len(values.shape) + 1))
    small = call("abs", x) <= broadcasted(call("reshape", error, shape=shape), x.shape)
    return call("select", small, splat(x, float("nan"), x.shape), x)


def masked(x: Expr, mask: Array) -> Expr:
    """The elements of the matrices where a mask holds, zero elsewhere."""
    return call("select", for_each(x, mask), x, zeros(x))


def lower(n: int, k: int = 0) -> Array:
    """Where the elements up to the k-th diagonal are."""
    return np.tri(n, n, k, dtype=bool)


def eye(a: Expr) -> Expr:
    """An identity for each of the square matrices."""
    return for_each(a, identity(a.type))


def per_matrix(x: Expr, shape: tuple[int, ...]) -> Expr:
    """One number per matrix in the shape of the matrices."""
    wide = call("reshape", x, shape=(*x.shape, 1, 1))
    return call("broadcast_to", wide, shape=shape)

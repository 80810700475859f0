"""What rules on stacks of matrices are written with."""

from __future__ import annotations

import numpy as np

from tapec.errors import DTypeError, ShapeError
from tapec.ir.build import Expr
from tapec.ir.core import Op
from tapec.ir.ops.shape import Array, array, broadcasted, call, transposed, zeros
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

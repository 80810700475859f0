"""Determinants and Cholesky factors."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.trace.arrays.operands import (
    key_of,
    need_session,
    operand,
    session_of,
)
from tapec.trace.arrays.promote import common_float
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.arrays.tracer import wrap
from tapec.trace.numpy.shape import matrix_transpose
from tapec.trace.numpy.solve import square_matrix


def emitted(name: str, a: Any, **attrs: Any) -> Any:
    """An op of one operand, with floats for integers."""
    (found,) = emitted_all(name, a, **attrs)
    return found


def emitted_all(name: str, a: Any, **attrs: Any) -> list[Any]:
    """The same for an op with several results."""
    session = session_of(a) or need_session()
    dtype, _ = common_float(key_of(a))
    made = session.emit_all(name, operand(session, a, dtype), **attrs)
    return [wrap(session, value) for value in made]


@implements("linalg.det")
def det(a: Any) -> Any:
    """``np.linalg.det``; written out up to four rows, where singular matrices have gradients."""
    a = square_matrix(a, "det")
    written = _WRITTEN.get(a.shape[-1])
    if written is None:
        return emitted("determinant", a)
    if a._dtype[0] != "f":
        a = TABLE["astype"](a, float)
    return written(lambda i, j: a[..., i, j])


# Laplace's expansion of four rows by the first two: columns of one half and of the other.
_HALVES = (
    *((1, (0, 1), (2, 3)), (-1, (0, 2), (1, 3)), (1, (0, 3), (1, 2))),
    *((1, (1, 2), (0, 3)), (-1, (1, 3), (0, 2)), (1, (2, 3), (0, 1))),
)


def _pair(a: Any, row: int, i: int, j: int) -> Any:
    """The determinant of two columns of the rows from this one on."""
    return a(row, i) * a(row + 1, j) - a(row, j) * a(row + 1, i)


_WRITTEN: dict[int, Any] = {
    1: lambda a: a(0, 0) * 1.0,
    2: lambda a: a(0, 0) * a(1, 1) - a(0, 1) * a(1, 0),
    4: lambda a: sum(
        sign * _pair(a, 0, *left) * _pair(a, 2, *right) for sign, left, right in _HALVES
    ),
    3: lambda a: (
        a(0, 0) * (a(1, 1) * a(2, 2) - a(1, 2) * a(2, 1))
        - a(0, 1) * (a(1, 0) * a(2, 2) - a(1, 2) * a(2, 0))
        + a(0, 2) * (a(1, 0) * a(2, 1) - a(1, 1) * a(2, 0))
    ),
}


# NumPy's own kind of pair: `.sign`, `.logabsdet`.
_PAIR: Any = type(np.linalg.slogdet(np.eye(1)))


@implements("linalg.slogdet")
def slogdet(a: Any) -> Any:
    """``np.linalg.slogdet``: sign, and logarithm of the size, of the determinant."""
    a = square_matrix(a, "slogdet")
    return _PAIR(*emitted_all("slogdet", a))


@implements("linalg.cholesky")
def cholesky(a: Any, *, upper: bool = False) -> Any:
    """``np.linalg.cholesky``: of the lower triangle (with `upper`, of the upper one)."""
    a = square_matrix(a, "cholesky")
    if upper:
        return matrix_transpose(emitted("cholesky", matrix_transpose(a)))
    return emitted("cholesky", a)

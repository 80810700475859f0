"""Calls of the BLAS that SciPy exports to Cython code: `gemm` ops as LLVM text, and the symbols.

Its matrices are in column order with 32-bit sizes, and every argument is a pointer. A matrix in C
order is its transpose there, so that C = A B is computed as C' = B' A'.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from tapec.backends.llvm.emit_scalar import MEMORY, SIZES, literal
from tapec.backends.llvm.names import BLAS
from tapec.ir.core import Op
from tapec.ir.exports import addresses

_ROUTINES = ("dgemm", "sgemm", "dgemv", "sgemv")


@functools.cache
def symbols() -> dict[str, int]:
    """Addresses of the routines by symbol; empty without SciPy."""
    return addresses("cython_blas", _ROUTINES, BLAS)


def usable() -> bool:
    """Whether there is a BLAS to call."""
    return bool(symbols())


def gemm_call(e: Any, op: Op, places: Sequence[str]) -> None:
    """Append the call; `places` are the pointers to result, left and right matrix."""
    (m, n, k), (a, b) = op.attrs["sizes"], op.attrs["matrices"]
    out, left, right = places
    dtype = op.operands[0].type.dtype
    if n == 1:
        _gemv(e, dtype, (m, k), a, out, left, (right, b[0]))
    elif m == 1:
        _gemv(e, dtype, (n, k), b[::-1], out, right, (left, a[1]))
    else:
        form_b, ld_b = _form(k, n, *b)
        form_a, ld_a = _form(m, k, *a)
        numbers = [number(e, x) for x in (n, m, k)]
        one, zero = _scalar(e, dtype, 1.0), _scalar(e, dtype, 0.0)
        second = [right, number(e, ld_b), left, number(e, ld_a), zero, out, number(e, n)]
        args = [letter(e, form_b), letter(e, form_a), *numbers, one, *second]
        _call(e, dtype, "gemm", args)


def _gemv(
    e: Any,
    dtype: str,
    sizes: tuple[int, int],
    strides: tuple[int, int],
    out: str,
    matrix: str,
    vector: tuple[str, int],
) -> None:
    """out = matrix @ vector; the result is cleared first, as beta = 0 may not clear NaN."""
    form, ld = _form(*sizes, *strides)
    shape, flag = (sizes[::-1], "T") if form == "N" else (sizes, "N")
    e.declare("declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)")
    size = sizes[0] * SIZES[dtype]
    e.lines.append(f"call void @llvm.memset.p0.i64(ptr {out}, i8 0, i64 {size}, i1 false)")
    numbers = [number(e, x) for x in shape]
    start = [letter(e, flag), *numbers, _scalar(e, dtype, 1.0), matrix, number(e, ld)]
    end = [vector[0], number(e, vector[1]), _scalar(e, dtype, 0.0), out, number(e, 1)]
    _call(e, dtype, "gemv", [*start, *end])


def _form(rows: int, columns: int, row: int, column: int) -> tuple[str, int]:
    """Whether the transpose of a matrix is one in column order (N) or not (T), and the stride."""
    if column == 1 and row >= columns:
        return "N", row
    return "T", column


def _call(e: Any, dtype: str, routine: str, args: Sequence[str]) -> None:
    name = BLAS + ("d" if dtype == "f64" else "s") + routine
    e.declare(f"declare void @{name}({', '.join(['ptr'] * len(args))})")
    e.lines.append(f"call void @{name}({', '.join(f'ptr {a}' for a in args)})")


def _constant(e: Any, name: str, type: str, value: str) -> str:
    e.declare(f"@const.{name} = private constant {type} {value}")
    return f"@const.{name}"


def letter(e: Any, which: str) -> str:
    """A pointer to a constant character."""
    return _constant(e, which, "i8", str(ord(which)))


def number(e: Any, value: int) -> str:
    """A pointer to a constant 32-bit integer."""
    return _constant(e, f"i{value}", "i32", str(value))


def _scalar(e: Any, dtype: str, number: float) -> str:
    return _constant(e, f"{dtype}.{int(number)}", MEMORY[dtype], literal(number, dtype))

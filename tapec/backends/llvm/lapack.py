"""Calls of the LAPACK that SciPy exports to Cython code, and checks that end a kernel."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from tapec.backends.llvm.blas import letter, number
from tapec.backends.llvm.emit_control import trips
from tapec.backends.llvm.emit_function import FunctionEmitter
from tapec.backends.llvm.emit_memory import all_lanes
from tapec.backends.llvm.emit_scalar import SIZES
from tapec.backends.llvm.names import LAPACK
from tapec.backends.llvm.tuning import SHORT_COLUMNS
from tapec.errors import UnsupportedLowering
from tapec.ir.core import Op, Value
from tapec.ir.exports import addresses
from tapec.ir.ops.lapack import ROUTINES
from tapec.ir.ops.loop import NOT_POSITIVE, SINGULAR

_ROUTINES = [t + name for t in "ds" for name in ("getrf", "getrs", "potrf", *ROUTINES)]
_INTEGER = 4  # bytes


@functools.cache
def symbols() -> dict[str, int]:
    """Addresses of the routines by symbol; empty without SciPy."""
    return addresses("cython_lapack", _ROUTINES, LAPACK)


def getrf(e: FunctionEmitter, op: Op) -> None:
    """Factor in place; if strict, the kernel ends where the matrix is singular."""
    square, pivots = op.operands
    n = number(e, square.type.shape[0])
    _call(e, op, "getrf", [n, n, e.names[square], n, e.names[pivots], _flag(e, pivots)])
    if op.attrs.get("strict", True):
        _expect_zero(e, _flag(e, pivots), SINGULAR)


def potrf(e: FunctionEmitter, op: Op) -> None:
    """Factor in place as column-major; the kernel ends unless the matrix is positive definite."""
    square, flag = op.operands
    n = number(e, square.type.shape[0])
    _call(e, op, "potrf", [letter(e, "U"), n, e.names[square], n, e.names[flag]])
    _expect_zero(e, e.names[flag], NOT_POSITIVE)


def routine(e: FunctionEmitter, op: Op) -> None:
    """Any routine, by the arguments that the op lists; the kernel ends where it fails."""
    *buffers, flag = (e.names[v] for v in op.operands)
    args = [_argument(e, token, buffers) for token in op.attrs["arguments"].split()]
    _call(e, op, op.attrs["routine"], [*args, flag])
    if op.attrs["status"]:
        _expect_zero(e, flag, op.attrs["status"])


def _argument(e: FunctionEmitter, token: str, buffers: Sequence[str]) -> str:
    if token[0] == "@":
        return buffers[int(token[1:])]
    return letter(e, token) if token.isalpha() else number(e, int(token))


def _expect_zero(e: FunctionEmitter, flag: str, status: int) -> None:
    found = e.emit(f"load i32, ptr {flag}, align {_INTEGER}")
    e.expect(e.emit(f"icmp eq i32 {found}, 0"), status)


def getrs(e: FunctionEmitter, op: Op) -> None:
    """Solve in place with the factors."""
    square, pivots, right = op.operands
    columns, size = right.type.shape
    once = columns == 1 or size > SHORT_COLUMNS
    flag, n = _flag(e, pivots), number(e, size)
    form, some = letter(e, "T" if op.attrs["transposed"] else "N"), number(e, columns * once or 1)

    def some_columns(place: str) -> None:
        args = [form, n, some, e.names[square], n, e.names[pivots], place, n, flag]
        _call(e, op, "getrs", args)

    if once:
        some_columns(e.names[right])
        return

    def column(index: str, _: list[str]) -> list[str]:
        step = e.emit(f"mul i64 {index}, {size * SIZES[right.type.dtype]}")
        some_columns(e.emit(f"getelementptr i8, ptr {e.names[right]}, i64 {step}"))
        return []

    trips(e, str(columns), [], column)


def _flag(e: FunctionEmitter, pivots: Value) -> str:
    """The place behind the row numbers."""
    last = pivots.type.size - 1
    return e.emit(f"getelementptr i8, ptr {e.names[pivots]}, i64 {_INTEGER * last}")


def _call(e: FunctionEmitter, op: Op, name: str, args: Sequence[str]) -> None:
    if not symbols():
        raise UnsupportedLowering("matrix factorisations need SciPy's LAPACK", where=op.loc)
    routine = LAPACK + ("d" if op.operands[0].type.dtype == "f64" else "s") + name
    e.declare(f"declare void @{routine}({', '.join(['ptr'] * len(args))})")
    e.lines.append(f"call void @{routine}({', '.join(f'ptr {a}' for a in args)})")


def expect(e: FunctionEmitter, op: Op) -> None:
    """End the kernel with a status unless the operand holds (in all lanes)."""
    (truth,) = op.operands
    wide = e.width > 1 and e.varies(truth)
    name = e.operand(truth) if wide else e.names[truth]
    e.expect(all_lanes(e, name, wide), op.attrs["status"])

"""Calls of the LAPACK that SciPy exports to Cython code, and checks that end a kernel."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Sequence

from tapec.backends.llvm.blas import address_of, letter, number
from tapec.backends.llvm.emit_function import FunctionEmitter
from tapec.backends.llvm.emit_memory import all_lanes
from tapec.errors import UnsupportedLowering
from tapec.ir.core import Op, Value
from tapec.ir.ops.loop import SINGULAR

PREFIX = "tapec.lapack."
_ROUTINES = ("dgetrf", "sgetrf", "dgetrs", "sgetrs")
_INTEGER = 4  # bytes


@functools.cache
def symbols() -> dict[str, int]:
    """Addresses of the routines by symbol; empty without SciPy."""
    try:
        table = importlib.import_module("scipy.linalg.cython_lapack").__pyx_capi__
        return {PREFIX + name: address_of(table[name]) for name in _ROUTINES}
    except (ImportError, AttributeError, KeyError):
        return {}


def getrf(e: FunctionEmitter, op: Op) -> None:
    """Factor in place; the kernel ends where the matrix is singular."""
    square, pivots = op.operands
    n = number(e, square.type.shape[0])
    _call(e, op, "getrf", [n, n, e.names[square], n, e.names[pivots], _flag(e, pivots)])
    found = e.emit(f"load i32, ptr {_flag(e, pivots)}, align {_INTEGER}")
    e.expect(e.emit(f"icmp eq i32 {found}, 0"), SINGULAR)


def getrs(e: FunctionEmitter, op: Op) -> None:
    """Solve in place with the factors."""
    square, pivots, right = op.operands
    columns, size = right.type.shape
    n, places = number(e, size), [e.names[v] for v in (square, pivots, right)]
    form = letter(e, "T" if op.attrs["transposed"] else "N")
    args = [form, n, number(e, columns), places[0], n, places[1], places[2], n, _flag(e, pivots)]
    _call(e, op, "getrs", args)


def _flag(e: FunctionEmitter, pivots: Value) -> str:
    """The place behind the row numbers."""
    last = pivots.type.size - 1
    return e.emit(f"getelementptr i8, ptr {e.names[pivots]}, i64 {_INTEGER * last}")


def _call(e: FunctionEmitter, op: Op, name: str, args: Sequence[str]) -> None:
    if not symbols():
        raise UnsupportedLowering("linear systems need SciPy's LAPACK", where=op.loc)
    routine = PREFIX + ("d" if op.operands[0].type.dtype == "f64" else "s") + name
    e.declare(f"declare void @{routine}({', '.join(['ptr'] * len(args))})")
    e.lines.append(f"call void @{routine}({', '.join(f'ptr {a}' for a in args)})")


def expect(e: FunctionEmitter, op: Op) -> None:
    """End the kernel with a status unless the operand holds (in all lanes)."""
    (truth,) = op.operands
    wide = e.width > 1 and e.varies(truth)
    name = e.operand(truth) if wide else e.names[truth]
    e.expect(all_lanes(e, name, wide), op.attrs["status"])

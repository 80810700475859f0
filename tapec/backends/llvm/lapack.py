"""Calls of the LAPACK that SciPy exports to Cython code, and checks that end a kernel."""

from __future__ import annotations

import functools
import importlib

from tapec.backends.llvm.blas import address_of, number
from tapec.backends.llvm.emit_function import FunctionEmitter
from tapec.backends.llvm.emit_memory import all_lanes
from tapec.errors import UnsupportedLowering
from tapec.ir.core import Op
from tapec.ir.ops.loop import SINGULAR

PREFIX = "tapec.lapack."
_ROUTINES = ("dgesv", "sgesv")
_INTEGER = 4  # bytes


@functools.cache
def symbols() -> dict[str, int]:
    """Addresses of the routines by symbol; empty without SciPy."""
    try:
        table = importlib.import_module("scipy.linalg.cython_lapack").__pyx_capi__
        return {PREFIX + name: address_of(table[name]) for name in _ROUTINES}
    except (ImportError, AttributeError, KeyError):
        return {}


def gesv(e: FunctionEmitter, op: Op) -> None:
    """Solve in place; the kernel ends where the matrix is singular."""
    if not symbols():
        raise UnsupportedLowering("linear systems need SciPy's LAPACK", where=op.loc)
    square, right, pivots = op.operands
    columns, size = right.type.shape
    info = e.emit(f"getelementptr i8, ptr {e.names[pivots]}, i64 {_INTEGER * size}")
    n = number(e, size)
    args = [n, number(e, columns), e.names[square], n, e.names[pivots], e.names[right], n, info]
    routine = PREFIX + ("d" if square.type.dtype == "f64" else "s") + "gesv"
    e.declare(f"declare void @{routine}({', '.join(['ptr'] * len(args))})")
    e.lines.append(f"call void @{routine}({', '.join(f'ptr {a}' for a in args)})")
    found = e.emit(f"load i32, ptr {info}, align {_INTEGER}")
    e.expect(e.emit(f"icmp eq i32 {found}, 0"), SINGULAR)


def expect(e: FunctionEmitter, op: Op) -> None:
    """End the kernel with a status unless the operand holds (in all lanes)."""
    (truth,) = op.operands
    wide = e.width > 1 and e.varies(truth)
    name = e.operand(truth) if wide else e.names[truth]
    e.expect(all_lanes(e, name, wide), op.attrs["status"])

"""An estimate of a lowered program's work in scalar operations of some 0.4 ns each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from tapec.backends.llvm.tuning import (
    HOST_WORK,
    MATHS_WORK,
    UNKNOWN_TRIPS,
    VECTOR_WORK,
)
from tapec.ir.core import Op


def work(ops: Iterable[Op]) -> int:
    """Operations executed."""
    total = 0
    for op in ops:
        count = _COUNTS.get(op.primitive.name)
        if count is not None:
            total += count(op)
        else:
            total += MATHS_WORK if op.primitive.function else 1
    return total


def _for(op: Op) -> int:
    trips: int = max(op.attrs["upper"] - op.attrs["lower"], 0)
    return trips * _inside(op) // (VECTOR_WORK if op.attrs["kind"] == "vector" else 1)


def _inside(op: Op) -> int:
    return sum(work(region.ops) for region in op.regions)


def _gemm(op: Op) -> int:
    m, n, k = op.attrs["sizes"]
    return int(m * n * k) // VECTOR_WORK


def _getrf(op: Op) -> int:
    n = op.operands[0].type.shape[0]
    return n**3 // VECTOR_WORK


def _factorisation(op: Op) -> int:
    matrix = op.operands[0].type
    return matrix.size * min(matrix.shape) // VECTOR_WORK


def _getrs(op: Op) -> int:
    return op.operands[0].type.size * op.operands[2].type.shape[0]


_COUNTS: Mapping[str, Callable[[Op], int]] = {
    "const": lambda op: 0,
    "for": _for,
    "repeat": lambda op: UNKNOWN_TRIPS * _inside(op),
    "while": lambda op: UNKNOWN_TRIPS * _inside(op),
    "if": _inside,
    "invoke": _inside,
    "gemm": _gemm,
    "getrf": _getrf,
    "getrs": _getrs,
    "potrf": _getrf,
    "lapack": _factorisation,
    "host": lambda op: HOST_WORK,
    "numpy": lambda op: HOST_WORK,
}

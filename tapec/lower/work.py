"""An estimate of a lowered program's work in scalar operations of some 0.4 ns each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from tapec.ir.core import Block, Op
from tapec.lower.tuning import HOST_WORK, MATHS_WORK, UNKNOWN_TRIPS, VECTOR_WORK

Known = dict[Block, int]


def work(ops: Iterable[Op], known: Known | None = None) -> int:
    """Operations executed; `known` are the functions that have been looked at."""
    total = 0
    known = {} if known is None else known
    for op in ops:
        count = _COUNTS.get(op.primitive.name)
        if count is not None:
            total += count(op, known)
        else:
            total += MATHS_WORK if op.primitive.function else 1
    return total


def _for(op: Op, known: Known) -> int:
    trips: int = max(op.attrs["upper"] - op.attrs["lower"], 0)
    return trips * _inside(op, known) // (VECTOR_WORK if op.attrs["kind"] == "vector" else 1)


def _inside(op: Op, known: Known) -> int:
    return sum(work(region.ops, known) for region in op.regions)


def _called(op: Op, known: Known) -> int:
    (body,) = op.regions
    if body not in known:
        known[body] = work(body.ops, known)
    return known[body]


def _gemm(op: Op, known: Known) -> int:
    m, n, k = op.attrs["sizes"]
    return int(m * n * k) // VECTOR_WORK


def _getrf(op: Op, known: Known) -> int:
    n = op.operands[0].type.shape[0]
    return n**3 // VECTOR_WORK


def _factorisation(op: Op, known: Known) -> int:
    matrix = op.operands[0].type
    return matrix.size * min(matrix.shape) // VECTOR_WORK


def _getrs(op: Op, known: Known) -> int:
    return op.operands[0].type.size * op.operands[2].type.shape[0]


_COUNTS: Mapping[str, Callable[[Op, Known], int]] = {
    "const": lambda op, known: 0,
    "for": _for,
    "repeat": lambda op, known: UNKNOWN_TRIPS * _inside(op, known),
    "while": lambda op, known: UNKNOWN_TRIPS * _inside(op, known),
    "if": _inside,
    "invoke": _called,
    "gemm": _gemm,
    "getrf": _getrf,
    "getrs": _getrs,
    "potrf": _getrf,
    "lapack": _factorisation,
    "parallel": lambda op, known: op.attrs["parts"] * _inside(op, known),
    "host": lambda op, known: HOST_WORK,
    "numpy": lambda op, known: HOST_WORK,
}

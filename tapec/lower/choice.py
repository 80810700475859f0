"""The estimated size of a program as straight-line scalar ops, and whether to unroll it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

from tapec.ir.core import Func, Op
from tapec.lower.folds import COMBINE
from tapec.lower.tuning import (
    COSTLY,
    EXTREME_STEP_OPS,
    FEW_ELEMENTS,
    LINES,
    MERGE_STEP_OPS,
    MORE_LINES,
    SCALAR_CALL_OPS,
    SMALL,
    TINY,
)


def few(func: Func, count: int, work: int) -> bool:
    """Whether `count` scalar ops are few enough to write out; `work` counts those on zeros too."""
    narrow = all(
        v.type.size <= FEW_ELEMENTS for op in func.ops for v in (*op.results, *op.operands)
    )
    return count <= (MORE_LINES if narrow or 2 * count <= work else LINES)


def estimate(func: Func) -> int:
    """Scalar ops of the program, without regard to zeros, and the elements it loads and stores."""
    moved = sum(v.type.size for v in (*func.params, *func.results) if v.type.size > SMALL)
    return moved + sum(map(estimate_op, func.ops))


def estimate_op(op: Op) -> int:
    """Scalar ops of one op."""
    return _ESTIMATES.get(op.name, _elements)(op)


def calls(op: Op) -> int:
    """The extra cost of costly functions on scalars instead of vectors."""
    size: int = op.result.type.size
    return size * SCALAR_CALL_OPS if size > SMALL and op.primitive.cost >= COSTLY else 0


def _elements(op: Op) -> int:
    return int(op.result.type.size)


def _operands(op: Op) -> int:
    return max(v.type.size for v in (*op.operands, *op.results))


def _dot(op: Op) -> int:
    a = op.operands[0].type.shape
    return int(op.result.type.size * 2 * prod(a[p[0]] for p in op.attrs["contract"]))


def _solve(op: Op) -> int:
    *_, unknowns, columns = op.result.type.shape
    if unknowns > TINY:
        return _copies(op)
    return int(op.operands[0].type.size * 3 * (unknowns + columns))


def _copies(op: Op) -> int:
    """The elements that a library call reads and writes."""
    return sum(v.type.size for v in (*op.operands, *op.results))


def _sort(op: Op) -> int:
    merges = op.result.type.shape[op.attrs["axis"]].bit_length()
    return int(op.result.type.size * MERGE_STEP_OPS * merges)


_ESTIMATES: Mapping[str, Callable[[Op], int]] = {
    # Ops that read all elements of their operands.
    **dict.fromkeys([*COMBINE, "gather", "scatter", "scatter_add"], _operands),
    "const": lambda op: 0,
    "dot": _dot,
    "solve": _solve,
    "determinant": _copies,
    "cholesky": _copies,
    "packed": _copies,
    "argsort": _sort,
    "argmax": lambda op: EXTREME_STEP_OPS * _operands(op),
    "argmin": lambda op: EXTREME_STEP_OPS * _operands(op),
    "search": lambda op: (
        EXTREME_STEP_OPS * int(op.operands[0].type.shape[-1] * op.result.type.size)
    ),
}

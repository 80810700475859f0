"""How many straight lines of scalar ops a program is, by estimate, and how many are few."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

from tapec.ir.core import Func, Op
from tapec.lower.folds import COMBINE
from tapec.lower.inplace import SMALL
from tapec.lower.plan import COSTLY
from tapec.lower.solve import TINY

# Numbers of scalar ops, loads and stores included, measured with programs over 20 to 100 elements,
# products and factors of 3 x 3 to 10 x 10 matrices, Jacobians and Hessians of 3 to 10 variables.
LINES = 320  # up to which lines are as fast as loops, and as quick to compile
MORE_LINES = 700  # the same of arrays of few elements, or where zeros take half of the work away
FEW = 36  # elements of an array that registers hold
TRIED = 1800  # estimated ops, zeros included, up to which lines are tried
SCALAR_RATIO = 4  # estimated ops for each array op of a scalar program: such have no limit
# What loops save, in scalar ops, for each element of an array taking a costly function: a vector of
# them takes as long as a number.
SCALAR_CALL = 80
MERGE_STEP = 12  # scalar ops to move one element in one of the merges of a sort
IMPROVES = 6  # scalar ops to compare an element with the extreme so far, NaN included


def few(func: Func, count: int, work: int) -> bool:
    """Whether so many lines are few, of so many that there would be without zeros."""
    narrow = all(v.type.size <= FEW for op in func.ops for v in (*op.results, *op.operands))
    return count <= (MORE_LINES if narrow or 2 * count <= work else LINES)


def estimate(func: Func) -> int:
    """Scalar ops of the program, without regard to zeros, and the elements it loads and stores."""
    moved = sum(v.type.size for v in (*func.params, *func.results) if v.type.size > SMALL)
    return moved + sum(_ESTIMATES.get(op.name, _elements)(op) for op in func.ops)


def calls(op: Op) -> int:
    """What costly functions of one element each would cost more than those of vectors."""
    size: int = op.result.type.size
    return size * SCALAR_CALL if size > SMALL and op.primitive.cost >= COSTLY else 0


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
    """What a call of a library takes and gives."""
    return sum(v.type.size for v in (*op.operands, *op.results))


def _sort(op: Op) -> int:
    merges = op.result.type.shape[op.attrs["axis"]].bit_length()
    return int(op.result.type.size * MERGE_STEP * merges)


_ESTIMATES: Mapping[str, Callable[[Op], int]] = {
    # What reads its operands whole, whatever it makes of them.
    **dict.fromkeys([*COMBINE, "gather", "scatter", "scatter_add"], _operands),
    "const": lambda op: 0,
    "dot": _dot,
    "solve": _solve,
    "determinant": _copies,
    "cholesky": _copies,
    "packed": _copies,
    "argsort": _sort,
    "argmax": lambda op: IMPROVES * _operands(op),
    "argmin": lambda op: IMPROVES * _operands(op),
    "search": lambda op: IMPROVES * int(op.operands[0].type.shape[-1] * op.result.type.size),
}

"""Linear systems of banded matrices, stored by their diagonals, in stacks too."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tapec.errors import ShapeError
from tapec.ir.build import Expr
from tapec.ir.incidence import stacked
from tapec.ir.ops.lapack import Call, integers, routine
from tapec.ir.ops.loop import NOT_POSITIVE, SINGULAR
from tapec.ir.ops.matrices import lifted_together, matrices, matrix_transpose, part
from tapec.ir.ops.shape import Array, Tangents, broadcasted, call, check_dtypes, zeros
from tapec.ir.primitive import structured
from tapec.ir.types import Type


def _infer(ab: Type, b: Type, *, below: int, above: int, definite: bool) -> Type:
    check_dtypes("solve_banded", ab, b)
    *lead, rows, n = matrices("solve_banded", ab).shape
    if rows != below + above + 1 or b.ndim != ab.ndim or b.shape[:-1] != (*lead, n):
        raise ShapeError(f"solve_banded: diagonals {ab} and right-hand sides {b} do not fit")
    return b


def _solve(ab: Array, b: Array, *, below: int, above: int, definite: bool) -> Array:
    from scipy import linalg

    found = np.empty_like(b)
    for at in np.ndindex(ab.shape[:-2]):
        if definite:
            found[at] = linalg.solveh_banded(ab[at][: above + 1], b[at])
        else:
            found[at] = linalg.solve_banded((below, above), ab[at], b[at])
    return found


def _diagonals(below: int, above: int, n: int) -> Iterator[tuple[int, int, int, int]]:
    """(row of the storage, row less column, first column, count) of each diagonal."""
    for k in range(below + above + 1):
        shift = k - above
        first = max(0, -shift)
        count = min(n, n - shift) - first
        yield k, shift, first, max(count, 0)


def _placed(x: Expr, first: int, n: int, axis: int) -> Expr:
    """x from this place on along an axis of n places, zero elsewhere."""
    shape = x.shape
    sizes = (first, n - first - shape[axis])
    ends = [zeros(x, (*shape[:axis], size, *shape[axis + 1 :])) for size in sizes]
    return call("concatenate", ends[0], x, ends[1], axis=axis)


def _column(x: Expr, width: int) -> Expr:
    """One number for each row of so many columns."""
    return broadcasted(call("reshape", x, shape=(*x.shape, 1)), (*x.shape, width))


def _row(ab: Expr, k: int, first: int, count: int) -> Expr:
    """A piece of one diagonal."""
    found = part(ab, (k, 1), (first, count))
    return call("reshape", found, shape=(*ab.shape[:-2], count))


def _times(ab: Expr, x: Expr, below: int, above: int) -> Expr:
    """The banded matrices times columns."""
    n, width, axis = x.shape[-2], x.shape[-1], len(x.shape) - 2
    total = zeros(x)
    for k, shift, first, count in _diagonals(below, above, n):
        if count:
            term = _column(_row(ab, k, first, count), width) * part(x, (first, count), (0, width))
            total = total + _placed(term, first + shift, n, axis)
    return total


def _stored(rows: list[Expr]) -> Expr:
    return call("stack", *rows, axis=len(rows[0].shape) - 1)


def _transposed(ab: Expr, below: int, above: int) -> Expr:
    """The diagonals of the transposed matrices."""
    n, rows = ab.shape[-1], []
    for k, shift, first, count in reversed([*_diagonals(below, above, n)]):
        piece = _row(ab, k, first, count)
        rows.append(_placed(piece, first + shift if count else 0, n, len(piece.shape) - 1))
    return _stored(rows)


def _products(left: Expr, right: Expr, below: int, above: int) -> Expr:
    """The diagonals of left right^T."""
    n, width, rows = left.shape[-2], left.shape[-1], []
    for _, shift, first, count in _diagonals(below, above, n):
        start = first + shift if count else 0
        pairs = part(left, (start, count), (0, width)) * part(right, (first, count), (0, width))
        sums = call("reduce_sum", pairs, axes=(len(pairs.shape) - 1,))
        rows.append(_placed(sums, first if count else 0, n, len(sums.shape) - 1))
    return _stored(rows)


def _jvp(
    operands: tuple[Expr, ...], tangents: Tangents, result: Expr,
    *, below: int, above: int, definite: bool,
) -> Expr | None:  # fmt: skip
    """A dx = db - dA x."""
    (ab, _), (ta, right) = operands, tangents
    if ta is not None:
        moving = _times(ta, result, below, above)
        right = -moving if right is None else right - moving
    if right is None:
        return None
    return call("solve_banded", ab, right, below=below, above=above, definite=definite)


def _vjp(
    ct: Expr, result: Expr, operands: tuple[Expr, ...], *, below: int, above: int, definite: bool
) -> tuple[Expr, Expr]:
    """b gets A^-T ct, and A the diagonals of the negative outer product of that and x."""
    ab = operands[0] if definite else _transposed(operands[0], below, above)
    to_b = call("solve_banded", ab, ct, below=above, above=below, definite=definite)
    return -_products(to_b, result, below, above), to_b


# --- native code: LAPACK sees the transposes -----------------------------------------------------


def _call_gbsv(columns: Type, sides: Type, *, below: int, above: int) -> Call:
    n, rows = columns.shape
    text = f"{n} {below} {above} {sides.shape[0]} @0 {rows} @2 @1 {max(n, 1)}"
    return Call(text, (integers(n),), (1,))


def _call_pbsv(columns: Type, sides: Type) -> Call:
    n, rows = columns.shape
    text = f"U {n} {rows - 1} {sides.shape[0]} @0 {rows} @1 {max(n, 1)}"
    return Call(text, (), (1,))


GBSV = routine(
    "gbsv",
    _call_gbsv,
    "Rows x with a x = b for rows b and a banded matrix a: the rows of the first operand are the "
    "columns of its diagonals, with room for `below` more above them.",
    ranks=(2, 2),
    status=SINGULAR,
)
PBSV = routine(
    "pbsv",
    _call_pbsv,
    "Rows x with a x = b for rows b and a positive definite banded matrix a: the rows of the first "
    "operand are the columns of its upper diagonals.",
    ranks=(2, 2),
    status=NOT_POSITIVE,
)


def _by_lapack(ab: Expr, b: Expr, *, below: int, above: int, definite: bool) -> Expr:
    n, axis, sides = ab.shape[-1], len(ab.shape) - 2, matrix_transpose(b)
    if definite:
        half = part(ab, (0, above + 1), (0, n))
        return matrix_transpose(PBSV(matrix_transpose(half), sides))
    room = call("concatenate", zeros(ab, (*ab.shape[:-2], below, n)), ab, axis=axis)
    return matrix_transpose(GBSV(matrix_transpose(room), sides, below=below, above=above))


SOLVE_BANDED = structured(
    "solve_banded",
    _infer,
    _solve,
    jvp=_jvp,
    vjp=_vjp,
    batch=lifted_together("solve_banded"),
    sparsity=stacked(2),
    cost=20,
    raises=True,
    analytic=False,
    expand=_by_lapack,
    doc="x with a x = b for columns b (..., n, k) and banded matrices a, whose element (i, j) is "
    "at (above + i - j, j) of the first operand (..., below + above + 1, n); with `definite` they "
    "are symmetric and positive definite. Raises LinAlgError where they are singular or not.",
)

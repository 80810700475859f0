"""Linear systems of triangular matrices, in stacks too: only one triangle is read."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.errors import ShapeError
from tapec.ir.build import Expr
from tapec.ir.incidence import stacked
from tapec.ir.ops.lapack import Call, routine
from tapec.ir.ops.loop import SINGULAR
from tapec.ir.ops.matrices import (
    eliminations,
    for_each,
    identity,
    lifted_together,
    masked,
    matrix_transpose,
    product,
    square,
)
from tapec.ir.ops.matrices import (
    lower as below,
)
from tapec.ir.ops.shape import Array, Tangents, call, check_dtypes
from tapec.ir.ops.unread import strong_matrices, usable
from tapec.ir.primitive import Sample, structured
from tapec.ir.tuning import SMALL_TRIANGLE
from tapec.ir.types import Type


def _infer(a: Type, b: Type, *, lower: bool, transposed: bool, unit: bool) -> Type:
    check_dtypes("solve_triangular", a, b)
    square("solve_triangular", a)
    if b.ndim != a.ndim or b.shape[:-1] != a.shape[:-1]:
        raise ShapeError(f"solve_triangular: {a} and right-hand sides {b} do not fit together")
    return b


def _read(n: int, lower: bool, unit: bool) -> Array:
    """Where the elements are that count."""
    return below(n, -unit) if lower else below(n, -unit).T


def _solve(a: Array, b: Array, *, lower: bool, transposed: bool, unit: bool) -> Array:
    n = a.shape[-1]
    used = np.where(_read(n, lower, unit), a, 0) + unit * np.eye(n, dtype=b.dtype)
    found: Array = np.linalg.solve(used.swapaxes(-1, -2) if transposed else used, b)
    return found


def _jvp(
    operands: tuple[Expr, ...], tangents: Tangents, result: Expr,
    *, lower: bool, transposed: bool, unit: bool,
) -> Expr | None:  # fmt: skip
    """A dx = db - dA x, with the part of dA that counts."""
    (a, _), (ta, tb) = operands, tangents
    right = tb
    if ta is not None:
        used = masked(ta, _read(a.shape[-1], lower, unit))
        moving = product(matrix_transpose(used) if transposed else used, result)
        right = -moving if tb is None else tb - moving
    if right is None:
        return None
    return call("solve_triangular", a, right, lower=lower, transposed=transposed, unit=unit)


def _vjp(
    ct: Expr, result: Expr, operands: tuple[Expr, ...],
    *, lower: bool, transposed: bool, unit: bool,
) -> tuple[Expr | None, ...]:  # fmt: skip
    """b gets A^-T ct, and A the part that counts of the negative outer product of that and x."""
    a, _ = operands
    attrs = {"lower": lower, "transposed": not transposed, "unit": unit}
    to_b = call("solve_triangular", a, ct, **attrs)
    left, right = (result, to_b) if transposed else (to_b, result)
    to_a = product(-left, matrix_transpose(right))
    return masked(to_a, _read(a.shape[-1], lower, unit)), to_b


# LAPACK sees rows as columns: the other triangle, transposed the other way, and sides as rows.
def _call_trtrs(a: Type, sides: Type, *, lower: bool, transposed: bool, unit: bool) -> Call:
    n, k = a.shape[-1], sides.shape[0]
    letters = f"{'U' if lower else 'L'} {'N' if transposed else 'T'} {'U' if unit else 'N'}"
    return Call(f"{letters} {n} {k} @0 {max(n, 1)} @1 {max(n, 1)}", (), (1,))


TRTRS = routine(
    "trtrs",
    _call_trtrs,
    "Rows x with a x = b of a triangular matrix a, for rows b.",
    ranks=(2, 2),
    status=SINGULAR,
)


def _native(a: Expr, b: Expr, *, lower: bool, transposed: bool, unit: bool) -> Expr:
    """By LAPACK; small ones like any other system."""
    n = a.shape[-1]
    if n > SMALL_TRIANGLE:
        sides = matrix_transpose(b)
        found = TRTRS(a, sides, lower=lower, transposed=transposed, unit=unit)
        return matrix_transpose(found)
    used = masked(a, _read(n, lower, unit))
    if unit:
        used = used + for_each(used, np.eye(n, dtype=a.type.numpy))
    return call("solve", matrix_transpose(used) if transposed else used, b)


def _strong_jvp(
    operands: tuple[Expr, ...], tangents: Tangents, result: Expr, **attrs: Any
) -> Expr | None:
    (a, b), given = operands, [t for t in tangents if t is not None]
    a, *kept = strong_matrices(_usable(a, **attrs), a, *given)
    found = iter(kept)
    tangents = tuple(None if t is None else next(found) for t in tangents)
    return _jvp((a, b), tangents, result, **attrs)


def _strong_vjp(
    ct: Expr, result: Expr, operands: tuple[Expr, ...], **attrs: Any
) -> tuple[Expr | None, ...]:
    a, ct = strong_matrices(_usable(operands[0], **attrs), operands[0], ct)
    return _vjp(ct, result, (a, operands[1]), **attrs)


def _usable(a: Expr, *, lower: bool, transposed: bool, unit: bool) -> Expr:
    used = masked(a, _read(a.shape[-1], lower, unit))
    return usable(used, triangle=not unit)


SOLVE_TRIANGULAR = structured(
    "solve_triangular",
    _infer,
    _solve,
    jvp=_jvp,
    vjp=_vjp,
    strong={"jvp": _strong_jvp, "vjp": _strong_vjp},
    batch=lifted_together("solve_triangular"),
    sparsity=stacked(2),
    cost=20,
    raises=True,
    harmless=identity,
    work=eliminations,
    expand=_native,
    samples=tuple(
        Sample(shapes, {"lower": lower, "transposed": transposed, "unit": unit})
        for shapes, lower, transposed, unit in (
            (((3, 3), (3, 2)), True, False, False),
            (((3, 3), (3, 1)), False, True, False),
            (((2, 4, 4), (2, 4, 3)), True, True, True),
            (((4, 4), (4, 4)), False, False, True),
        )
    ),
    doc="x with a x = b (or a^T x = b) for triangular matrices a (..., n, n) and columns b "
    "(..., n, k): the other triangle is not read, nor, with `unit`, the diagonal, which is 1 then. "
    "Raises LinAlgError where an element of the diagonal is 0.",
)

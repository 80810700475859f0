"""Linear systems of `scipy.linalg`, by the structure that their matrices are said to have.

SciPy looks for structure itself, and warns of matrices that are nearly singular; here elimination
takes any matrix, and nothing is warned of. Infinities and NaN are not looked for either.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.ir.ops.banded import SOLVE_BANDED
from tapec.ir.ops.triangular import SOLVE_TRIANGULAR
from tapec.trace.arrays.operands import as_array, as_tracer
from tapec.trace.arrays.table import implements
from tapec.trace.numpy.declared import made_by
from tapec.trace.numpy.matrices import mirrored, toeplitz

TRANSPOSED = {0: False, "N": False, 1: True, "T": True, 2: True, "C": True}
Solver = Callable[[Any, Any], Any]


def array_of(x: Any) -> Any:
    """An argument as a traced array."""
    return as_tracer(as_array(x))


def square(name: str, a: Any) -> Any:
    """A square matrix, or a stack of them."""
    a = array_of(a)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ValueError(
            f"scipy.linalg.{name}: expected a square matrix, not one of shape {a.shape}"
        )
    return a


def by_columns(name: str, rows: int, lead: tuple[int, ...], b: Any, solver: Solver) -> Any:
    """What a solver makes of right-hand sides, over the leading axes of both; one is a vector."""
    b = array_of(b)
    vector = b.ndim == 1
    columns = b[:, None] if vector else b
    if columns.shape[-2] != rows:
        raise ValueError(
            f"scipy.linalg.{name}: shapes do not fit: {rows} rows, and b has shape {b.shape}"
        )
    lead = np.broadcast_shapes(lead, columns.shape[:-2])
    columns = np.broadcast_to(columns, (*lead, *columns.shape[-2:]))
    made = solver(lead, columns)
    return made[..., 0] if vector else made


def triangular(
    name: str, a: Any, b: Any, *, lower: bool, transposed: bool = False, unit: bool = False
) -> Any:
    """The solutions for one triangle of the matrices."""

    def solver(lead: Any, columns: Any) -> Any:
        matrices = np.broadcast_to(a, (*lead, *a.shape[-2:]))
        attrs = {"lower": lower, "transposed": transposed, "unit": unit}
        return made_by(SOLVE_TRIANGULAR, matrices, columns, **attrs)

    return by_columns(name, a.shape[-1], a.shape[:-2], b, solver)


def by_factor(name: str, factor: Any, b: Any, lower: bool) -> Any:
    """The solutions for L L^T (or, not `lower`, U^T U), by two triangular systems."""
    inner = triangular(name, factor, b, lower=lower, transposed=not lower)
    return triangular(name, factor, inner, lower=lower, transposed=lower)


# --- scipy.linalg.solve --------------------------------------------------------------------------


def _general(a: Any, b: Any, lower: bool, transposed: bool) -> Any:
    return np.linalg.solve(np.swapaxes(a, -1, -2) if transposed else a, b)


def _symmetric(a: Any, b: Any, lower: bool, transposed: bool) -> Any:
    return np.linalg.solve(mirrored(a, lower), b)


def _positive(a: Any, b: Any, lower: bool, transposed: bool) -> Any:
    return by_factor("solve", np.linalg.cholesky(a, upper=not lower), b, lower)


def _diagonal(a: Any, b: Any, lower: bool, transposed: bool) -> Any:
    return triangular("solve", a * np.eye(a.shape[-1], dtype=a.dtype), b, lower=True)


def _tridiagonal(a: Any, b: Any, lower: bool, transposed: bool) -> Any:
    return _general(np.tril(np.triu(a, -1), 1), b, lower, transposed)


def _of_triangle(below: bool) -> Callable[..., Any]:
    def solver(a: Any, b: Any, lower: bool, transposed: bool) -> Any:
        return triangular("solve", a, b, lower=below, transposed=transposed)

    return solver


_BY_STRUCTURE: dict[Any, Callable[..., Any]] = {
    **dict.fromkeys([None, "general", "gen", "banded"], _general),
    **dict.fromkeys(["symmetric", "sym", "hermitian", "her"], _symmetric),
    **dict.fromkeys(["positive definite", "pos"], _positive),
    "diagonal": _diagonal,
    "tridiagonal": _tridiagonal,
    "upper triangular": _of_triangle(False),
    "lower triangular": _of_triangle(True),
}


@implements("scipy.linalg.solve")
def solve(a: Any, b: Any, lower: bool = False, assume_a: Any = None,
          transposed: bool = False) -> Any:  # fmt: skip
    """``scipy.linalg.solve``, reading what `assume_a` and `lower` say of the matrices."""
    if assume_a not in _BY_STRUCTURE:
        raise ValueError(f"{assume_a} is not a recognized matrix structure")
    a, b = square("solve", np.atleast_2d(a)), np.atleast_1d(b)
    rows = b.shape[0] if b.ndim == 1 else b.shape[-2]
    if rows != a.shape[-1]:
        raise ValueError(f"incompatible shapes: a1.shape={a.shape} and b1.shape={b.shape}")
    return _BY_STRUCTURE[assume_a](a, b, bool(lower), bool(transposed))


@implements("scipy.linalg.solve_triangular")
def solve_triangular(a: Any, b: Any, trans: Any = 0, lower: bool = False,
                     unit_diagonal: bool = False) -> Any:  # fmt: skip
    """``scipy.linalg.solve_triangular``: the other triangle is not read."""
    a = square("solve_triangular", a)
    attrs = {"lower": bool(lower), "transposed": TRANSPOSED[trans], "unit": bool(unit_diagonal)}
    return triangular("solve_triangular", a, b, **attrs)


# --- Toeplitz and banded matrices ----------------------------------------------------------------


@implements("scipy.linalg.solve_toeplitz")
def solve_toeplitz(c_or_cr: Any, b: Any) -> Any:
    """``scipy.linalg.solve_toeplitz``, by elimination; in double precision always, as there."""
    c, r = c_or_cr if isinstance(c_or_cr, tuple) else (c_or_cr, None)
    return solve(np.astype(toeplitz(c, r), float), b)


def _banded(name: str, ab: Any, b: Any, **attrs: Any) -> Any:
    def solver(lead: Any, columns: Any) -> Any:
        return made_by(SOLVE_BANDED, np.broadcast_to(ab, (*lead, *ab.shape[-2:])), columns, **attrs)

    return by_columns(name, ab.shape[-1], ab.shape[:-2], b, solver)


@implements("scipy.linalg.solve_banded")
def solve_banded(l_and_u: Any, ab: Any, b: Any) -> Any:
    """``scipy.linalg.solve_banded``."""
    below, above = map(int, l_and_u)
    ab = array_of(ab)
    if below + above + 1 != ab.shape[-2]:
        raise ValueError(
            f"invalid values for the number of lower and upper diagonals: l+u+1 "
            f"({below + above + 1}) does not equal ab.shape[0] ({ab.shape[-2]})"
        )
    return _banded("solve_banded", ab, b, below=below, above=above, definite=False)


@implements("scipy.linalg.solveh_banded")
def solveh_banded(ab: Any, b: Any, lower: bool = False) -> Any:
    """``scipy.linalg.solveh_banded``: symmetric and positive definite."""
    ab = array_of(ab)
    above = ab.shape[-2] - 1
    attrs = {"below": above, "above": above, "definite": True}
    return _banded("solveh_banded", both_sides(ab, bool(lower)), b, **attrs)


def both_sides(ab: Any, lower: bool) -> Any:
    """All diagonals of symmetric matrices, from those of one side."""
    count, n = ab.shape[-2:]
    inner = [ab[..., k, :] for k in (range(count) if lower else range(count - 1, -1, -1))]
    edge = [np.zeros((*ab.shape[:-2], min(k, n)), ab.dtype) for k in range(count)]
    away = [
        np.concatenate([edge[k], x[..., : max(n - k, 0)]] if lower else [x[..., k:], edge[k]], -1)
        for k, x in enumerate(inner)
    ]
    below, above = (inner, away) if lower else (away, inner)
    return np.stack([*above[:0:-1], inner[0], *below[1:]], axis=-2)

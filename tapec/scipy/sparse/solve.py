"""Sparse systems: `spsolve`, `splu`, `factorized` and iterative solvers, by SuperLU.

With A x = b: dx = A^-1 (db - dA x), and for a cotangent c of x, b gets A^-T c and the entry (i, j)
of A gets -(A^-T c)_i x_j.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from tapec.scipy.calls import called
from tapec.scipy.registry import StandIn, floats, refused, stands_for, translates
from tapec.scipy.sparse.assemble import added
from tapec.scipy.sparse.construct import _block
from tapec.scipy.sparse.matrix import Sparse
from tapec.trace.python.packages import Placed
from tapec.tree import is_complex

Array = np.ndarray[Any, Any]


class System:
    """A pattern with factors of the matrix that was last solved with."""

    def __init__(self, matrix: Sparse) -> None:
        if matrix.shape[0] != matrix.shape[1]:
            raise ValueError(f"matrix must be square, but has shape {matrix.shape}")
        self.rows, self.columns, self.shape = matrix.rows, matrix.columns, matrix.shape
        self._known: Array | None = None
        self._factors: Any = None

    def solve(self, data: Any, b: Any, transposed: bool = False) -> Any:
        """The solution x, for b of shape (n,) or (n, k)."""

        def run(data: Array, b: Array) -> Array:
            return np.ravel(self._solved(data, b, transposed))

        def forward(operands: Sequence[Any], result: Any, tangents: Sequence[Any]) -> Any:
            data, b = operands
            d_data, d_b = tangents
            x = result.reshape(b.shape)
            right = np.zeros(b.shape) if d_b is None else d_b
            if d_data is not None:
                right = right - self._product(d_data, x, transposed)
            return np.ravel(self.solve(data, right, transposed))

        def backward(operands: Sequence[Any], result: Any, ct: Any) -> Sequence[Any]:
            data, b = operands
            x = result.reshape(b.shape)
            weights = self.solve(data, ct.reshape(b.shape), not transposed)
            rows, columns = self._places(transposed)
            terms = -weights[rows] * x[columns]
            return [terms if b.ndim == 1 else np.sum(terms, axis=1), weights]

        made = called(run, [data, b], b.size, "spsolve", forward, backward)
        return made.reshape(b.shape)

    def _places(self, transposed: bool) -> tuple[Array, Array]:
        return (self.columns, self.rows) if transposed else (self.rows, self.columns)

    def _product(self, data: Any, x: Any, transposed: bool) -> Any:
        rows, columns = self._places(transposed)
        terms = data.reshape((-1, *(1,) * (x.ndim - 1))) * x[columns]
        return added(terms, rows, self.shape[0])

    def _solved(self, data: Array, b: Array, transposed: bool) -> Array:
        if self._known is None or not np.array_equal(self._known, data):
            matrix = sparse.csc_array((data, (self.rows, self.columns)), shape=self.shape)
            try:
                self._factors = linalg.splu(matrix)
            except RuntimeError:  # as spsolve does
                warnings.warn("Matrix is exactly singular", linalg.MatrixRankWarning, stacklevel=2)
                self._known = None
                return np.full(b.shape, np.nan)
            self._known = data
        found: Array = self._factors.solve(b, "T" if transposed else "N")
        return found


def _by_parts(solve: Any, b: Any) -> Any:
    """A real solver on right sides that may be complex."""
    if is_complex(b):
        return solve(floats(b.real)) + 1j * solve(floats(b.imag))
    return solve(floats(b))


@translates(linalg.spsolve)
def _spsolve(A: Any, b: Any, permc_spec: Any = None, use_umfpack: bool = True) -> Any:
    matrix = _block(A)
    if isinstance(b, Sparse):
        raise refused("scipy.sparse.linalg.spsolve with a sparse right side", "b.toarray()")
    system = System(matrix)
    return _by_parts(lambda b: _flattened(system, matrix.data, b), b)


def _flattened(system: System, data: Any, b: Any) -> Any:
    """SciPy returns vectors for columns of length 1."""
    made = system.solve(floats(data), b)
    return made.reshape(-1) if b.ndim == 2 and b.shape[1] == 1 else made


@translates(linalg.spsolve_triangular)
def _spsolve_triangular(
    A: Any, b: Any, lower: bool = True, overwrite_A: bool = False, overwrite_b: bool = False,
    unit_diagonal: bool = False,
) -> Any:  # fmt: skip
    if unit_diagonal:
        raise refused("spsolve_triangular with unit_diagonal=", "store the diagonal")
    matrix = _block(A)
    kept = matrix._moved((sparse.tril if lower else sparse.triu)(matrix.pattern))
    system = System(kept)
    return _by_parts(lambda b: system.solve(floats(kept.data), b), b)


@translates(
    linalg.cg, linalg.cgs, linalg.bicg, linalg.bicgstab, linalg.gmres, linalg.minres, linalg.qmr
)
def _iterative(A: Any, b: Any, x0: Any = None, **options: Any) -> Any:
    """Solved to rounding, whatever tolerances say."""
    matrix = _block(A)
    system = System(matrix)
    return _by_parts(lambda b: system.solve(floats(matrix.data), b), b), 0


@translates(linalg.norm)
def _norm(x: Any, ord: Any = None, axis: Any = None) -> Any:
    matrix = _block(x)
    if axis is not None or ord not in (None, "fro", 1, np.inf):
        raise refused(f"scipy.sparse.linalg.norm with ord={ord!r}", "np.linalg.norm(A.toarray())")
    if ord in (None, "fro"):
        return np.sqrt(np.sum(matrix.data * matrix.data))
    return np.max(abs(matrix).sum(axis=0 if ord == 1 else 1))


# -- factors ---------------------------------------------------------------------------------------


class Factorized(StandIn):
    """Factorized of a constant matrix, or a system whose matrix is traced."""

    title = "scipy.sparse.linalg.SuperLU"

    def __init__(self, lu: Any, system: System | None = None, data: Any = None) -> None:
        self.lu, self.system, self.matrix_data = lu, system, data

    def solve(self, rhs: Any, trans: str = "N") -> Any:
        """The solution of A x = rhs, or with "T" or "H" that of A.T x = rhs."""
        return _by_parts(lambda b: self._solve(b, trans != "N"), rhs)

    def _solve(self, b: Any, transposed: bool) -> Any:
        if self.system is not None:
            return self.system.solve(self.matrix_data, b, transposed)

        def run(b: Array) -> Array:
            return np.ravel(self.lu.solve(b, "T" if transposed else "N"))

        def forward(operands: Sequence[Any], result: Any, tangents: Sequence[Any]) -> Any:
            return np.ravel(self._solve(tangents[0], transposed))

        def backward(operands: Sequence[Any], result: Any, ct: Any) -> Sequence[Any]:
            return [self._solve(ct.reshape(operands[0].shape), not transposed)]

        return called(run, [b], b.size, "SuperLU.solve", forward, backward).reshape(b.shape)


@stands_for(linalg.SuperLU)
def _factors(real: Any, placed: Placed) -> Any:
    return Factorized(real).of(real)


@translates(linalg.splu, linalg.spilu)
def _splu(A: Any, **options: Any) -> Factorized:
    matrix = _block(A)
    return Factorized(None, System(matrix), floats(matrix.data))


@translates(linalg.factorized)
def _factorized(A: Any) -> Any:
    return _splu(A).solve

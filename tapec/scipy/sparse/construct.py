"""How sparse matrices are made: of values and places, of diagonals, of blocks."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse

from tapec.scipy.registry import (
    builds,
    constant,
    floats,
    refused,
    stands_for,
    translates,
)
from tapec.scipy.sparse.matrix import PATTERN, Sparse, at_places, entries
from tapec.trace.arrays.operands import as_tracer
from tapec.trace.python.packages import FUNCTIONS, Placed

ARRAYS = (sparse.csr_array, sparse.csc_array, sparse.coo_array)
MATRICES = (sparse.csr_matrix, sparse.csc_matrix, sparse.coo_matrix)
OTHERS = (
    sparse.dia_array, sparse.dia_matrix, sparse.bsr_array, sparse.bsr_matrix,
    sparse.lil_array, sparse.lil_matrix, sparse.dok_array, sparse.dok_matrix,
)  # fmt: skip


@stands_for(*ARRAYS, *MATRICES, *OTHERS)
def _made_outside(real: Any, placed: Placed) -> Any:
    real = copy.copy(real)  # what SciPy notes in a matrix is no change of the user's
    if isinstance(real, OTHERS):
        kind = sparse.csr_array if isinstance(real, sparse.sparray) else sparse.csr_matrix
        return _made_outside(kind(real), as_tracer)
    if np.iscomplexobj(real.data):
        raise refused(f"complex {type(real).__name__}", "take A.real and A.imag outside")
    if real.ndim != 2:
        raise refused(f"{type(real).__name__} of {real.ndim} axes", "use matrices")
    data = placed(real.data)
    if real.has_canonical_format or real.format != "coo":
        pattern = real.copy()
        pattern.data = np.arange(1, real.data.size + 1)
        made = Sparse(pattern, as_tracer(data))
    else:
        made = at_places(real.row, real.col, as_tracer(data), real.shape, type(real))
    return made.of(real, data)


def _constructor(real: Any) -> Callable[..., Any]:
    compressed = {"csr": 0, "csc": 1}

    def construct(
        arg1: Any, shape: Any = None, dtype: Any = None, copy: bool = False, *, maxprint: Any = None
    ) -> Sparse:
        kind = next(n for n in ("csr", "csc", "coo") if real.__name__.startswith(n))
        if isinstance(arg1, Sparse) or sparse.issparse(arg1):
            given = entries(arg1)
            return at_places(given.rows, given.columns, given.data, given.shape, real)
        if isinstance(arg1, tuple) and len(arg1) == 3:
            data, indices, starts = arg1
            minor, starts = (constant(a, real.__name__, PATTERN) for a in (indices, starts))
            major = np.repeat(np.arange(starts.size - 1), np.diff(starts))
            places = (minor, major) if compressed[kind] else (major, minor)
            return _of_places(data, places, shape, real)
        if isinstance(arg1, tuple) and isinstance(arg1[1], tuple | list):
            data, (rows, columns) = arg1
            rows, columns = (constant(a, real.__name__, PATTERN) for a in (rows, columns))
            return _of_places(data, (rows, columns), shape, real)
        dense = floats(arg1)
        rows, columns = np.indices(dense.shape).reshape(2, -1)
        return at_places(rows, columns, dense.reshape(-1), dense.shape, real)

    return construct


def _of_places(data: Any, places: tuple[Any, Any], shape: Any, real: Any) -> Sparse:
    rows, columns = places
    values = floats(data)
    if shape is None:
        shape = tuple(int(a.max()) + 1 for a in places)
    if not values.ndim:
        values = np.broadcast_to(values, rows.shape)
    return at_places(rows, columns, values, shape, real)


for _real in (*ARRAYS, *MATRICES):
    builds(_real)(_constructor(_real))


# -- diagonals -------------------------------------------------------------------------------------


def _diagonals(parts: Any, offsets: Any, shape: Any, like: Any, from_column: bool) -> Sparse:
    """The matrix with these diagonals; `from_column`: each stands in its own column."""
    offsets = np.atleast_1d(constant(offsets, "diags with traced offsets", PATTERN)).astype(int)
    rows, columns, values = [], [], []
    for part, k in zip(parts, offsets.tolist(), strict=True):
        count = max(0, min(shape[0] + min(k, 0), shape[1] - max(k, 0)))
        first = max(k, 0) if from_column else 0
        row, column = np.arange(count) + max(-k, 0), np.arange(count) + max(k, 0)
        part = floats(part)
        part = np.broadcast_to(part.reshape(-1), (count,)) if part.size == 1 else part
        if part.shape[0] < first + count:
            raise ValueError(
                f"Diagonal length (index {k}: {part.shape[0]} at offset {k}) does not agree "
                f"with array size ({shape[0]}, {shape[1]})."
            )
        rows.append(row)
        columns.append(column)
        values.append(part[first : first + count])
    places = np.concatenate(rows), np.concatenate(columns)
    return at_places(*places, np.concatenate(values), shape, like)


def _diags(like: Any) -> Callable[..., Sparse]:
    def build(
        diagonals: Any, offsets: Any = 0, shape: Any = None, format: Any = None, dtype: Any = None
    ) -> Sparse:
        alone = not isinstance(offsets, list | tuple | np.ndarray) and np.ndim(offsets) == 0
        parts = [diagonals] if alone and np.ndim(_first(diagonals)) == 0 else list(diagonals)
        if shape is None:
            size = floats(parts[0]).shape[0] + abs(int(np.atleast_1d(offsets)[0]))
            shape = (size, size)
        made = _diagonals(parts, offsets, shape, like, from_column=False)
        return made if format is None else made.asformat(format)

    return build


def _first(diagonals: Any) -> Any:
    return diagonals[0]


translates(sparse.diags)(_diags(sparse.csr_matrix))


@translates(sparse.diags_array)
def _diags_array(
    diagonals: Any, *, offsets: Any = 0, shape: Any = None, format: Any = None, dtype: Any = None
) -> Sparse:
    return _diags(sparse.csr_array)(diagonals, offsets, shape, format)


@translates(sparse.spdiags)
def _spdiags(data: Any, diags: Any, m: Any = None, n: Any = None, format: Any = None) -> Sparse:
    data = floats(data)
    parts = data if data.ndim == 2 else data[None]
    shape = m if isinstance(m, tuple) else (m, n)
    shape = (parts.shape[1],) * 2 if shape == (None, None) else shape
    made = _diagonals(list(parts), diags, shape, sparse.csr_matrix, from_column=True)
    return made if format is None else made.asformat(format)


@builds(sparse.dia_array, sparse.dia_matrix)
def _dia(arg1: Any, shape: Any = None, dtype: Any = None, copy: bool = False) -> Sparse:
    data, offsets = arg1
    data = floats(data)
    parts = list(data) if data.ndim == 2 else [data]
    return _diagonals(parts, offsets, shape, sparse.csr_array, from_column=True)


# -- blocks ----------------------------------------------------------------------------------------


def _block(matrix: Any) -> Sparse:
    if isinstance(matrix, Sparse) or sparse.issparse(matrix):
        return entries(matrix)
    dense = np.atleast_2d(floats(matrix))
    rows, columns = np.indices(dense.shape).reshape(2, -1)
    return at_places(rows, columns, dense.reshape(-1), dense.shape, sparse.coo_array)


def _assembled(placed: Any, shape: tuple[int, int], format: Any, like: Any) -> Sparse:
    """The matrix of blocks with the places of their first entries."""
    parts = [(b, *at) for b, *at in placed]
    rows = np.concatenate([b.rows + r for b, r, _ in parts])
    columns = np.concatenate([b.columns + c for b, _, c in parts])
    values = np.concatenate([floats(b.data) for b, *_ in parts])
    made = at_places(rows, columns, values, shape, like)
    return made if format is None else made.asformat(format)


def _kind(blocks: list[Any]) -> Any:
    matrices = any(isinstance(b, Sparse) and b.is_matrix for b in blocks)
    return sparse.csr_matrix if matrices else sparse.csr_array


@translates(sparse.block_array, sparse.bmat)
def _bmat(blocks: Any, *, format: Any = None, dtype: Any = None) -> Sparse:
    grid = [[None if b is None else _block(b) for b in row] for row in blocks]
    heights = [next(b.shape[0] for b in row if b is not None) for row in grid]
    widths = [
        next(b.shape[1] for b in column if b is not None) for column in zip(*grid, strict=True)
    ]
    tops, lefts = np.cumsum([0, *heights]), np.cumsum([0, *widths])
    placed = [
        (b, tops[i], lefts[j])
        for i, row in enumerate(grid)
        for j, b in enumerate(row)
        if b is not None
    ]
    shape = int(tops[-1]), int(lefts[-1])
    return _assembled(placed, shape, format, _kind([b for row in grid for b in row]))


@translates(sparse.vstack)
def _vstack(blocks: Any, format: Any = None, dtype: Any = None) -> Sparse:
    return _bmat([[b] for b in blocks], format=format)


@translates(sparse.hstack)
def _hstack(blocks: Any, format: Any = None, dtype: Any = None) -> Sparse:
    return _bmat([list(blocks)], format=format)


@translates(sparse.block_diag)
def _block_diag(mats: Any, format: Any = None, dtype: Any = None) -> Sparse:
    blocks = [_block(m) for m in mats]
    tops = np.cumsum([0, *(b.shape[0] for b in blocks)])
    lefts = np.cumsum([0, *(b.shape[1] for b in blocks)])
    placed = zip(blocks, tops[:-1], lefts[:-1], strict=True)
    return _assembled(placed, (int(tops[-1]), int(lefts[-1])), format, _kind(blocks))


@translates(sparse.kron)
def _kron(A: Any, B: Any, format: Any = None) -> Sparse:
    a, b = _block(A), _block(B)
    (m, n), (p, q) = a.shape, b.shape
    rows = (a.rows[:, None] * p + b.rows).ravel()
    columns = (a.columns[:, None] * q + b.columns).ravel()
    values = (a.data[:, None] * b.data).reshape(-1)
    made = at_places(rows, columns, values, (m * p, n * q), _kind([a, b]))
    return made if format is None else made.asformat(format)


def _part(function: Any) -> Callable[..., Sparse]:
    def part(A: Any, k: int = 0, format: Any = None) -> Sparse:
        given = _block(A)
        made = given._moved(function(given.pattern, k))
        return made if format is None else made.asformat(format)

    return part


translates(sparse.tril)(_part(sparse.tril))
translates(sparse.triu)(_part(sparse.triu))


@translates(sparse.find)
def _find(A: Any) -> Any:
    given = _block(A)
    return given.row, given.col, given.data


def _is_sparse(x: Any) -> bool:
    return isinstance(x, Sparse) or sparse.issparse(x)


FUNCTIONS[sparse.issparse] = _is_sparse
FUNCTIONS[sparse.isspmatrix] = lambda x: (
    _is_sparse(x) and (x.is_matrix if isinstance(x, Sparse) else sparse.isspmatrix(x))
)

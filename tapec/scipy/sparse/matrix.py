"""A sparse matrix while tracing: a pattern that is known, and values that may be traced.

The pattern is a matrix of SciPy's whose entries are the numbers 1, 2, ... of the values: whatever
moves entries (slices, transposes, formats) is left to SciPy, and tells where they went.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from tapec.scipy.registry import StandIn, floats, raises_unless, refused
from tapec.scipy.sparse import assemble
from tapec.trace.arrays.operands import any_symbolic, as_tracer, unwrap

Array = np.ndarray[Any, Any]
PATTERN = "the pattern must be known while tracing: change values, not places"
# Functions that leave zeros alone.
_OF_VALUES = frozenset(
    ["arcsin", "arcsinh", "arctan", "arctanh", "ceil", "conj", "conjugate", "deg2rad", "expm1",
     "floor", "log1p", "rad2deg", "rint", "sign", "sin", "sinh", "sqrt", "tan", "tanh", "trunc"]
)  # fmt: skip
# Methods that move entries, by their names.
_OF_PLACES = frozenset(
    ["asformat", "reshape", "tobsr", "tocoo", "tocsc", "tocsr", "todia", "transpose"]
)


class Sparse(StandIn):
    """The matrix with `values[k - 1]` where `pattern` has the entry k, and zeros elsewhere."""

    title = "scipy.sparse"
    __array_ufunc__ = None
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, pattern: Any, values: Any) -> None:
        self.pattern, self.data = pattern, values
        entries = pattern.tocoo()
        order = np.argsort(entries.data, kind="stable")
        self.rows, self.columns = (np.asarray(c)[order] for c in (entries.row, entries.col))

    # -- what it is ------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns."""
        return tuple(self.pattern.shape)

    @property
    def format(self) -> str:
        """ "csr", "csc", ..."""
        return str(self.pattern.format)

    ndim = 2

    @property
    def dtype(self) -> Any:
        """Element type of the values."""
        return self.data.dtype

    @property
    def nnz(self) -> int:
        """How many entries are stored."""
        return int(self.rows.size)

    @property
    def size(self) -> int:
        """How many entries are stored."""
        return self.nnz

    @property
    def indices(self) -> Any:
        """Columns (CSR) or rows (CSC) of the entries."""
        return as_tracer(self.pattern.indices)

    @property
    def indptr(self) -> Any:
        """Where rows (CSR) or columns (CSC) begin."""
        return as_tracer(self.pattern.indptr)

    @property
    def row(self) -> Any:
        """Rows of the entries."""
        return as_tracer(self.rows)

    @property
    def col(self) -> Any:
        """Columns of the entries."""
        return as_tracer(self.columns)

    @property
    def T(self) -> Sparse:
        """Transpose."""
        return self._moved(self.pattern.T)

    @property
    def is_matrix(self) -> bool:
        """Whether `*` is the product of matrices."""
        return isinstance(self.pattern, sparse.spmatrix)

    # -- places ----------------------------------------------------------------------------

    def _moved(self, pattern: Any) -> Sparse:
        """The same values at other places."""
        return Sparse(*assemble.renumbered(pattern, self.data))

    def _at(self, rows: Array, columns: Array, values: Any, shape: Sequence[int]) -> Sparse:
        """A matrix of the same class with other entries."""
        kind = sparse.csr_array if self.format == "dia" else type(self.pattern)
        return at_places(rows, columns, values, shape, kind)

    def with_values(self, values: Any) -> Sparse:
        """Other values at the same places."""
        return Sparse(self.pattern, values)

    def __getattr__(self, name: str) -> Any:
        if name in _OF_PLACES:
            method = getattr(self.pattern, name)
            return lambda *args, **kwargs: self._moved(method(*unwrap(args), **unwrap(kwargs)))
        if name in _OF_VALUES:
            return lambda: self.with_values(getattr(np, name)(self.data))
        return super().__getattr__(name)

    def __getitem__(self, key: Any) -> Any:
        if any_symbolic(key):
            raise refused("an index of a sparse matrix that is traced", PATTERN)
        found = self.pattern[unwrap(key)]
        if sparse.issparse(found) and found.ndim == 2:
            return self._moved(found)
        if sparse.issparse(found):  # a row of an array has one axis
            found = found.toarray()
        return self._picked(np.asarray(found))

    def __setitem__(self, key: Any, value: Any) -> None:
        raise refused("writing to entries of a sparse matrix", PATTERN)

    def _picked(self, places: Array) -> Any:
        """The values at these numbers, 0 for the number 0."""
        padded = np.concatenate([np.zeros(1), floats(self.data)])
        return padded[places.astype(int)]

    def diagonal(self, k: int = 0) -> Any:
        """The entries of a diagonal."""
        return self._picked(self.pattern.diagonal(k))

    def trace(self, offset: int = 0) -> Any:
        """The sum of a diagonal."""
        return np.sum(self.diagonal(offset))

    def toarray(self, order: Any = None, out: Any = None) -> Any:
        """All entries, with the zeros."""
        made = as_tracer(np.zeros(self.shape))
        made[self.rows, self.columns] = floats(self.data)
        return made

    todense = toarray

    def copy(self) -> Sparse:
        """A copy of the values, at the same places."""
        return self.with_values(np.copy(self.data))

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Sparse:
        """Values of another element type."""
        return self.with_values(as_tracer(self.data).astype(dtype))

    # -- reductions ------------------------------------------------------------------------

    def sum(self, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        """The sum over all entries, or along an axis."""
        if axis is None:
            return np.sum(self.data)
        along = axis % 2
        made = assemble.added(
            self.data, (self.rows, self.columns)[1 - along], self.shape[1 - along]
        )
        if not self.is_matrix:
            return made
        return made.reshape((-1, 1) if along else (1, -1))

    def mean(self, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        """The mean over all places, zeros included."""
        count = self.shape[0] * self.shape[1] if axis is None else self.shape[axis % 2]
        return self.sum(axis) / count

    # -- products --------------------------------------------------------------------------

    def dot(self, other: Any) -> Any:
        """The product with a vector, a matrix or a sparse matrix."""
        if isinstance(other, Sparse) or sparse.issparse(other):
            return self._at(*assemble.product(self, entries(other)))
        x = floats(other)
        if not x.ndim:
            return self.with_values(self.data * x)
        if x.shape[0] != self.shape[1]:
            raise ValueError(f"dimension mismatch: {self.shape} @ {x.shape}")
        behind = (1,) * (x.ndim - 1)
        terms = self.data.reshape((-1, *behind)) * x[self.columns]
        return assemble.added(terms, self.rows, self.shape[0])

    def __matmul__(self, other: Any) -> Any:
        return self.dot(other)

    def __rmatmul__(self, other: Any) -> Any:
        if isinstance(other, Sparse) or sparse.issparse(other):
            return entries(other).dot(self)
        return self.T.dot(floats(other).T).T

    def multiply(self, other: Any) -> Any:
        """Element by element."""
        if isinstance(other, Sparse) or sparse.issparse(other):
            return self._at(*assemble.common(self, entries(other)))
        x = floats(other)
        if not x.ndim:
            return self.with_values(self.data * x)
        shape = np.broadcast_shapes(x.shape, self.shape)
        if shape != self.shape:
            raise refused("a product of a sparse matrix that makes it larger", "use toarray()")
        return self.with_values(self.data * np.broadcast_to(x, shape)[self.rows, self.columns])

    def power(self, n: Any, dtype: Any = None) -> Sparse:
        """Element by element; zeros stay zeros."""
        return self.with_values(self.data**n)

    def __mul__(self, other: Any) -> Any:
        return self.dot(other) if self.is_matrix else self.multiply(other)

    def __rmul__(self, other: Any) -> Any:
        return (
            self.__rmatmul__(other) if self.is_matrix and np.ndim(other) else self.multiply(other)
        )

    def __truediv__(self, other: Any) -> Any:
        return self.multiply(1.0 / floats(other))

    def __pow__(self, n: Any) -> Any:
        if not self.is_matrix:
            return self.power(n)
        made: Any = self
        for _ in range(n - 1):
            made = made.dot(self)
        return made

    # -- sums ------------------------------------------------------------------------------

    def __neg__(self) -> Sparse:
        return self.with_values(-self.data)

    def __abs__(self) -> Sparse:
        return self.with_values(np.abs(self.data))

    def __add__(self, other: Any) -> Any:
        if isinstance(other, Sparse) or sparse.issparse(other):
            return self._at(*assemble.joined([self, entries(other)]))
        x = floats(other)
        if x.ndim:
            return self.toarray() + x
        raises_unless(x == 0.0, NotImplementedError(
            "adding a nonzero scalar to a sparse array is not supported"))  # fmt: skip
        return self

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self + (-entries(other) if sparse.issparse(other) else -other)

    def __rsub__(self, other: Any) -> Any:
        return -self + other


def at_places(rows: Any, columns: Any, values: Any, shape: Sequence[int], like: Any) -> Sparse:
    """The matrix with these entries, in SciPy's class `like`; entries at one place add up."""
    return Sparse(*assemble.at_places(rows, columns, values, shape, like))


def entries(matrix: Any) -> Sparse:
    """A matrix of SciPy's as traced code sees it."""
    if isinstance(matrix, Sparse):
        return matrix
    found = matrix.tocoo()
    return at_places(found.row, found.col, as_tracer(found.data), matrix.shape, type(matrix))

"""Matrices of one derivative share index arrays: none can be changed by way of another."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec
from tapec.errors import SparsityError

X = np.linspace(0.5, 1.5, 6)


def products(x: Any) -> Any:
    return x[1:] * x[:-1]


def energy(x: Any) -> Any:
    return np.sum(products(x) ** 2)


def emptied(matrix: Any) -> None:
    matrix.data[::2] = 0.0
    matrix.eliminate_zeros()


def summed(matrix: Any) -> None:
    matrix.has_canonical_format = False
    matrix.sum_duplicates()


def set_outside(matrix: Any) -> None:
    matrix[0, 5] = 1.0


def overwritten(matrix: Any) -> None:
    for array in matrix.coords if matrix.format == "coo" else (matrix.indices, matrix.indptr):
        array[...] = 0


CHANGES: list[Callable[[Any], None]] = [
    emptied,
    summed,
    set_outside,
    overwritten,
    lambda matrix: matrix.setdiag(2.0),
    lambda matrix: matrix.resize(2, 2),
    lambda matrix: matrix.sort_indices(),
]


@pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning")
@pytest.mark.parametrize("format", ["csr", "csc", "coo"])
def test_changes_stay_in_their_matrix(format: Any) -> None:
    made: list[tuple[Any, Any]] = [
        (tapec.jacobian(products, sparse=True, format=format), tapec.jacobian(products)),
        (tapec.hessian(energy, sparse=True, format=format), tapec.hessian(energy)),
    ]
    for sparse, dense in made:
        for change in CHANGES:
            with contextlib.suppress(ValueError, AttributeError, TypeError):  # refused, or no such
                change(sparse(X))
            np.testing.assert_allclose(sparse(X).toarray(), dense(X))
            change_pattern(sparse.sparsity(X).pattern)
            np.testing.assert_allclose(sparse(X).toarray(), dense(X))


def change_pattern(pattern: Any) -> None:
    with pytest.raises(ValueError, match="read-only"):
        pattern.indices[0] = 3


def test_a_change_in_place_is_refused_and_a_copy_takes_it() -> None:
    matrix = tapec.jacobian(products, sparse=True)(0.0 * X)
    with pytest.raises(ValueError, match="read-only"):
        matrix.eliminate_zeros()
    copy = matrix.copy()
    copy.eliminate_zeros()
    assert (copy.nnz, matrix.nnz) == (0, 10)


def test_structures_of_programs_are_read_only() -> None:
    program = tapec.nlp(energy, products, 6)
    for array in (*program.jacobian_structure, *program.hessian_structure):
        assert not array.flags.writeable


@pytest.mark.parametrize("options", [{"format": "csc"}, {"route": "direct"}, {"order": "random"}])
def test_options_of_sparse_derivatives_need_sparse(options: Any) -> None:
    for transform, f in ((tapec.jacobian, products), (tapec.hessian, energy)):
        with pytest.raises(SparsityError, match="set sparse=True"):
            transform(f, **options)
    with pytest.raises(SparsityError, match="set sparse=True"):
        tapec.hessian(energy, triangle="lower")  # type: ignore[call-overload]

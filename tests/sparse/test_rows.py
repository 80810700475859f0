"""Sets of columns per element, against dense boolean matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tapec.sparse.rows import Labels, as_matrix, identity, met, stacked, taken, union

COLUMNS = 5


def dense(rows: Any) -> Any:
    return as_matrix(rows, COLUMNS).toarray()


def matrices(size: int) -> Any:
    bits = st.lists(st.booleans(), min_size=size * COLUMNS, max_size=size * COLUMNS)
    return bits.map(lambda b: np.array(b, bool).reshape(size, COLUMNS))


def rows_of(matrix: Any) -> Any:
    """The pattern of a boolean matrix, by unions of one column after the other."""
    parts = [frozenset(np.flatnonzero(row).tolist()) for row in matrix]
    return parts[0] if len(parts) == 1 else stacked(parts, [1] * len(parts), COLUMNS)


@st.composite
def pairs(draw: Any) -> tuple[Any, Any]:
    size = draw(st.integers(1, 4))
    return draw(matrices(size)), draw(matrices(size))


@given(pairs())
def test_union(pair: tuple[Any, Any]) -> None:
    a, b = pair
    np.testing.assert_array_equal(dense(union(rows_of(a), rows_of(b))), a | b)


@given(matrices(4), st.lists(st.integers(-1, 3), min_size=1, max_size=6))
def test_taken(matrix: Any, places: list[int]) -> None:
    wanted = np.where(np.array(places)[:, None] < 0, False, matrix[places])
    np.testing.assert_array_equal(dense(taken(rows_of(matrix), np.array(places))), wanted)


@given(
    matrices(4),
    st.lists(st.integers(-1, 2), min_size=4, max_size=4),
    st.lists(st.integers(-1, 2), min_size=1, max_size=5),
)
def test_met(matrix: Any, sources: list[int], targets: list[int]) -> None:
    equal = [[a == b and b >= 0 for a in sources] for b in targets]
    wanted = np.array(equal) @ matrix
    labels = Labels(np.array(sources), np.array(targets))
    np.testing.assert_array_equal(dense(met(rows_of(matrix), labels)), wanted)


def test_identity() -> None:
    np.testing.assert_array_equal(dense(identity(1, 3, COLUMNS)), np.eye(3, COLUMNS, 1, dtype=bool))
    assert identity(2, 1, COLUMNS) == frozenset([2])


def test_stacked_arrays_and_numbers() -> None:
    parts = [frozenset([1]), None, identity(0, 2, COLUMNS)]
    found = stacked(parts, [1, 2, 2], COLUMNS).toarray()
    wanted = np.zeros((5, COLUMNS), bool)
    wanted[0, 1] = wanted[3, 0] = wanted[4, 1] = True
    np.testing.assert_array_equal(found, wanted)

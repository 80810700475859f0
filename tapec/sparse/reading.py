"""Which derivative each nonzero of a coloured pattern is read of."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def shared(lines: Array, colours: Array, count: int) -> Array:
    """Which nonzeros share their line with another one of their colour."""
    if not count:
        return np.zeros(0, bool)
    keys = lines.astype(np.int64) * (int(colours.max()) + 1) + colours
    if keys.max() > 8 * count:
        keys = np.unique(keys, return_inverse=True)[1].reshape(-1)
    many = np.bincount(keys)
    found: Array = many[keys] > 1
    return found


def sides(by_column: Array, by_row: Array, only_column: Array, only_row: Array) -> Array:
    """Whether each nonzero is read by its row's colour: where it can be by both, a colour that is
    needed anyway, and else the column's."""
    needed_columns, needed_rows = np.unique(by_column[only_column]), np.unique(by_row[only_row])
    free = ~(only_column | only_row)
    has_column = np.isin(by_column, needed_columns)
    return only_row | (free & ~has_column & np.isin(by_row, needed_rows))


def renumbered(colours: Array, needed: Array) -> Array:
    """The colours that are needed, numbered anew; -1 for the others."""
    kept = np.unique(needed)
    place = np.searchsorted(kept, colours)
    place[place == kept.size] = 0
    found: Array = np.where(kept[place] == colours, place, -1) if kept.size else none(colours.size)
    return found


def none(size: int) -> Array:
    """No colours: no direction needs any of the lines."""
    return np.full(size, -1)

"""Colourings: which columns and rows of a pattern can share a direction, and what is read where.

A derivative along the sum of some columns gives all their nonzeros, if no two are in one row. The
same holds of rows and reverse mode. Some patterns (arrows) need few colours only where columns and
rows are both used; symmetric ones need fewer where an element may be read in place of its mirror.

Coleman, Verma: The efficient computation of sparse Jacobian matrices using automatic
differentiation. SIAM J. Sci. Comput. 19(4), 1998. Gebremedhin, Manne, Pothen: What color is your
Jacobian? SIAM Review 47(4), 2005. Montoison, Dalle, Gebremedhin: Revisiting sparse matrix coloring
and bicoloring, 2025.
"""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp

from tapec.sparse import greedy, stars
from tapec.sparse.reading import none, renumbered, shared, sides
from tapec.sparse.rows import entries
from tapec.sparse.tuning import COLOURING_SECONDS, FEW_COLOURS, INTERSECTIONS

Array = np.ndarray[Any, Any]
Order = Literal["natural", "largest_first", "smallest_last", "incidence", "random", "best"]


@dataclass(frozen=True, slots=True)
class Colouring:
    """Colours of columns and rows, -1 for those that no direction needs.

    Colour c of the columns is a tangent, colour c of the rows a cotangent. Nonzero k, in the order
    of the CSR pattern, is element `place_read[k]` of the derivative along colour `colour_read[k]`:
    a colour of the rows where `by_row[k]` is true, else one of the columns.
    """

    columns: Array
    rows: Array
    colour_read: Array
    place_read: Array
    by_row: Array
    lower_bound: int

    @property
    def tangents(self) -> int:
        """The number of colours of the columns."""
        return int(self.columns.max(initial=-1)) + 1

    @property
    def cotangents(self) -> int:
        """The number of colours of the rows."""
        return int(self.rows.max(initial=-1)) + 1

    @property
    def count(self) -> int:
        """The number of directions."""
        return self.tangents + self.cotangents


def by_columns(pattern: sp.csr_array, order: Order = "best") -> Colouring:
    """Columns without a common row share a colour."""
    colours = _partial(pattern.tocsc(), pattern, order)
    rows, columns = entries(pattern)
    by_row = np.zeros(pattern.nnz, bool)
    bound = int(np.diff(pattern.indptr).max(initial=0))
    return Colouring(colours, none(pattern.shape[0]), colours[columns], rows, by_row, bound)


def by_rows(pattern: sp.csr_array, order: Order = "best") -> Colouring:
    """Rows without a common column share a colour."""
    across = pattern.tocsc()
    colours = _partial(pattern, across, order)
    rows, columns = entries(pattern)
    by_row = np.ones(pattern.nnz, bool)
    bound = int(np.diff(across.indptr).max(initial=0))
    return Colouring(none(pattern.shape[1]), colours, colours[rows], columns, by_row, bound)


def symmetric(pattern: sp.csr_array, order: Order = "best") -> Colouring:
    """A star colouring of the columns of a symmetric pattern: an element or its mirror is read.

    Where columns without a common row have fewer colours, those.
    """
    mirrored = _mirrored(pattern, order)
    bound = int(np.diff(pattern.indptr).max(initial=0))
    plain = by_columns(pattern, order) if bound < mirrored.count else mirrored
    best = mirrored if mirrored.count <= plain.count else plain
    return replace(best, lower_bound=min(bound, mirrored.lower_bound))


def _mirrored(pattern: sp.csr_array, order: Order) -> Colouring:
    graph = _without_diagonal(pattern)
    n = pattern.shape[0]
    edges = graph.nnz // 2
    bound = max(-(-edges // max(n, 1)) + 1 if pattern.nnz else 0, 0)
    colours = _star(graph, order, bound)
    rows, columns = entries(pattern)
    mirrored = shared(rows, colours[columns], pattern.nnz)
    read = np.where(mirrored, rows, columns)
    place = np.where(mirrored, columns, rows)
    by_row = np.zeros(pattern.nnz, bool)
    return Colouring(colours, none(n), colours[read], place, by_row, bound)


def coloured_graph(pattern: sp.csr_array, order: Order = "best") -> Array:
    """Colours of an acyclic colouring of a symmetric pattern."""
    graph = _without_diagonal(pattern)
    n = graph.shape[0]
    rows, columns = entries(graph)
    low, high = np.minimum(rows, columns), np.maximum(rows, columns)
    edge = np.unique(low * n + high, return_inverse=True)[1].reshape(-1)
    ends, near = _wide(graph.indptr), _wide(graph.indices)

    def colour(o: Array) -> Array:
        return greedy.compiled(stars.acyclic, ends, near, _wide(edge), o, n=n)

    return _first_best(_orders(graph, order), colour, 2 if graph.nnz else 1)


def both_ways(pattern: sp.csr_array, order: Order = "best") -> Colouring:
    """Columns and rows together: a star colouring of the graph that joins column and row of every
    nonzero, without the colours that nothing is read of."""
    m, n = pattern.shape
    rows, columns = entries(pattern)
    ends = np.concatenate([columns, rows + n]), np.concatenate([rows + n, columns])
    graph = sp.csr_array((np.ones(2 * rows.size, bool), ends), shape=(n + m, n + m))
    colours = _star(graph, order, 1)
    of_columns, of_rows = colours[:n], colours[n:]
    only_row = shared(rows, of_columns[columns], pattern.nnz)
    only_column = shared(columns, of_rows[rows], pattern.nnz)
    by_row = sides(of_columns[columns], of_rows[rows], only_column, only_row)
    of_columns = renumbered(of_columns, of_columns[columns[~by_row]])
    of_rows = renumbered(of_rows, of_rows[rows[by_row]])
    colour = np.where(by_row, of_rows[rows], of_columns[columns])
    place = np.where(by_row, columns, rows)
    bound = -(-pattern.nnz // max(m, n, 1))
    return Colouring(of_columns, of_rows, colour, place, by_row, bound)


def neighbours_apart(pattern: sp.csr_array, order: Order = "best") -> Array:
    """Colours of the columns of a symmetric pattern, for its diagonal alone: two columns differ
    where an element joins them."""
    rows, columns = entries(_without_diagonal(pattern))
    once = rows < columns
    number = np.arange(int(np.count_nonzero(once)))
    ends = np.concatenate([number, number]), np.concatenate([rows[once], columns[once]])
    shape = number.size, pattern.shape[1]
    edges = sp.csr_array((np.ones(2 * number.size, bool), ends), shape=shape)
    edges.sort_indices()
    return by_columns(edges, order).columns


def _partial(own: Any, across: Any, order: Order) -> Array:
    """Lines of `own` coloured so that those sharing one of `across` differ."""
    n = own.indptr.size - 1
    bound = int(np.diff(across.indptr).max(initial=0))
    arrays = [_wide(a) for a in (own.indptr, own.indices, across.indptr, across.indices)]
    reach = np.diff(across.indptr).astype(float)
    pairs = float(reach @ reach)

    def graph() -> sp.csr_array:
        ones = sp.csr_array((np.ones(own.indices.size, bool), own.indices, own.indptr),
                            shape=(n, across.indptr.size - 1))  # fmt: skip
        return _without_diagonal(ones @ ones.T)

    if order == "natural" or (order == "best" and pairs > INTERSECTIONS):
        orders: Iterator[Array] = iter([np.arange(n)])
    else:
        orders = _lazily(graph, n, order)

    def colour(o: Array) -> Array:
        return greedy.compiled(greedy.partial, *arrays, o, n=n, steps=pairs)

    return _first_best(orders, colour, bound)


def _lazily(graph: Callable[[], sp.csr_array], n: int, order: Order) -> Iterator[Array]:
    """The natural order first: often nothing else is needed."""
    if order == "best":
        yield np.arange(n)
    yield from _orders(graph(), order)


def _star(graph: sp.csr_array, order: Order, bound: int) -> Array:
    """The best star colouring of both rules; with few colours first, where there are any, since
    the time of one is up to its colours times the edges."""
    n, most = graph.shape[0], FEW_COLOURS
    ends, near = _wide(graph.indptr), _wide(graph.indices)

    def colour(o: Array, eager: bool) -> Array:
        limits = np.array([eager, most], np.int64)
        return greedy.compiled(stars.star, ends, near, limits, o, n=n)

    rules = [functools.partial(colour, eager=eager) for eager in (True, False)]
    while True:
        found = _best(_orders(graph, order), rules, bound)
        if found is not None:
            return found
        most *= FEW_COLOURS


def _first_best(orders: Iterator[Array], colour: Callable[[Array], Array], bound: int) -> Array:
    """The colours of the best order within the time limit, at once where none can be better."""
    found = _best(orders, [colour], bound)
    assert found is not None
    return found


def _best(
    orders: Iterator[Array], rules: Sequence[Callable[[Array], Array]], bound: int
) -> Array | None:
    """As `_first_best`, of several rules; None where all end unfinished.

    The limit counts from the first colours: before them, code may be compiled.
    """
    start: float | None = None
    best: Array | None = None
    for order, colour in itertools.product(orders, rules):
        for found in _again(order, colour):
            start = start or time.perf_counter()
            if found.min(initial=0) < 0:
                break
            if best is None or found.max(initial=-1) < best.max(initial=-1):
                best = found
            elif found is not best:
                break
            late = time.perf_counter() - start > COLOURING_SECONDS
            if late or best.max(initial=-1) + 1 <= bound:
                return best
    return best


def _again(order: Array, colour: Callable[[Array], Array]) -> Iterator[Array]:
    """Colours in this order, then class by class, the last one first, which needs no more
    (Culberson: Iterated greedy graph coloring and the difficulty landscape, 1992)."""
    while True:
        found = colour(order)
        yield found
        order = np.argsort(-found, kind="stable")


def _orders(graph: sp.csr_array, order: Order) -> Iterator[Array]:
    """The orders of one name; all of them for "best"."""
    n = graph.shape[0]
    degree = np.diff(graph.indptr).astype(np.int64)
    ends, near = _wide(graph.indptr), _wide(graph.indices)
    made: dict[str, Callable[[], Array]] = {
        "natural": lambda: np.arange(n),
        "largest_first": lambda: np.argsort(-degree, kind="stable"),
        "smallest_last": lambda: greedy.compiled(greedy.smallest_last, ends, near, degree, n=n),
        "incidence": lambda: greedy.compiled(greedy.incidence, ends, near, degree, n=n),
        "random": lambda: np.random.default_rng(0).permutation(n),
    }
    for name in made if order == "best" else (order,):
        yield made[name]()


def _without_diagonal(pattern: sp.csr_array) -> sp.csr_array:
    rows, columns = entries(pattern)
    kept = rows != columns
    ends = np.concatenate([[0], np.bincount(rows[kept], minlength=pattern.shape[0]).cumsum()])
    return sp.csr_array((np.ones(int(ends[-1]), bool), columns[kept], ends), shape=pattern.shape)


def _wide(a: Array) -> Array:
    return a.astype(np.int64)

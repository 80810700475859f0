"""What sparse derivatives are put together from: options, arguments, blocks, nonzeros."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, Literal, get_args

import numpy as np
import scipy.sparse as sp

from tapec.call.specialize import Specialization
from tapec.derive.nesting import argument_leaves
from tapec.errors import SparsityError
from tapec.sparse.colouring import Colouring, Order
from tapec.sparse.rows import entries, freeze
from tapec.trace import Tracer
from tapec.trace.results import call_traced
from tapec.tree import Tree, complex_leaves, flatten

Mode = Literal["auto", "fwd", "rev", "both"]
Format = Literal["csr", "csc", "coo"]
Route = Literal["auto", "compressed", "direct"]
Triangle = Literal["lower", "upper"] | None
Symmetric = Literal["star", "acyclic"]
Array = np.ndarray[Any, Any]


_OPTIONS = (
    ("format", Format),
    ("order", Order),
    ("mode", Mode),
    ("route", Route),
    ("colouring", Symmetric),
)


class InOrder:
    """A function with arrays of its own as results, which lie in the order of their elements: a
    program has what `a.T` is a view of, and rows are counted as the caller sees them."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f = f
        self.__name__ = self.__qualname__ = getattr(f, "__name__", type(f).__name__)
        self.__signature__ = _signature(f)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        leaves, tree = flatten(call_traced(self.f, args, kwargs))
        return tree.unflatten([x.copy() if _is_array(x) else x for x in leaves])


def _is_array(x: Any) -> bool:
    return isinstance(x, Tracer) and bool(x.ndim)


def _signature(f: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(f)
    except (TypeError, ValueError):  # of functions in C
        return None


@dataclass(frozen=True, slots=True)
class Style:
    """How a sparse derivative is wanted."""

    format: Format = "csr"
    order: Order = "best"
    mode: Mode = "auto"
    route: Route = "auto"
    triangle: Triangle = None
    colouring: Symmetric = "star"

    def __post_init__(self) -> None:
        for what, kind in _OPTIONS:
            if getattr(self, what) not in get_args(kind):
                known = ", ".join(map(repr, get_args(kind)))
                raise SparsityError(
                    f"there is no {what} {getattr(self, what)!r}", hint=f"use one of {known}"
                )
        if self.triangle not in (None, "lower", "upper"):
            raise SparsityError(
                f"there is no triangle {self.triangle!r}", hint="use 'lower', 'upper' or None"
            )


@dataclass(frozen=True, slots=True)
class Chosen:
    """The arguments differentiated by, in increasing order, and the leaves of each."""

    numbers: tuple[int, ...]
    groups: tuple[tuple[int, ...], ...]
    trees: tuple[Tree, ...]
    asked: tuple[int, ...]  # of each argument asked for, where it is among these

    @classmethod
    def of(cls, args: tuple[Any, ...], argnums: Sequence[int]) -> Chosen:
        """Raises NonDifferentiableError for numbers that name no argument, or one twice."""
        groups = argument_leaves(args, argnums)
        given = [n % len(args) for n in argnums]
        numbers = tuple(sorted(given))
        trees = tuple(flatten(args[n])[1] for n in numbers)
        asked = tuple(map(numbers.index, given))
        return cls(numbers, tuple(map(tuple, sorted(groups))), trees, asked)

    @property
    def bare(self) -> bool:
        """Whether this is one argument that is an array."""
        return len(self.trees) == 1 and self.trees[0].kind is None

    def flags(self, special: Specialization) -> list[bool]:
        """Which parameters of the program are differentiated by."""
        chosen = {k for g in self.groups for k in g}
        traced = special.signature.traced
        hidden = len(special.func.params) - len(traced)
        return [k in chosen for k in traced] + [False] * hidden

    def sizes(self, special: Specialization) -> list[int]:
        """The number of elements of each."""
        pairs = zip(special.func.params, self.flags(special), strict=True)
        return [p.type.size for p, flag in pairs if flag]

    def nested(self, found: Sequence[Any], single: bool) -> Any:
        """One thing for each leaf, nested as the arguments asked for are."""
        given = iter(found)
        parts = [tree.unflatten([next(given) for _ in g])
                 for tree, g in zip(self.trees, self.groups, strict=True)]  # fmt: skip
        return parts[0] if single else tuple(parts[k] for k in self.asked)


@dataclass(frozen=True, slots=True)
class MatrixBlock:
    """One result by one argument: where its nonzeros are among all, and the matrix they fill."""

    nonzeros: slice
    template: Any

    def filled(self, data: Array) -> Any:
        """A matrix with its part of these nonzeros; it shares its index arrays with all others."""
        return self._with(data[self.nonzeros])

    def __post_init__(self) -> None:
        freeze(self.template)

    def resized(self, size: int) -> MatrixBlock:
        """The block with so many zeros in its template: none are to be kept on disk."""
        return MatrixBlock(self.nonzeros, self._with(np.zeros(size)))

    def _with(self, data: Array) -> Any:
        made = object.__new__(type(self.template))
        made.__dict__.update(self.template.__dict__)
        made.data = data
        return made


@dataclass(frozen=True, slots=True)
class Coordinates:
    """Row and column of nonzeros, and their numbers in the order of the pattern."""

    rows: Array
    columns: Array
    numbers: Array

    @classmethod
    def of(cls, pattern: sp.csr_array, triangle: Triangle) -> Coordinates:
        """Those of a triangle with the diagonal; all for None."""
        rows, columns = entries(pattern)
        low, high = triangle != "upper", triangle != "lower"
        kept = (low & (rows >= columns)) | (high & (rows <= columns))
        (numbers,) = np.nonzero(kept)
        return cls(rows[numbers], columns[numbers], numbers)


def along_colours(coloured: Colouring, shape: tuple[int, int]) -> Array:
    """Where each nonzero is among the derivatives along all colours, those of columns first."""
    m, n = shape
    along = coloured.colour_read * m + coloured.place_read
    across = coloured.tangents * m + coloured.colour_read * n + coloured.place_read
    found: Array = np.where(coloured.by_row, across, along)
    return found


def arranged(
    elements: Coordinates, heights: Sequence[int], widths: Sequence[int], format: Format
) -> tuple[Array, list[list[MatrixBlock]]]:
    """The numbers of all nonzeros in the order of the blocks, and the blocks, of a matrix cut at
    these rows and columns."""
    order: list[Array] = []
    blocks: list[list[MatrixBlock]] = []
    done = 0
    for rows in _ranges(heights):
        blocks.append([])
        for columns in _ranges(widths):
            inside = _inside(elements.rows, rows) & _inside(elements.columns, columns)
            (mine,) = np.nonzero(inside)
            i, j = elements.rows[mine] - rows.start, elements.columns[mine] - columns.start
            sequence = np.lexsort((i, j)) if format == "csc" else np.arange(mine.size)
            template = _template(i[sequence], j[sequence], (len(rows), len(columns)), format)
            blocks[-1].append(MatrixBlock(slice(done, done + mine.size), template))
            order.append(elements.numbers[mine[sequence]])
            done += mine.size
    return np.concatenate(order or [np.zeros(0, np.int64)]), blocks


def _ranges(sizes: Sequence[int]) -> list[range]:
    return [range(a, b) for a, b in pairwise(accumulate(sizes, initial=0))]


def _inside(numbers: Array, span: range) -> Array:
    found: Array = (numbers >= span.start) & (numbers < span.stop)
    return found


def _template(rows: Array, columns: Array, shape: tuple[int, int], format: Format) -> Any:
    """A matrix with these nonzeros, in this order."""
    kind = np.int32 if max(*shape, rows.size) <= np.iinfo(np.int32).max else np.int64
    rows, columns = rows.astype(kind), columns.astype(kind)
    data = np.zeros(rows.size)
    if format == "coo":
        made = sp.coo_array((data, (rows, columns)), shape=shape)
        made.has_canonical_format = True
        return made
    by_row = format == "csr"
    lines, within = (rows, columns) if by_row else (columns, rows)
    counts = np.bincount(lines, minlength=shape[0 if by_row else 1])
    ends = np.concatenate([[0], counts.cumsum()]).astype(kind)
    made = (sp.csr_array if by_row else sp.csc_array)((data, within, ends), shape=shape)
    made.has_sorted_indices = made.has_canonical_format = True
    return made


def refuse_complex(special: Specialization) -> None:
    """Raise where an argument or result is complex: its sparse derivatives are those of parts."""
    if complex_leaves(special.signature.tree) or complex_leaves(special.tree):
        raise SparsityError(
            "a sparse derivative of complex numbers",
            hint="give real and imaginary parts, and return them: z.real, z.imag",
        )

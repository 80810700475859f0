"""What `sparsity` answers: a pattern, its colouring, and a picture of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import scipy.sparse as sp

from tapec.errors import MissingDependency
from tapec.sparse.colouring import Colouring
from tapec.sparse.rows import freeze


class Sparsity:
    """Where a derivative can be nonzero, and the directions that find all of it.

    `pattern` is a boolean `scipy.sparse.csr_array` with a row for every number that the function
    returns and a column for every number of the chosen arguments, in their order. Its index arrays
    are read-only, as those of the derivatives are.
    """

    def __init__(self, pattern: sp.csr_array, colour: Colouring | Callable[[], Colouring]) -> None:
        self.pattern = freeze(pattern)
        self._colour = colour

    @property
    def colouring(self) -> Colouring:
        """The colours of columns and rows, found when they are first asked for."""
        if not isinstance(self._colour, Colouring):
            self._colour = self._colour()
        return self._colour

    def __reduce__(self) -> Any:
        return Sparsity, (self.pattern, self.colouring)

    @property
    def nnz(self) -> int:
        """How many elements can be nonzero."""
        return int(self.pattern.nnz)

    @property
    def colours(self) -> int:
        """The number of directions: tangents and cotangents together."""
        return self.colouring.count

    @property
    def lower_bound(self) -> int:
        """A number of directions that no colouring of this kind can do with less than."""
        return self.colouring.lower_bound

    def spy(self, ax: Any = None, **options: Any) -> Any:
        """Draw the pattern, columns and rows in the tints of their colours; returns the axes.

        `ax` are matplotlib's axes, made where there are none; `options` go to `Axes.scatter`.
        Raises MissingDependency where matplotlib is not installed.
        """
        try:
            from matplotlib import pyplot
        except ImportError as error:
            raise MissingDependency(
                "a picture of the pattern needs matplotlib", hint="pip install 'tapec[bench]'"
            ) from error
        ax = ax or pyplot.subplots()[1]
        entries = self.pattern.tocoo()
        m, n = self.pattern.shape
        shown = {"s": max(0.05, min(60.0, 40_000.0 / max(m, n) ** 1.5)), "cmap": "tab20", **options}
        ax.scatter(entries.col, entries.row, c=self.colouring.colour_read, marker="s", **shown)
        ax.set(xlim=(-0.5, n - 0.5), ylim=(m - 0.5, -0.5), aspect="equal")
        ax.set_title(f"{m} x {n}, {self.nnz} nonzeros, {self.colours} directions")
        return ax

    def __repr__(self) -> str:
        m, n = self.pattern.shape
        ways = f"{self.colouring.tangents} tangents, {self.colouring.cotangents} cotangents"
        return f"<sparsity {m} x {n}: {self.nnz} nonzeros, {ways} (at least {self.lower_bound})>"

"""Results on their way out of a call: arguments and views of them, memory that the caller gives."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from tapec.errors import ShapeError
from tapec.trace.markers import ResultMarker
from tapec.tree import flatten


class Results:
    """The arrays that a function returns, by their markers; `count` values come from the program.

    Views stand behind those values.
    """

    def __init__(self, markers: Sequence[ResultMarker], count: int) -> None:
        self.markers, self.count = markers, count
        self.views = tuple(dict.fromkeys(m for m in markers if m.is_view))

    @functools.cached_property
    def orders(self) -> dict[int, tuple[int, ...]]:
        """By number, the axes of values that do not lie in C order, the outermost first."""
        return {m.index: m.order for m in self.markers if m.order}

    def seen(self, values: Sequence[Any], inputs: Sequence[Any]) -> list[Any]:
        """The arguments and views among the results."""
        bases = [values[m.index] if m.argument < 0 else inputs[m.argument] for m in self.views]
        return [m.seen(base, values) for m, base in zip(self.views, bases, strict=True)]

    def place(self, marker: ResultMarker) -> int:
        """Where a result stands."""
        return self.count + self.views.index(marker) if marker.is_view else marker.index

    def store(self, values: Sequence[Any], out: Any) -> Any:
        """Write the results into the caller's arrays; these."""
        targets, _ = flatten(out)
        if len(targets) != len(self.markers):
            raise ShapeError(
                f"out has {len(targets)} arrays, the function {len(self.markers)} results"
            )
        for target, marker in zip(targets, self.markers, strict=True):
            value = np.asarray(values[self.place(marker)])
            if target.shape != value.shape or target.dtype != value.dtype:
                raise ShapeError(
                    f"out is {target.dtype}{list(target.shape)}, "
                    f"the result {value.dtype}{list(value.shape)}"
                )
            target[...] = value
        return out

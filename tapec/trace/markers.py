"""What stands for the arrays in a traced result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tapec.lazy import deferred

if TYPE_CHECKING:
    from tapec.ir import places
    from tapec.trace.arrays import views
else:
    views, places = deferred("tapec.trace.arrays.views"), deferred("tapec.ir.places")


@dataclass(frozen=True, slots=True)
class ResultMarker:
    """Stands in the result structure for result `index` of the program.

    The array that the caller gets is argument `argument`, where there is such a number, else that
    result, whose axes are those named by `order`; in both cases seen through `steps`. Those that
    start at places known at run time ("dynamic") name the results that these are.
    """

    index: int
    python_scalar: bool = False
    order: tuple[int, ...] = ()
    steps: tuple[views.Step, ...] = ()
    argument: int = -1
    boxed: bool = False  # an array without axes, not a number

    @property
    def is_view(self) -> bool:
        """Whether the caller gets an argument, or a view."""
        return self.argument >= 0 or bool(self.steps)

    def seen(self, array: Any, values: Sequence[Any]) -> Any:
        """What the steps show of an array, with the results of the program."""
        for kind, arg in self.steps:
            if kind == "dynamic":
                at, starts = arg
                kind, arg = "index", _placed(at, starts, values)
            array = views.look_concrete(array, (kind, arg))
        return array


def _placed(at: Any, starts: Any, values: Sequence[Any]) -> tuple[Any, ...]:
    """A place with its starts."""
    found = iter(int(values[k]) for k in starts)
    return tuple(places.started(e, next(found)) if places.is_run(e) else e for e in at)

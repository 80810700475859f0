"""What stands for the arrays in a traced result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tapec.lazy import deferred

if TYPE_CHECKING:
    from tapec.trace.arrays import views
else:
    views = deferred("tapec.trace.arrays.views")


@dataclass(frozen=True, slots=True)
class ResultMarker:
    """Stands in the result structure for result `index` of the program.

    The array that the caller gets is argument `argument`, where there is such a number, else that
    result, whose axes are those named by `order`; in both cases seen through `steps`.
    """

    index: int
    python_scalar: bool = False
    order: tuple[int, ...] = ()
    steps: tuple[views.Step, ...] = ()
    argument: int = -1

    @property
    def is_view(self) -> bool:
        """Whether the caller gets an argument, or a view."""
        return self.argument >= 0 or bool(self.steps)

    def seen(self, array: Any) -> Any:
        """What the steps show of an array."""
        for step in self.steps:
            array = views.look_concrete(array, step)
        return array

"""Solutions of equations: SciPy finds them, the implicit function theorem differentiates them.

With F(x, p) = 0, dx = -(dF/dx)^-1 dF/dp dp, at the x that was found; a singular dF/dx raises
LinAlgError where x is a vector.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapec.derive.derived import Jacobian
from tapec.scipy.calls import called
from tapec.scipy.closed import CompiledLater, tangent_along
from tapec.trace.arrays.tracer import Tracer

Array = np.ndarray[Any, Any]
# F(x, params), both as they are in traced code.
Equations = Callable[[Any, Sequence[Any]], Any]
POLISHED = 3  # steps of Newton's method after a solver that stops early


def solution(
    equations: Equations,
    solve: Callable[..., Array],
    params: Sequence[Any],
    n: int,
    told: int,
    name: str,
) -> Tracer:
    """The n unknowns, then the `told` numbers that the solver says about them.

    `solve(*params)` gives both as one array; the unknowns are a vector, or a number where n is 0.
    """
    size = max(n, 1)

    def forward(given: Sequence[Any], result: Any, tangents: Sequence[Any]) -> Any:
        x = result[:n] if n else result[0]
        moved = tangent_along(lambda *p: equations(x, p), given, tangents)
        slope = Jacobian(lambda x: equations(x, given), 0, "auto")(x)
        step = -np.linalg.solve(slope, moved) if n else -moved / slope
        return np.concatenate([step.reshape(size), np.zeros(told)])

    return called(solve, params, size + told, name, forward)


class Newton:
    """Some steps of Newton's method from a solution nearby, as long as they come closer."""

    def __init__(self, equations: Equations, name: str) -> None:
        self.value = CompiledLater(lambda x, *params: equations(x, params), name)
        slope = Jacobian(lambda x, *params: equations(x, params), 0, "auto")
        self.slope = CompiledLater(slope, f"{name}.slope")

    def __call__(self, x: Array, params: Sequence[Array]) -> Array:
        """The unknowns, as good as rounding lets them be."""
        error = _size(self.value(x, *params))
        for _ in range(POLISHED):
            try:
                closer = x - np.linalg.solve(self.slope(x, *params), self.value(x, *params))
            except np.linalg.LinAlgError:
                return x
            left = _size(self.value(closer, *params))
            if not left < error:
                return x
            x, error = closer, left
        return x


def _size(residual: Array) -> float:
    return float(np.max(np.abs(residual), initial=0.0))

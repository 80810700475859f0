"""Assignments of least cost: which pairs are chosen does not change with costs, almost surely."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import optimize

from tapec.scipy.calls import indices
from tapec.scipy.registry import floats, known, translates


@translates(optimize.linear_sum_assignment)
def _assigned(cost_matrix: Any, maximize: bool = False) -> tuple[Any, Any]:
    """Rows and columns of the chosen pairs, as integers without slopes."""
    costs = floats(cost_matrix)
    if costs.ndim != 2:
        raise ValueError(f"expected a matrix (2-D array), got a {costs.ndim} array")
    shape, count = costs.shape, min(costs.shape)

    def run(flat: Any) -> Any:
        found = optimize.linear_sum_assignment(np.asarray(flat).reshape(shape), maximize)
        return np.concatenate(found).astype(float)

    made = indices(run, (costs,), 2 * count, "linear_sum_assignment")
    rows = known(np.arange(count)) if shape[0] <= shape[1] else made[:count]
    return rows, made[count:]

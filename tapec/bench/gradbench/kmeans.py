# mypy: disable-error-code="no-any-return"
"""kmeans: squared distances to the nearest centroid, and the step of Newton's method."""

from __future__ import annotations

from typing import Any

import numpy as np

import tapec
from tapec.bench.case import Array
from tapec.bench.gradbench.protocol import EvalFunction


@tapec.compile
def cost(centroids: Array, points: Array) -> Any:
    """The sum over points (n, d) of the squared distance to the nearest of centroids (k, d)."""
    distances = np.sum((points[:, None, :] - centroids) ** 2, axis=2)
    return np.sum(np.min(distances, axis=1))


@tapec.compile
def direction(centroids: Array, points: Array) -> Array:
    """Gradient over diagonal of the Hessian, which has no other entries: its product with ones."""

    def gradient(c: Array) -> Array:
        return tapec.grad(cost)(c, points)

    first, diagonal = tapec.jvp(gradient, (centroids,), (np.ones_like(centroids),))
    return first / diagonal


def read(given: dict[str, Any]) -> tuple[Any, ...]:
    """Centroids first: they are what is moved."""
    return tuple(np.array(given[n], dtype=np.float64) for n in ("centroids", "points"))


FUNCTIONS = {"cost": EvalFunction(cost, read), "dir": EvalFunction(direction, read)}

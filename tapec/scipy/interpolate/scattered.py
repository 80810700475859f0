"""Scattered points: `griddata`, `LinearNDInterpolator` and `NearestNDInterpolator`.

Which simplex a query lies in is found by SciPy when the program runs. Within it the interpolant is
smooth in queries, points and values; where it lies does not change with them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import interpolate
from scipy.spatial import Delaunay, cKDTree

from tapec.scipy.calls import indices
from tapec.scipy.interpolate.one_dimensional import interp1d_of
from tapec.scipy.registry import StandIn, builds, floats, refused, stands_for, translates
from tapec.trace.python.packages import Placed

CUBIC = "cubic patches are not translated: use method='linear', or RBFInterpolator"


def _scaled(points: Any, rescale: bool) -> tuple[Any, Any]:
    """Offset and scale of the points that are triangulated."""
    if not rescale:
        return 0.0, 1.0
    size = np.ptp(points, axis=0)
    return np.mean(points, axis=0), np.where(size > 0.0, size, 1.0)


def _corners(points: Any, queries: Any, rescale: bool) -> Any:
    """The corners of the simplex around each query, -1 for one outside: constants of the trace."""
    count = queries.shape[0] * (points.shape[1] + 1)

    def run(flat_points: Any, flat_queries: Any) -> Any:
        p = np.asarray(flat_points).reshape(points.shape)
        q = np.asarray(flat_queries).reshape(queries.shape)
        offset, scale = _scaled(p, rescale)
        triangles = Delaunay((p - offset) / scale)
        at = triangles.find_simplex((q - offset) / scale)
        found = np.where(at[:, None] < 0, -1, triangles.simplices[at])
        return found.astype(float).ravel()

    return indices(run, (points, queries), count, "scattered").reshape(queries.shape[0], -1)


def _points(points: Any) -> Any:
    """Coordinates along the last axis: a tuple has an array for each of them."""
    if isinstance(points, tuple):
        points = np.stack(np.broadcast_arrays(*map(floats, points)), axis=-1)
    points = floats(points)
    return points[:, None] if points.ndim == 1 else points


class Scattered(StandIn):
    """Values at points without order."""

    title = "scipy.interpolate.LinearNDInterpolator"

    def __init__(self, points: Any, values: Any, fill: Any, rescale: bool) -> None:
        self.points, self.values, self.fill, self.rescale = points, values, fill, rescale

    def __call__(self, *args: Any) -> Any:
        """Values at queries, whose coordinates are along the last axis, or arguments."""
        xi = _points(args if len(args) > 1 else args[0])
        if len(args) == 1 and not isinstance(args[0], tuple) and floats(args[0]).ndim == 1:
            xi = xi.reshape(1, -1) if self.points.shape[1] > 1 else xi
        made = self._value(xi.reshape(-1, xi.shape[-1]))
        return made.reshape((*xi.shape[:-1], *self.values.shape[1:]))

    def _value(self, queries: Any) -> Any:
        corners = _corners(self.points, queries, self.rescale)
        inside = corners[:, 0] >= 0
        corners = np.where(corners < 0, np.arange(corners.shape[1]), corners)
        simplex = self.points[corners]
        edges = simplex[:, 1:] - simplex[:, :1]
        safe = np.where(inside[:, None, None], edges, np.eye(edges.shape[-1]))
        right = (queries - simplex[:, 0])[..., None]
        shares = np.linalg.solve(np.swapaxes(safe, 1, 2), right)[..., 0]
        weights = np.concatenate([1.0 - np.sum(shares, axis=1, keepdims=True), shares], axis=1)
        made = np.einsum("qc,qc...->q...", weights, self.values[corners])
        return np.where(inside.reshape(-1, *(1,) * (made.ndim - 1)), made, self.fill)


class Nearest(Scattered):
    """The value at the nearest point."""

    title = "scipy.interpolate.NearestNDInterpolator"

    def _value(self, queries: Any) -> Any:
        points, rescale = self.points, self.rescale

        def run(flat_points: Any, flat_queries: Any) -> Any:
            p = np.asarray(flat_points).reshape(points.shape)
            q = np.asarray(flat_queries).reshape(queries.shape)
            offset, scale = _scaled(p, rescale)
            return cKDTree((p - offset) / scale).query((q - offset) / scale)[1].astype(float)

        return self.values[indices(run, (points, queries), queries.shape[0], "scattered")]


@builds(interpolate.LinearNDInterpolator)
def _linear(points: Any, values: Any, fill_value: Any = np.nan, rescale: bool = False) -> Scattered:
    return Scattered(_points(points), floats(values), fill_value, rescale)


@builds(interpolate.NearestNDInterpolator)
def _nearest(x: Any, y: Any, rescale: bool = False) -> Scattered:
    return Nearest(_points(x), floats(y), np.nan, rescale)


@stands_for(interpolate.LinearNDInterpolator)
def _linear_outside(real: Any, placed: Placed) -> Any:
    points = real.points if real.scale is None else real.points * real.scale + real.offset
    points, values = floats(placed(points)), floats(placed(real.values))
    values = values.reshape((points.shape[0], *real.values_shape))
    return Scattered(points, values, real.fill_value, real.scale is not None).of(
        real, points, values
    )


@stands_for(interpolate.NearestNDInterpolator)
def _nearest_outside(real: Any, placed: Placed) -> Any:
    points = real.points if real.scale is None else real.points * real.scale + real.offset
    points, values = floats(placed(points)), floats(placed(real.values))
    return Nearest(points, values, np.nan, real.scale is not None).of(real, points, values)


@translates(interpolate.griddata)
def _griddata(
    points: Any, values: Any, xi: Any, method: str = "linear", fill_value: Any = np.nan,
    rescale: bool = False,
) -> Any:  # fmt: skip
    where = _points(points)
    if where.shape[1] == 1 and method in ("nearest", "linear", "cubic"):
        query = xi[0] if isinstance(xi, tuple) else xi
        fill = "extrapolate" if method == "nearest" else fill_value
        return interp1d_of(where[:, 0], values, method, 0, False, fill)(query)
    if method == "linear":
        return _linear(points, values, fill_value, rescale)(xi)
    if method == "nearest":
        return _nearest(points, values, rescale)(xi)
    raise refused(f"scipy.interpolate.griddata with method {method!r}", CUBIC)

"""Interpolation of images by B-splines: `map_coordinates`.

Orders above 1 need coefficients first: the solution of a system with few diagonals along each
axis, which is what SciPy's recursive filters compute.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
from scipy import ndimage

from tapec.scipy.images.borders import image, padded, typed
from tapec.scipy.interpolate.bsplines import solved_banded
from tapec.scipy.registry import floats, plain, translates
from tapec.trace.arrays.tracer import is_symbolic

# How far SciPy pads before it filters, where coefficients beyond the border are not known.
MARGIN = 12
_PADDED = frozenset(["nearest", "grid-constant"])


# -- coefficients ----------------------------------------------------------------------------------


def basis(order: int, t: Any) -> list[Any]:
    """The uniform B-splines that are not 0 at a fraction t of an interval."""
    found = [np.ones_like(t)]
    for n in range(1, order + 1):
        rising = [np.zeros_like(t)]
        for j, value in enumerate(found):
            rising[-1] = rising[-1] + value * ((j + 1.0 - t) / n)
            rising.append(value * ((t + (n - 1.0 - j)) / n))
        found = rising
    return found


def _matrix(n: int, order: int, mode: str) -> Any:
    """The values at whole numbers of the splines that continue coefficients as `mode` says."""
    half = order // 2
    middle = 0.5 if order % 2 == 0 else 0.0
    weights = [float(b) for b in basis(order, np.array(middle))]
    made, rows = np.zeros((n, n)), np.arange(n)
    for j, weight in enumerate(weights):
        columns = _folded(
            rows + j - half if order % 2 == 0 else rows + j - (order - 1) // 2, n, mode
        )
        np.add.at(made, (rows, columns), weight)
    return made


def _folded(index: Any, n: int, mode: str) -> Any:
    """Indices beyond the border, as the spline is continued there."""
    if mode in ("reflect", "grid-mirror", "nearest"):
        wave = index % (2 * n)
        return np.where(wave < n, wave, 2 * n - 1 - wave)
    if mode == "grid-wrap":
        return index % n
    if n == 1:
        return 0 * index
    wave = index % (2 * n - 2)
    return np.where(wave < n, wave, 2 * n - 2 - wave)


def _filtered_along(x: Any, axis: int, order: int, mode: str) -> Any:
    n = x.shape[axis]
    if n == 1:
        return x
    rows = np.moveaxis(x, axis, 0)
    matrix = _matrix(n, order, mode)
    if mode == "grid-wrap":
        made = np.tensordot(np.linalg.inv(matrix), rows, 1)
    else:
        made = solved_banded(matrix, rows)
    return np.moveaxis(made, 0, axis)


def coefficients(x: Any, order: int, mode: str) -> Any:
    """The coefficients of the spline through an image."""
    if order < 2:
        return x
    if not is_symbolic(x):
        return floats(ndimage.spline_filter(plain(x), order, mode=mode))
    for axis in range(x.ndim):
        x = _filtered_along(x, axis, order, mode)
    return x


@translates(ndimage.spline_filter)
def _spline_filter(
    input: Any, order: int = 3, output: Any = np.float64, mode: str = "mirror"
) -> Any:
    x, dtype = image(input, output)
    return typed(coefficients(x, order, mode), dtype)


# -- values ----------------------------------------------------------------------------------------


def _into(x: Any, n: int, mode: str) -> Any:
    """A coordinate beyond the border as one inside."""
    if mode == "nearest":
        return np.clip(x, 0.0, n - 1.0)
    if mode in ("reflect", "grid-mirror"):
        wave = np.remainder(x + 0.5, 2.0 * n) - 0.5
        return np.where(wave <= n - 0.5, wave, 2.0 * n - 1.0 - wave)
    if mode == "mirror":
        wave = np.remainder(x, 2.0 * n - 2.0) if n > 1 else 0.0 * x
        return np.where(wave <= n - 1.0, wave, 2.0 * n - 2.0 - wave)
    if mode == "wrap":
        inside = (x >= 0.0) & (x <= n - 1.0)
        return np.where(inside, x, np.remainder(x, n - 1.0)) if n > 1 else 0.0 * x
    return np.remainder(x, float(n)) if mode == "grid-wrap" else x


def _splines(x: Any, order: int) -> tuple[Any, list[Any]]:
    """The first coefficient that counts, and the weights of all that do."""
    if order == 0:
        return np.floor(x + 0.5).astype(int), [1.0]
    shift = 0.5 if order % 2 == 0 else 0.0
    first = np.floor(x + shift)
    return first.astype(int) - order // 2, basis(order, x + shift - first)


def sampled(x: Any, points: Any, order: int, mode: str, cval: Any, prefilter: bool) -> Any:
    """Values of the image at coordinates along the first axis of `points`."""
    if order not in range(6):
        raise RuntimeError("spline order not supported")
    sizes, margin = x.shape, 0
    if prefilter and order > 1 and mode in _PADDED:
        margin = MARGIN
        for axis in range(x.ndim):
            x = padded(x, axis, margin, margin, mode, cval)
    beyond = mode == "constant"
    outside = [(p < 0.0) | (p > n - 1.0) for p, n in zip(points, sizes, strict=True)]
    if beyond:  # any place inside will do
        points = [np.where(o, 0.0, p) for o, p in zip(outside, points, strict=True)]
    points = [_into(p + margin, n, mode) for p, n in zip(points, x.shape, strict=True)]
    c = coefficients(x, order, mode) if prefilter else x
    made = _combined(c, points, order, mode, cval)
    for o in outside if beyond else ():
        made = np.where(o, cval, made)
    return made


def _combined(c: Any, points: list[Any], order: int, mode: str, cval: Any) -> Any:
    parts = [_splines(p, order) for p in points]
    total: Any = 0.0
    for corner in itertools.product(range(order + 1), repeat=len(parts)):
        weight: Any = 1.0
        places, known = [], []
        for j, (first, weights), n in zip(corner, parts, c.shape, strict=True):
            weight = weight * weights[j]
            places.append(_folded(first + j, n, mode))
            known.append((first + j >= 0) & (first + j < n))
        value = c[tuple(places)]
        if mode == "grid-constant":
            inside = math.prod(known[1:], start=known[0])
            value = np.where(inside, value, cval)
        total = total + weight * value
    return total


@translates(ndimage.map_coordinates)
def _map_coordinates(
    input: Any,
    coordinates: Any,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:
    x, dtype = image(input, output)
    points = floats(coordinates)
    if points.shape[0] != x.ndim:
        raise RuntimeError("invalid shape for coordinate array")
    return typed(sampled(x, list(points), order, mode, cval, prefilter), dtype)

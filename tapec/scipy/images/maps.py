"""Maps of whole images: shifts, zooms, turns and affine transforms."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage

from tapec.scipy.images.borders import image, per_axis, typed
from tapec.scipy.images.interpolation import sampled
from tapec.scipy.registry import constant, floats, translates

SHAPE = "its shape must be known while tracing: reshape=False, or give the size as a constant"


def _grid(shape: tuple[int, ...]) -> list[Any]:
    return [np.asarray(a, float) for a in np.indices(shape)]


@translates(ndimage.shift)
def _shift(
    input: Any,
    shift: Any,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:
    x, dtype = image(input, output)
    steps = floats(shift)
    points = [g - (steps if steps.ndim == 0 else steps[k]) for k, g in enumerate(_grid(x.shape))]
    return typed(sampled(x, points, order, mode, cval, prefilter), dtype)


@translates(ndimage.zoom)
def _zoom(
    input: Any,
    zoom: Any,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
    *,
    grid_mode: bool = False,
) -> Any:
    x, dtype = image(input, output)
    factors = per_axis(constant(zoom, "scipy.ndimage.zoom with traced zoom", SHAPE), x.ndim)
    shape = tuple(round(n * float(f)) for n, f in zip(x.shape, factors, strict=True))
    points = []
    for g, n, m in zip(_grid(shape), x.shape, shape, strict=True):
        if grid_mode:
            points.append(floats((g + 0.5) * (n / m) - 0.5))
        else:
            points.append(floats(np.clip(g * ((n - 1) / (m - 1) if m > 1 else 1.0), 0.0, n - 1.0)))
    return typed(sampled(x, points, order, mode, cval, prefilter), dtype)


def _moved(matrix: Any, offset: Any, shape: tuple[int, ...]) -> list[Any]:
    """The coordinates matrix @ place + offset of all places."""
    grid = [floats(g) for g in _grid(shape)]
    return [
        sum((matrix[k, j] * g for j, g in enumerate(grid)), start=offset[k])
        for k in range(len(shape))
    ]


@translates(ndimage.affine_transform)
def _affine_transform(
    input: Any,
    matrix: Any,
    offset: Any = 0.0,
    output_shape: Any = None,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:
    x, dtype = image(input, output)
    m, start = floats(matrix), floats(offset)
    n = x.ndim
    if m.ndim == 1:
        m = np.diag(m)
    elif m.shape[1] == n + 1:
        m, start = m[:n, :n], m[:n, n]
    start = np.broadcast_to(start, (n,))
    shape = x.shape if output_shape is None else tuple(int(k) for k in output_shape)
    return typed(sampled(x, _moved(m, start, shape), order, mode, cval, prefilter), dtype)


@translates(ndimage.rotate)
def _rotate(
    input: Any,
    angle: Any,
    axes: Any = (1, 0),
    reshape: bool = True,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:
    x, dtype = image(input, output)
    plane = sorted(a % x.ndim for a in axes)
    radians = floats(angle) * (np.pi / 180.0)
    cosine, sine = np.cos(radians), np.sin(radians)
    inner = np.array([x.shape[a] for a in plane])
    outer = inner
    if reshape:
        known = float(constant(angle, "scipy.ndimage.rotate with a traced angle", SHAPE))
        turn = np.deg2rad(known)
        matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        corners = matrix @ [[0, 0, inner[0], inner[0]], [0, inner[1], 0, inner[1]]]
        outer = (np.ptp(corners, axis=1) + 0.5).astype(int)
    shape = list(x.shape)
    for a, n in zip(plane, outer.tolist(), strict=True):
        shape[a] = n
    points = [floats(g) for g in _grid(tuple(shape))]
    first, last = (points[a] - (n - 1) / 2.0 for a, n in zip(plane, outer.tolist(), strict=True))
    points[plane[0]] = cosine * first + sine * last + (inner[0] - 1) / 2.0
    points[plane[1]] = cosine * last - sine * first + (inner[1] - 1) / 2.0
    return typed(sampled(x, points, order, mode, cval, prefilter), dtype)


@translates(ndimage.center_of_mass)
def _center_of_mass(input: Any) -> Any:
    x = floats(input)
    total = np.sum(x)
    return tuple(np.sum(x * g) / total for g in _grid(x.shape))

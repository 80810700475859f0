"""Filters of `scipy.ndimage` over windows of several axes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import ndimage

from tapec.scipy.images.borders import image, padded, per_axis, shifted_sum, typed
from tapec.scipy.registry import constant, floats, translates
from tapec.trace.arrays.tracer import is_symbolic

FOOTPRINT = "footprints must be known while tracing"


def _windows(x: Any, shape: Any, mode: Any, cval: Any, origin: Any) -> tuple[Any, list[Any]]:
    """The padded image, and the places of the window's elements in it."""
    for axis, (n, kind, shift) in enumerate(
        zip(shape, per_axis(mode, x.ndim), per_axis(origin, x.ndim), strict=True)
    ):
        before = n // 2 + shift
        x = padded(x, axis, before, n - 1 - before, kind, cval)
    return x, list(np.ndindex(*shape))


def _many_axes(reverse: bool) -> Callable[..., Any]:
    def function(
        input: Any,
        weights: Any,
        output: Any = None,
        mode: Any = "reflect",
        cval: Any = 0.0,
        origin: Any = 0,
    ) -> Any:
        x, dtype = image(input, output)
        w = floats(weights)
        if w.ndim != x.ndim:
            raise RuntimeError(f"weights.ndim ({w.ndim}) must match len(axes) ({x.ndim})")
        shifts = per_axis(origin, x.ndim)
        if reverse:
            w = w[(slice(None, None, -1),) * w.ndim]
            shifts = [-s - (1 if n % 2 == 0 else 0) for s, n in zip(shifts, w.shape, strict=True)]
        wide, places = _windows(x, w.shape, mode, cval, shifts)
        if not is_symbolic(w):  # zeros of a constant window need no sum
            places = [at for at in places if float(w[at]) != 0.0] or places[:1]
        return typed(shifted_sum(wide, [w[at] for at in places], places, x.shape), dtype)

    return function


translates(ndimage.correlate)(_many_axes(reverse=False))
translates(ndimage.convolve)(_many_axes(reverse=True))


def _neighbours(x: Any, size: Any, footprint: Any, mode: Any, cval: Any, origin: Any) -> list[Any]:
    """The shifted images under a footprint."""
    if footprint is None:
        window = np.ones(tuple(int(n) for n in per_axis(size, x.ndim)), bool)
    else:
        window = constant(footprint, "scipy.ndimage with a traced footprint", FOOTPRINT).astype(
            bool
        )
    wide, places = _windows(x, window.shape, mode, cval, origin)
    one = [1.0]
    return [shifted_sum(wide, one, [at], x.shape) for at in places if window[at]]


def _ranked(combine: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    def function(
        input: Any,
        size: Any = None,
        footprint: Any = None,
        output: Any = None,
        mode: Any = "reflect",
        cval: Any = 0.0,
        origin: Any = 0,
    ) -> Any:
        x, dtype = image(input, output)
        return typed(combine(_neighbours(x, size, footprint, mode, cval, origin)), dtype)

    return function


def _middle(parts: list[Any]) -> Any:
    """SciPy's median: of an even number, the larger of both in the middle."""
    return np.sort(np.stack(parts), axis=0)[len(parts) // 2]


translates(ndimage.minimum_filter)(_ranked(lambda parts: functools.reduce(np.minimum, parts)))
translates(ndimage.maximum_filter)(_ranked(lambda parts: functools.reduce(np.maximum, parts)))
translates(ndimage.median_filter)(_ranked(_middle))

"""Splines over samples: values between the samples, by coefficients that mirror at both ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import signal

from tapec.scipy.registry import floats, refused, translates


def _quadratic(x: Any) -> Any:
    """The quadratic B-spline."""
    x = np.abs(x)
    return np.where(x < 0.5, 0.75 - x**2, np.where(x < 1.5, 0.5 * (1.5 - x) ** 2, 0.0))


def _cubic(x: Any) -> Any:
    """The cubic B-spline."""
    x = np.abs(x)
    inner, outer = 2.0 / 3.0 - 0.5 * x**2 * (2.0 - x), (2.0 - x) ** 3 / 6.0
    return np.where(x < 1.0, inner, np.where(x < 2.0, outer, 0.0))


def _evaluated(
    member: Callable[[Any], Any], degree: int, cj: Any, newx: Any, dx: Any, x0: Any
) -> Any:
    """The spline at points, which are mirrored into the samples."""
    cj, x = floats(cj), (floats(newx) - x0) / dx
    last = cj.shape[0] - 1
    period = np.remainder(x, 2.0 * last)
    mirrored = np.where(period > last, 2.0 * last - period, period)
    x = np.where((x >= 0) & (x <= last), x, mirrored)
    first = np.floor(x - (degree + 1) / 2).astype(int) + 1
    return sum(cj[np.clip(first + k, 0, last)] * member(x - (first + k)) for k in range(degree + 1))


@translates(signal.cspline1d_eval)
def _cspline1d_eval(cj: Any, newx: Any, dx: Any = 1.0, x0: Any = 0) -> Any:
    return _evaluated(_cubic, 3, cj, newx, dx, x0)


@translates(signal.qspline1d_eval)
def _qspline1d_eval(cj: Any, newx: Any, dx: Any = 1.0, x0: Any = 0) -> Any:
    return _evaluated(_quadratic, 2, cj, newx, dx, x0)


def _over_image(one: Callable[[Any], Any], image: Any, lamb: Any, name: str) -> Any:
    """The coefficients of an image: linear maps of its columns, then of its rows."""
    if type(lamb) not in (int, float) or lamb != 0:
        raise refused(f"scipy.signal.{name} with smoothing", "smooth the image by a filter")
    image = floats(image)
    first, second = (np.stack([one(e) for e in np.eye(n)], axis=1) for n in image.shape)
    return first @ image @ second.T


@translates(signal.cspline2d)
def _cspline2d(input: Any, lamb: Any = 0.0, precision: float = -1.0) -> Any:
    """Cubic coefficients, to rounding whatever the precision."""
    return _over_image(signal.cspline1d, input, lamb, "cspline2d")


@translates(signal.qspline2d)
def _qspline2d(input: Any, lamb: Any = 0.0, precision: float = -1.0) -> Any:
    """Quadratic coefficients, to rounding whatever the precision."""
    return _over_image(signal.qspline1d, input, lamb, "qspline2d")

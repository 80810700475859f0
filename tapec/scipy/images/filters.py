"""Filters of `scipy.ndimage`: every place gets a combination of its neighbours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import ndimage

from tapec.scipy.images.borders import axes_of, image, padded, per_axis, shifted_sum, typed
from tapec.scipy.registry import floats, refused, translates
from tapec.trace.arrays.tracer import is_symbolic

RADIUS = "the size of the filter must be known while tracing: give radius="


# -- along one axis --------------------------------------------------------------------------------


def correlated(x: Any, weights: Any, axis: int, mode: str, cval: Any, origin: int) -> Any:
    """sum_j w_j x_(i + j - size // 2 - origin) along one axis."""
    size = weights.shape[0]
    before = size // 2 + origin
    if not 0 <= before < size:
        raise ValueError("Invalid origin; origin must satisfy -(len(weights) // 2) <= origin <= "
                         "(len(weights)-1) // 2")  # fmt: skip
    wide = padded(x, axis, before, size - 1 - before, mode, cval)
    places = [tuple(j if k == axis else 0 for k in range(x.ndim)) for j in range(size)]
    return shifted_sum(wide, weights, places, x.shape)


def _one_axis(reverse: bool) -> Callable[..., Any]:
    def function(
        input: Any,
        weights: Any,
        axis: int = -1,
        output: Any = None,
        mode: str = "reflect",
        cval: Any = 0.0,
        origin: int = 0,
    ) -> Any:
        x, dtype = image(input, output)
        w = floats(weights)
        if reverse:
            w, origin = w[::-1], -origin - (1 if w.shape[0] % 2 == 0 else 0)
        return typed(correlated(x, w, axis % x.ndim, mode, cval, origin), dtype)

    return function


translates(ndimage.correlate1d)(_one_axis(reverse=False))
translates(ndimage.convolve1d)(_one_axis(reverse=True))


@translates(ndimage.uniform_filter1d)
def _uniform_filter1d(
    input: Any,
    size: int,
    axis: int = -1,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    origin: int = 0,
) -> Any:
    x, dtype = image(input, output)
    w = np.full(size, 1.0 / size)
    return typed(correlated(x, w, axis % x.ndim, mode, cval, origin), dtype)


@translates(ndimage.uniform_filter)
def _uniform_filter(
    input: Any,
    size: Any = 3,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    x, dtype = image(input, output)
    chosen = axes_of(axes, x.ndim)
    settings = [per_axis(s, len(chosen)) for s in (size, mode, origin)]
    for axis, n, kind, shift in zip(chosen, *settings, strict=True):
        x = correlated(x, np.full(int(n), 1.0 / int(n)), axis, kind, cval, shift) if n > 1 else x
    return typed(x, dtype)


def gaussian_weights(sigma: Any, order: int, radius: int) -> Any:
    """The Gaussian at whole numbers, with sum 1, or its derivative of this order."""
    x = np.arange(-radius, radius + 1, dtype=float)
    variance = floats(sigma) ** 2
    weights = np.exp(-0.5 / variance * x**2)
    weights = weights / np.sum(weights)
    # The derivative is a polynomial times the Gaussian: q' - x q / variance from q.
    terms = [np.ones_like(x)]
    if order:
        coefficients: list[Any] = [1.0] + [0.0] * order
        for _ in range(order):
            lower = [k * coefficients[k] for k in range(1, order + 1)] + [0.0]
            raised = [0.0] + [-c / variance for c in coefficients[:-1]]
            coefficients = [a + b for a, b in zip(lower, raised, strict=True)]
        terms = [c * x**k for k, c in enumerate(coefficients)]
    return sum(terms[1:], terms[0]) * weights


def _radius(sigma: Any, truncate: float, radius: Any) -> int:
    if radius is not None:
        return int(radius)
    if is_symbolic(sigma):
        raise refused("scipy.ndimage.gaussian_filter with traced sigma", RADIUS)
    return int(truncate * float(sigma) + 0.5)


def _smoothed(
    x: Any, sigma: Any, axis: int, order: int, mode: str, cval: Any, truncate: float, radius: Any
) -> Any:
    weights = gaussian_weights(sigma, order, _radius(sigma, truncate, radius))[::-1]
    return correlated(x, weights, axis, mode, cval, 0)


@translates(ndimage.gaussian_filter1d)
def _gaussian_filter1d(
    input: Any,
    sigma: Any,
    axis: int = -1,
    order: int = 0,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    truncate: float = 4.0,
    *,
    radius: Any = None,
) -> Any:
    x, dtype = image(input, output)
    return typed(
        _smoothed(x, sigma, axis % x.ndim, order, mode, cval, truncate, radius), dtype
    )  # fmt: skip


@translates(ndimage.gaussian_filter)
def gaussian_filter(
    input: Any,
    sigma: Any,
    order: Any = 0,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    truncate: float = 4.0,
    *,
    radius: Any = None,
    axes: Any = None,
) -> Any:
    """`scipy.ndimage.gaussian_filter`."""
    x, dtype = image(input, output)
    chosen = axes_of(axes, x.ndim)
    settings = [per_axis(s, len(chosen)) for s in (sigma, order, mode, radius)]
    for axis, width, n, kind, r in zip(chosen, *settings, strict=True):
        if is_symbolic(width) or width > 1e-15:
            x = _smoothed(x, width, axis, n, kind, cval, truncate, r)
    return typed(x, dtype)


# -- differences -----------------------------------------------------------------------------------


def _with_slope(across: list[float]) -> Callable[..., Any]:
    """A difference along an axis, smoothed along the others."""

    def function(
        input: Any, axis: int = -1, output: Any = None, mode: Any = "reflect", cval: Any = 0.0
    ) -> Any:
        x, dtype = image(input, output)
        kinds = per_axis(mode, x.ndim)
        chosen = axis % x.ndim
        x = correlated(x, np.array([-1.0, 0.0, 1.0]), chosen, kinds[chosen], cval, 0)
        for k in range(x.ndim):
            if k != chosen:
                x = correlated(x, np.array(across), k, kinds[k], cval, 0)
        return typed(x, dtype)

    return function


translates(ndimage.sobel)(_with_slope([1.0, 2.0, 1.0]))
translates(ndimage.prewitt)(_with_slope([1.0, 1.0, 1.0]))


@translates(ndimage.laplace)
def _laplace(
    input: Any, output: Any = None, mode: Any = "reflect", cval: Any = 0.0, *, axes: Any = None
) -> Any:
    x, dtype = image(input, output)
    chosen = axes_of(axes, x.ndim)
    weights = np.array([1.0, -2.0, 1.0])
    parts = [
        correlated(x, weights, axis, kind, cval, 0)
        for axis, kind in zip(chosen, per_axis(mode, len(chosen)), strict=True)
    ]
    return typed(sum(parts[1:], parts[0]), dtype)


def _of_gaussians(order: int, joined: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    """What is made of the derivatives of an order along each axis, of the smoothed image."""

    def function(
        input: Any,
        sigma: Any,
        output: Any = None,
        mode: Any = "reflect",
        cval: Any = 0.0,
        *,
        axes: Any = None,
        **options: Any,
    ) -> Any:
        x, dtype = image(input, output)
        chosen = axes_of(axes, x.ndim)
        orders = [[order if a == k else 0 for a in chosen] for k in chosen]
        parts = [
            gaussian_filter(x, sigma, o, None, mode, cval, axes=chosen, **options) for o in orders
        ]
        return typed(joined(parts), dtype)

    return function


translates(ndimage.gaussian_laplace)(_of_gaussians(2, lambda parts: sum(parts[1:], parts[0])))
translates(ndimage.gaussian_gradient_magnitude)(
    _of_gaussians(1, lambda parts: np.sqrt(sum([p * p for p in parts[1:]], parts[0] * parts[0])))
)

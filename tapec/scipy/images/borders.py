"""What images are continued with beyond their borders, and results as SciPy types them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tapec.scipy.registry import floats, refused
from tapec.trace.arrays.operands import as_array, as_tracer

# NumPy's names for padding.
PADDING: dict[str, Any] = {
    "reflect": "symmetric",
    "grid-mirror": "symmetric",
    "mirror": "reflect",
    "nearest": "edge",
    "wrap": "wrap",
    "grid-wrap": "wrap",
    "constant": "constant",
    "grid-constant": "constant",
}


def per_axis(value: Any, count: int) -> list[Any]:
    """A setting for each of the axes."""
    if isinstance(value, str) or np.ndim(value) == 0:
        return [value] * count
    if len(value) != count:
        raise RuntimeError("sequence argument must have length equal to input rank")
    return list(value)


def padded(x: Any, axis: int, before: int, after: int, mode: str, cval: Any) -> Any:
    """The image continued along one axis."""
    if mode not in PADDING:
        raise RuntimeError("boundary mode not supported")
    if not before and not after:
        return x
    places = np.pad(np.arange(x.shape[axis]), (before, after), "edge")
    kind = PADDING[mode]
    if kind != "constant":
        places = np.pad(np.arange(x.shape[axis]), (before, after), kind)
        return np.take(x, places, axis=axis)
    widths = [(before, after) if k == axis else (0, 0) for k in range(x.ndim)]
    return np.pad(x, widths, "constant", constant_values=cval)


def axes_of(axes: Any, ndim: int) -> list[int]:
    """Axes as numbers from the front, all of them by default."""
    if axes is None:
        return list(range(ndim))
    return [a % ndim for a in ([axes] if isinstance(axes, int) else axes)]


def image(x: Any, output: Any) -> tuple[Any, Any]:
    """The image as floats, and the element type of the result."""
    given = as_tracer(as_array(x))
    if output is not None and not isinstance(output, type | str | np.dtype):
        raise refused("scipy.ndimage with an array for output=", "use what is returned")
    wanted = given.dtype if output is None else np.dtype(output)
    return floats(given), wanted


def typed(made: Any, dtype: Any) -> Any:
    """A result in the element type that was asked for."""
    return made if made.dtype == dtype else made.astype(dtype)


def shifted_sum(x: Any, weights: Any, places: Sequence[tuple[int, ...]], shape: Any) -> Any:
    """The sum of w_k x[k : k + shape] over the places k of a padded image."""
    total: Any = None
    for w, at in zip(weights, places, strict=True):
        part = x[tuple(slice(a, a + n) for a, n in zip(at, shape, strict=True))] * w
        total = part if total is None else total + part
    return total

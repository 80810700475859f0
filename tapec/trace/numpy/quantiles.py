"""Quantiles and medians: elements of the sorted array, or values between two of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapec.trace.arrays.demands import demand
from tapec.trace.arrays.operands import as_tracer, strong
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.numpy.pick import places_along
from tapec.trace.numpy.reduce import as_float
from tapec.trace.numpy.select import where
from tapec.trace.numpy.shape import axes_of, moveaxis, ravel, reshaped
from tapec.trace.numpy.sorting import sort
from tapec.trace.tuning import SEPARATE_QUANTILES


@dataclass(frozen=True)
class Method:
    """How a quantile is found: the place `at(n, q)` among n sorted elements, which is no integer.

    `element(low, part)` is what is added to the place below to reach the element that is taken;
    without it, the result lies between two elements, `weight(low, part)` of the way to the upper.
    """

    at: Callable[[Any, Any], Any]
    element: Callable[[Any, Any], Any] | None = None
    weight: Callable[[Any, Any], Any] = lambda low, part: part


def _continuous(alpha: float, beta: float) -> Method:
    """A method of the family of Hyndman and Fan (1996), by its two plotting parameters."""
    return Method(lambda n, q: n * q + (alpha + q * (1.0 - alpha - beta)) - 1.0)


def _even(low: Any, part: Any) -> Any:
    """Ties go to the even index."""
    odd = np.remainder(low, 2.0) == 1.0
    return np.where((part > 0.5) | ((part == 0.5) & odd), 1.0, 0.0)


def _any_above(low: Any, part: Any) -> Any:
    return np.where(part > 0.0, 1.0, 0.0)


def _closest(low: Any, part: Any) -> Any:
    return np.where((part == 0.0) & (np.remainder(low, 2.0) == 1.0), 0.0, 1.0)


def _linear(n: Any, q: Any) -> Any:
    return q * (n - 1)


METHODS = {
    "linear": Method(_linear),
    "hazen": _continuous(0.5, 0.5),
    "weibull": _continuous(0.0, 0.0),
    "median_unbiased": _continuous(1.0 / 3.0, 1.0 / 3.0),
    "normal_unbiased": _continuous(3.0 / 8.0, 3.0 / 8.0),
    "interpolated_inverted_cdf": _continuous(0.0, 1.0),
    "averaged_inverted_cdf": Method(
        lambda n, q: n * q - 1.0, weight=lambda low, part: np.where(part == 0.0, 0.5, 1.0)
    ),
    "midpoint": Method(_linear, weight=lambda low, part: np.where(part > 0.0, 0.5, 0.0)),
    "lower": Method(_linear, lambda low, part: part * 0.0),
    "higher": Method(_linear, _any_above),
    "nearest": Method(_linear, _even),
    "inverted_cdf": Method(lambda n, q: n * q - 1.0, _any_above),
    "closest_observation": Method(lambda n, q: n * q - 1.5, _closest),
}


def _method(name: Any) -> Method:
    if name not in METHODS:
        raise ValueError(f"{name!r} is not a valid method. Use one of: {list(METHODS)}")
    return METHODS[name]


def _rows(a: Any, axis: Any) -> Tracer:
    """The elements that are reduced together, as the last axis."""
    x = as_tracer(a)
    axes = axes_of(axis, x.ndim)
    for k, i in enumerate(sorted(axes)):
        x = moveaxis(x, i - k, -1)
    rest = x.shape[: x.ndim - len(axes)]
    return reshaped(x, (*rest, math.prod(x.shape[len(rest) :])))


def _kept(made: Any, a: Any, axis: Any, keepdims: Any) -> Any:
    if not keepdims or keepdims is np._NoValue:
        return made
    shape = as_tracer(a).shape
    axes = axes_of(axis, len(shape))
    lead = made.shape[: made.ndim - (len(shape) - len(axes))]
    return reshaped(made, (*lead, *(1 if i in axes else n for i, n in enumerate(shape))))


def _quantile(a: Any, q: Any, axis: Any, name: str, keepdims: Any, skip_nan: bool) -> Any:
    method = _method(name)
    weak = type(q) in (int, float) or (type(q) is Tracer and q._weak)
    q = strong(q)
    if name == "linear" and q._dtype[0] != "f":
        method = METHODS["lower"]  # 0 or 1: the first or the last element
    rows, element = _rows(a, axis), method.element is not None
    if rows._dtype == "bool" and not element:
        raise TypeError("numpy boolean subtract, the `-` operator, is not supported")
    target = rows.dtype if element else _interpolated(rows.dtype, q.dtype, weak)
    if skip_nan and not rows.size:
        return _kept(_empty(rows), a, axis, keepdims)
    if not rows.shape[-1]:
        raise IndexError("index -1 is out of bounds for axis 0 with size 0")
    known = q._storage.array is not None
    inside = TABLE["logical_and"](TABLE["greater_equal"](q, 0), TABLE["less_equal"](q, 1))
    demand(TABLE["all"](inside), ValueError("Quantiles must be in the range [0, 1]"))
    q = q if known else where(inside, q, np.zeros((), q.dtype))
    ordered: Any = sort(rows)
    skip_nan = skip_nan and rows._dtype[0] == "f"
    n: Any = TABLE["sum"](~np.isnan(ordered), axis=-1) if skip_nan else rows.shape[-1]
    if q.size > SEPARATE_QUANTILES and not skip_nan:
        found = _together(ordered, n, q, method)
    else:
        each = q._array if known else q
        made = [_at(ordered, n, each[k], method) for k in np.ndindex(q.shape)]
        found = TABLE["stack"](made) if q.shape else made[0]
        found = reshaped(found, (*q.shape, *rows.shape[:-1]))
    found = TABLE["astype"](found, target, copy=False)
    if rows._dtype[0] == "f" and not skip_nan:
        found = where(TABLE["isnan"](ordered[..., -1]), np.nan, found)
    return _kept(found, a, axis, keepdims)


def _interpolated(rows: np.dtype[Any], q: np.dtype[Any], weak: bool) -> np.dtype[Any]:
    """The element type of values between elements: Python's numbers as `q` do not widen it."""
    return np.result_type(rows, 1.0 if weak else q if q.kind == "f" else float)


def _empty(rows: Any) -> Any:
    """NaN for every row without elements, whatever the quantiles: as NumPy has it."""
    kind = rows.dtype if rows._dtype[0] == "f" else float
    return TABLE["full"](rows.shape[:-1], np.nan, kind)


def _neighbours(n: Any, q: Any, method: Method) -> tuple[Any, Any, Any]:
    """The places (as floats) of the elements below and above, and the weight of the upper one."""
    place = method.at(n, q)
    low = np.floor(place)
    part = place - low
    if method.element is not None:
        first = _inside(low + method.element(low, part), n)
        return first, first, None
    first, second = _inside(low, n), _inside(low + 1.0, n)
    return first, second, method.weight(low, part)


def _inside(place: Any, n: Any) -> Any:
    # No element at all: the first one, which is NaN.
    return np.maximum(np.minimum(place, n - 1.0), 0.0)


def _mixed(a: Any, b: Any, part: Any) -> Any:
    """Between two elements, exactly at both: computed from the nearer one."""
    if part is None:
        return a
    step = b - a
    if not isinstance(part, Tracer):
        return b - step * float(1.0 - part) if part >= 0.5 else a + step * float(part)
    upper = b - step * np.subtract(1.0, part)
    return where(TABLE["greater_equal"](part, 0.5), upper, a + step * part)


def _at(rows: Any, n: Any, q: Any, method: Method) -> Any:
    """One quantile of every row, whose first `n` elements are not NaN."""
    q = q if isinstance(q, Tracer) else q.item()
    first, second, part = _neighbours(n, q, method)
    return _mixed(_picked(rows, first), _picked(rows, second), part)


def _picked(rows: Any, place: Any) -> Any:
    """One element of every row: at the same place, or at one of its own."""
    if not isinstance(place, Tracer):
        return rows[..., int(place)]
    index = TABLE["astype"](place, int)
    if not index.shape:
        return rows[..., index]
    return rows[places_along(rows, index[..., None], rows.ndim - 1)][..., 0]


def _together(rows: Any, n: int, q: Any, method: Method) -> Any:
    """All quantiles of every row, as one array."""
    first, second, part = _neighbours(n, ravel(q), method)
    a, b = (rows[..., TABLE["astype"](as_tracer(k), int)] for k in (first, second))
    made = _mixed(a, b, None if part is None else as_tracer(part))
    return reshaped(moveaxis(made, -1, 0), (*q.shape, *rows.shape[:-1]))


def _translation(unit: float, skip_nan: bool) -> Callable[..., Any]:
    def function(a: Any, q: Any, axis: Any = None, *, method: str = "linear",
                 keepdims: Any = False) -> Any:  # fmt: skip
        return _quantile(a, _over(q, unit), axis, method, keepdims, skip_nan)

    return function


def _over(q: Any, unit: float) -> Any:
    if unit == 1.0:
        return q
    return q / unit if type(q) in (int, float) else as_tracer(q) / unit  # type: ignore[operator]


# What the last element is in each one's unit, and whether NaN is left out.
_QUANTILES = {
    "quantile": (1.0, False),
    "percentile": (100.0, False),
    "nanquantile": (1.0, True),
    "nanpercentile": (100.0, True),
}
TABLE.update({name: _translation(*how) for name, how in _QUANTILES.items()})


def _middle(rows: Any, skip_nan: bool) -> Any:
    """The element in the middle of every row, or the mean of the two in the middle."""
    if not rows.shape[-1]:
        return _empty(rows)
    ordered: Any = sort(as_float(rows) if rows._dtype == "bool" else rows)
    bad = np.isnan(ordered)
    n: Any = TABLE["sum"](~bad, axis=-1) if skip_nan else rows.shape[-1]
    low, high = np.maximum(n - 1, 0) // 2, n // 2
    a, b = as_float(_picked(ordered, low)), as_float(_picked(ordered, high))
    if skip_nan:
        return where(np.equal(low, high), a, (a + b) / 2.0)
    return where(bad[..., -1], np.nan, a if low == high else (a + b) / 2.0)


@implements("median")
def median(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """The middle of the sorted elements, or the mean of the two in the middle."""
    return _kept(_middle(_rows(a, axis), False), a, axis, keepdims)


@implements("nanmedian")
def nanmedian(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """The median of what is not NaN."""
    return _kept(_middle(_rows(a, axis), True), a, axis, keepdims)

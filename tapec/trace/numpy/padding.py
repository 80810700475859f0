"""``np.pad``, one axis after the other as NumPy does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.trace.arrays.operands import as_tracer
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.numpy.join import joined
from tapec.trace.numpy.shape import moveaxis
from tapec.trace.numpy.split import along, flip

Widths = list[list[int]]
_STATISTICS = {"maximum": "max", "minimum": "min", "mean": "mean", "median": "median"}


# The option that a mode has, and its default.
_OPTIONS: dict[str, tuple[str, Any]] = {
    "constant": ("constant_values", 0),
    "linear_ramp": ("end_values", 0),
    **{mode: ("stat_length", None) for mode in _STATISTICS},
    "reflect": ("reflect_type", "even"),
    "symmetric": ("reflect_type", "even"),
}


def pad(x: Any, pad_width: Any, mode: Any = "constant", **given: Any) -> Any:
    """``np.pad`` in all modes; functions of the caller's are given any options."""
    x = as_tracer(x)
    if callable(mode):
        return _by_function(x, _pairs(pad_width, x.ndim), mode, given)
    name, value = _OPTIONS.get(mode, ("", None))
    if unknown := {k for k, v in given.items() if v is not None and k != name}:
        raise ValueError(f"unsupported keyword arguments for mode {mode!r}: {unknown}")
    if given.get(name) is not None:
        value = given[name]
    widths: Widths = _pairs(pad_width, x.ndim)
    if mode == "empty" or (mode == "constant" and not TABLE["ndim"](value)):
        return _filled(x, widths, 0 if mode == "empty" else value)
    if mode == "constant":
        return _bordered(x, widths, _values(value, x))
    if mode == "linear_ramp":
        return _ramps(x, widths, _values(value, x))
    if mode in _STATISTICS:
        lengths = [[None, None]] * x.ndim if value is None else _pairs(value, x.ndim)
        return _statistics(x, widths, lengths, TABLE[_STATISTICS[mode]])
    if mode not in ("edge", "reflect", "symmetric", "wrap"):
        raise ValueError(f"mode '{mode}' is not supported")
    if value == "odd":
        return _odd(x, widths, mode)
    for axis, width in enumerate(widths):
        x = along(x, axis, np.pad(np.arange(x.shape[axis]), width, mode=mode))
    return x


pad.takes_all = True  # type: ignore[attr-defined]
TABLE["pad"] = pad


def _by_function(x: Tracer, widths: Widths, function: Any, options: dict[str, Any]) -> Any:
    """A function that fills the ends of vectors in place."""
    made = _filled(x, widths, 0)
    for axis, width in enumerate(widths):
        rows = moveaxis(made, axis, -1)
        for place in np.ndindex(*rows.shape[:-1]):
            function(rows[place], tuple(width), axis, options)
    return made


def _pairs(widths: Any, ndim: int) -> Widths:
    if isinstance(widths, dict):
        given = {k % ndim: np.broadcast_to(w, 2) for k, w in widths.items()}
        widths = [given.get(axis, (0, 0)) for axis in range(ndim)]
    found: Widths = np.broadcast_to(np.asarray(widths), (ndim, 2)).tolist()
    if any(n < 0 for width in found for n in width):
        raise ValueError("index can't contain negative values")
    return found


def _values(values: Any, x: Tracer) -> Any:
    """One value before and one after, for every axis."""
    return TABLE["broadcast_to"](values, (x.ndim, 2))


def _filled(x: Tracer, widths: Widths, value: Any) -> Any:
    shape = [n + a + b for n, (a, b) in zip(x.shape, widths, strict=True)]
    made = TABLE["full"](shape, value, x.dtype)
    made[tuple(slice(a, a + n) for n, (a, _) in zip(x.shape, widths, strict=True))] = x
    return made


def _each_axis(x: Tracer, widths: Widths, side: Callable[[Tracer, int, int, int], Any]) -> Tracer:
    """The array between `side(array so far, axis, 0 before and 1 after, width)`, along all axes."""
    for axis, width in enumerate(widths):
        before, after = (side(x, axis, k, n) for k, n in enumerate(width))
        x = joined([before, x, after], axis)
    return x


def _shape(x: Tracer, axis: int, n: int) -> tuple[int, ...]:
    return (*x.shape[:axis], n, *x.shape[axis + 1 :])


def _bordered(x: Tracer, widths: Widths, values: Any) -> Tracer:
    return _each_axis(
        x, widths, lambda x, axis, k, n: TABLE["full"](_shape(x, axis, n), values[axis, k], x.dtype)
    )


def _ramps(x: Tracer, widths: Widths, values: Any) -> Tracer:
    """Straight lines from a value at the far end to the edge, which they do not repeat."""

    def side(x: Tracer, axis: int, k: int, n: int) -> Any:
        edge = along(x, axis, slice(-1, None) if k else slice(0, 1))
        steps = (np.arange(n) / max(n, 1)).reshape([n if a == axis else 1 for a in range(x.ndim)])
        line = values[axis, k] + (edge - values[axis, k]) * steps
        if x.dtype.kind in "iu":
            line = TABLE["floor"](line)
        line = TABLE["astype"](line, x.dtype)
        return flip(line, axis) if k else line

    return _each_axis(x, widths, side)


def _statistics(x: Tracer, widths: Widths, lengths: Any, function: Any) -> Tracer:
    """A statistic of the elements next to either edge."""

    def side(x: Tracer, axis: int, k: int, n: int) -> Any:
        count = min(lengths[axis][k] or x.shape[axis], x.shape[axis])
        part = along(x, axis, slice(-count, None) if k else slice(0, count))
        found = function(part, axis=axis, keepdims=True)
        if x.dtype.kind in "iu" and found.dtype.kind == "f":
            found = TABLE["rint"](found)
        found = TABLE["astype"](found, x.dtype)
        return TABLE["broadcast_to"](found, _shape(x, axis, n))

    return _each_axis(x, widths, side)


def _odd(x: Tracer, widths: Widths, mode: str) -> Tracer:
    """Reflections at the edges' values: twice the edge less the element reflected.

    They are sums of elements; NumPy pads unit vectors to tell the factors.
    """
    for axis, width in enumerate(widths):
        size = x.shape[axis]
        factors = np.pad(np.eye(size), (width, (0, 0)), mode=mode, reflect_type="odd")  # type: ignore[call-overload]
        last = moveaxis(x, axis, -1)
        parts = []
        for rows in (factors[: width[0]], factors[width[0] + size :]):
            read = np.flatnonzero(rows.any(axis=0))
            product = TABLE["matmul"](last[..., read], rows[:, read].T)
            parts.append(TABLE["astype"](product, x.dtype))
        x = moveaxis(joined([parts[0], last, parts[1]], x.ndim - 1), -1, axis)
    return x

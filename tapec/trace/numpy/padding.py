"""``np.pad``, of all modes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.trace.arrays.cures import unsupported
from tapec.trace.arrays.operands import as_tracer
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.numpy.join import joined
from tapec.trace.numpy.shape import axis_of, moveaxis
from tapec.trace.numpy.split import along

Widths = list[list[int]]
_INDEXED = ("edge", "reflect", "symmetric", "wrap")
_STATISTICS = {"maximum": "max", "minimum": "min", "mean": "mean", "median": "median"}


def pad(x: Any, pad_width: Any, mode: Any = "constant", **options: Any) -> Any:
    """``np.pad``: an axis after the other, as NumPy does."""
    x = as_tracer(x)
    widths = _pairs(_by_axis(pad_width, x.ndim), x.ndim)
    if callable(mode):
        return _by_function(x, widths, mode, options)
    rule = _MODES.get(mode)
    if rule is None:
        raise ValueError(f"mode '{mode}' is not supported")
    known, make = rule
    wrong = options.keys() - known
    if wrong:
        raise ValueError(f"unsupported keyword arguments for mode '{mode}': {wrong}")
    if any(n < 0 for width in widths for n in width):
        raise ValueError("index can't contain negative values")
    return make(x, widths, mode, **options)


pad.takes_all = True  # type: ignore[attr-defined]  # a function of the user's has any options
TABLE["pad"] = pad


def _by_axis(pad_width: Any, rank: int) -> Any:
    """The widths of every axis, where a dictionary names those of some."""
    if not isinstance(pad_width, dict):
        return pad_width
    each: list[Any] = [(0, 0)] * rank
    for axis, width in pad_width.items():
        each[axis_of(axis, rank)] = np.broadcast_to(width, 2)
    return each


def _pairs(given: Any, rank: int) -> Widths:
    found: Widths = np.broadcast_to(np.asarray(given), (rank, 2)).tolist()
    return found


def _constant(x: Tracer, widths: Widths, mode: str, constant_values: Any = 0) -> Any:
    if TABLE["ndim"](constant_values):
        values = TABLE["broadcast_to"](constant_values, (x.ndim, 2))
        return _each_axis(x, widths, lambda part, axis, k, n: TABLE["broadcast_to"](
            values[axis, k].astype(x.dtype), _resized(part, axis, n)))  # fmt: skip
    shape = [n + a + b for n, (a, b) in zip(x.shape, widths, strict=True)]
    made = TABLE["full"](shape, constant_values, x.dtype)
    made[tuple(slice(a, a + n) for n, (a, _) in zip(x.shape, widths, strict=True))] = x
    return made


def _indexed(x: Tracer, widths: Widths, mode: str, reflect_type: str = "even") -> Any:
    """Elements again, of which `reflect_type` "odd" makes twice the edge less the element."""
    if reflect_type != "even":
        return _linear(x, widths, mode, reflect_type=reflect_type)
    for axis, width in enumerate(widths):
        x = along(x, axis, np.pad(np.arange(x.shape[axis]), width, mode=mode))  # type: ignore[call-overload]
    return x


def _statistic(x: Tracer, widths: Widths, mode: str, stat_length: Any = None) -> Any:
    lengths = None if stat_length is None else _pairs(stat_length, x.ndim)

    def border(part: Tracer, axis: int, k: int, n: int) -> Any:
        size = part.shape[axis]
        length = size if lengths is None else min(lengths[axis][k], size)
        end = slice(size - length, size) if k else slice(0, length)
        found = TABLE[_STATISTICS[mode]](along(part, axis, end), axis=axis, keepdims=True)
        if part.dtype.kind in "iu" and mode in ("mean", "median"):
            found = TABLE["rint"](found)
        return TABLE["broadcast_to"](found.astype(part.dtype), _resized(part, axis, n))

    return _each_axis(x, widths, border)


def _ramp(x: Tracer, widths: Widths, mode: str, end_values: Any = 0) -> Any:
    """From the edge to the end value, in equal steps."""
    if x.dtype.kind in "iu":
        raise unsupported(np.pad, " of integers with mode='linear_ramp'")
    ends = TABLE["broadcast_to"](end_values, (x.ndim, 2))

    def border(part: Tracer, axis: int, k: int, n: int) -> Any:
        edge = along(part, axis, slice(-1, None) if k else slice(0, 1))
        steps = np.linspace(0.0, 1.0, n, endpoint=False)
        steps = (steps[::-1] if k else steps).reshape(
            [n if a == axis else 1 for a in range(x.ndim)]
        )
        return (ends[axis, k] * (1.0 - steps) + edge * steps).astype(part.dtype)

    return _each_axis(x, widths, border)


def _linear(x: Tracer, widths: Widths, mode: str, **options: Any) -> Any:
    """A mode that makes sums of elements: NumPy pads unit vectors to tell their factors."""
    for axis, width in enumerate(widths):
        size = x.shape[axis]
        factors = np.pad(np.eye(size), (width, (0, 0)), mode=mode, **options)  # type: ignore[call-overload]
        last = moveaxis(x, axis, -1)
        parts = []
        for rows in (factors[: width[0]], factors[width[0] + size :]):
            read = np.flatnonzero(rows.any(axis=0))
            parts.append(TABLE["matmul"](last[..., read], rows[:, read].T).astype(x.dtype))
        x = moveaxis(joined([parts[0], last, parts[1]], x.ndim - 1), -1, axis)
    return x


def _each_axis(x: Tracer, widths: Widths, border: Callable[..., Any]) -> Tracer:
    """An array between what `border(x, axis, 0 or 1, n)` makes of n elements, by axis."""
    for axis, width in enumerate(widths):
        before, after = (border(x, axis, k, n) for k, n in enumerate(width))
        x = joined([before, x, after], axis)
    return x


def _resized(x: Tracer, axis: int, n: int) -> tuple[int, ...]:
    return (*x.shape[:axis], n, *x.shape[axis + 1 :])


def _others(axis: int, rank: int) -> tuple[int, ...]:
    return tuple(a for a in range(rank) if a != axis)


def _by_function(x: Tracer, widths: Widths, function: Any, options: dict[str, Any]) -> Any:
    """A function that fills the ends of vectors in place."""
    made = _constant(x, widths, "constant")
    for axis, width in enumerate(widths):
        rows = moveaxis(made, axis, -1)
        for place in np.ndindex(*rows.shape[:-1]):
            function(rows[place], tuple(width), axis, options)
    return made


_MODES: dict[str, tuple[frozenset[str], Callable[..., Any]]] = {
    "constant": (frozenset(["constant_values"]), _constant),
    "edge": (frozenset(), _indexed),
    "wrap": (frozenset(), _indexed),
    "reflect": (frozenset(["reflect_type"]), _indexed),
    "symmetric": (frozenset(["reflect_type"]), _indexed),
    "linear_ramp": (frozenset(["end_values"]), _ramp),
    **dict.fromkeys(_STATISTICS, (frozenset(["stat_length"]), _statistic)),
    "empty": (frozenset(), _constant),
}

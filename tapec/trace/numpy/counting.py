"""Counts of numbers, and of what lies between edges: each finds its bin, and is added there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tapec.trace.arrays.cures import unsupported
from tapec.trace.arrays.demands import demand
from tapec.trace.arrays.operands import any_symbolic, as_tracer, unwrap
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.numpy.select import where
from tapec.trace.numpy.shape import ravel, reshaped
from tapec.trace.numpy.ufunc_methods import at
from tapec.trace.tuning import COMPARED_BINS


@implements("bincount")
def bincount(x: Any, weights: Any = None, minlength: int = 0) -> Any:
    """Counts of small integers, or sums of weights: as many as the constant `x` needs.

    For traced integers the result has `minlength` counts; larger ones are out of bounds.
    """
    x = as_tracer(x)
    if x.ndim != 1:
        raise ValueError(f"object too {'deep' if x.ndim else 'small'} for desired array")
    if weights is not None and as_tracer(weights).shape != x.shape:
        raise ValueError("The weights and list don't have the same length.")
    n = int(minlength)
    if not any_symbolic(x):
        x = unwrap(x)
        if x.size and x.min() < 0:
            raise ValueError("'list' argument must have no negative elements")
        n = max(n, int(x.max()) + 1 if x.size else 0)
    elif not n:
        raise unsupported(np.bincount, " of traced integers without minlength=")
    else:
        x = where(TABLE["less"](x, 0), n, x)
    made = TABLE["full"](n, 0, float if weights is not None else np.int64)
    at("add", made, x, 1 if weights is None else ravel(weights) * 1.0)
    return made


@implements("histogram")
def histogram(a: Any, bins: Any = 10, range: Any = None, density: Any = None,
              weights: Any = None) -> Any:  # fmt: skip
    """Counts (or sums of weights) between edges; elements on the last edge count."""
    x = ravel(a)
    if weights is not None and as_tracer(weights).shape != as_tracer(a).shape:
        raise ValueError("weights should have the same shape as a.")
    edges = _edges(x, bins, range)
    if edges.size <= COMPARED_BINS + 1:
        counts = _compared(x, edges, None if weights is None else ravel(weights))
    else:
        even = not np.ndim(bins) and _is_finite(edges[edges.size - 1] - edges[0])
        slots = (_even_slots if even else _sorted_slots)(x, edges)
        counts = _counted([slots], [edges.size - 1], weights)
    if density:
        widths = TABLE["astype"](edges[1:] - edges[:-1], float)
        counts = counts / widths / TABLE["sum"](counts)
    return counts, edges


def _compared(x: Any, edges: Any, weights: Any) -> Any:
    """Counts, or sums of weights, by comparing each number with all edges."""
    inside = (x[:, None] >= edges[:-1]) & (x[:, None] < edges[1:])
    last = np.arange(edges.size - 1) == edges.size - 2
    inside = inside | (last & TABLE["equal"](x, edges[edges.size - 1])[:, None])
    if weights is None:
        return TABLE["sum"](inside, axis=0)
    zero = np.zeros((), weights.dtype)
    counts = TABLE["sum"](where(inside, weights[:, None], zero), axis=0)
    return TABLE["astype"](counts, weights.dtype, copy=False)


@implements("histogramdd")
def histogramdd(sample: Any, bins: Any = 10, range: Any = None, density: Any = None,
                weights: Any = None) -> Any:  # fmt: skip
    """Counts (or sums of weights) of points in boxes; edges are given, or at even distances."""
    columns = list(TABLE["transpose"](_points(sample)))
    each = list(bins) if _is_sequence(bins) or np.ndim(bins) else [bins] * len(columns)
    if len(each) != len(columns):
        raise ValueError("The dimension of bins must be equal to the dimension of the sample x.")
    bounds = [None] * len(columns) if range is None else list(range)
    if len(bounds) != len(columns):
        raise ValueError("range argument must have one entry per dimension")
    edges = [_edges(c, b, r) for c, b, r in zip(columns, each, bounds, strict=True)]
    slots = [_sorted_slots(c, e) for c, e in zip(columns, edges, strict=True)]
    weights = None if weights is None else TABLE["astype"](ravel(weights), float)
    counts = TABLE["astype"](_counted(slots, [e.size - 1 for e in edges], weights), float)
    if density:
        total = TABLE["sum"](counts)
        for axis, e in enumerate(edges):
            widths = e[1:] - e[:-1]
            counts = counts / reshaped(widths, (widths.size, *(1,) * (len(edges) - axis - 1)))
        counts = counts / total
    return counts, edges


def _is_sequence(bins: Any) -> bool:
    return isinstance(bins, (list, tuple))


def _points(sample: Any) -> Any:
    """Points by rows; a list has one array of coordinates for each dimension."""
    if _is_sequence(sample):
        return TABLE["transpose"](TABLE["atleast_2d"](as_tracer(sample)))
    x = as_tracer(sample)
    return x if x.ndim == 2 else reshaped(x, (x.size, 1))


@implements("histogram2d")
def histogram2d(x: Any, y: Any, bins: Any = 10, range: Any = None, density: Any = None,
                weights: Any = None) -> Any:  # fmt: skip
    """Counts (or sums of weights) of points of the plane, and the edges on both axes."""
    if as_tracer(x).shape != as_tracer(y).shape:
        raise ValueError("x and y must have the same length.")
    if not (_is_sequence(bins) or np.ndim(bins)) or len(bins) not in (1, 2):
        bins = [bins, bins]
    elif len(bins) == 1:
        raise ValueError("The dimension of bins must be equal to the dimension of the sample x.")
    counts, edges = histogramdd([x, y], bins, range, density, weights)
    return counts, edges[0], edges[1]


def _is_finite(span: Any) -> bool:
    """Whether a span is finite; one found at run time has been demanded to be."""
    return bool(any_symbolic(span)) or math.isfinite(unwrap(span))


def _counted(slots: Sequence[Any], shape: Sequence[int], weights: Any) -> Any:
    """Counts, or sums of weights, by the bin on each axis; what is in none has a negative bin."""
    outside = TABLE["less"](slots[0], 0)
    index = slots[0]
    for slot, n in zip(slots[1:], shape[1:], strict=True):
        outside = outside | TABLE["less"](slot, 0)
        index = index * n + slot
    size = math.prod(shape)
    index = where(outside, size, index)
    if weights is None:
        made = TABLE["full"](size + 1, 0, np.int64)
        at("add", made, index, 1)
        return reshaped(made[:size], tuple(shape))
    w = ravel(weights)
    kind = w.dtype if w.dtype.kind == "c" else float if w.dtype.kind == "f" else np.int64
    made = TABLE["full"](size + 1, 0, kind)
    at("add", made, index, TABLE["astype"](w, kind))
    return TABLE["astype"](reshaped(made[:size], tuple(shape)), w.dtype, copy=False)


def _sorted_slots(x: Any, edges: Any) -> Any:
    """The bin of each number, -1 outside, for edges that increase in any way."""
    last = edges.size - 1
    slots = TABLE["searchsorted"](edges, x, "right") - 1
    slots = where(TABLE["equal"](x, edges[last]), last - 1, slots)
    return where(_inside(x, edges), slots, -1)


def _even_slots(x: Any, edges: Any) -> Any:
    """The same for edges at even distances: computed, then moved by one where rounding misled."""
    count, first = edges.size - 1, edges[0]
    inside = _inside(x, edges)
    place = (TABLE["astype"](x, float) - first) / (edges[count] - first) * count
    slots = TABLE["astype"](where(inside, place, 0.0), np.int64)
    slots = TABLE["minimum"](slots, count - 1)
    slots = slots - TABLE["less"](x, edges[slots])
    after = TABLE["greater_equal"](x, edges[slots + 1]) & (slots != count - 1)
    return where(inside, slots + after, -1)


def _inside(x: Any, edges: Any) -> Any:
    return TABLE["greater_equal"](x, edges[0]) & TABLE["less_equal"](x, edges[edges.size - 1])


def _edges(x: Any, bins: Any, bounds: Any) -> Any:
    if isinstance(bins, str):
        raise unsupported(np.histogram, f" with bins={bins!r}")
    if np.ndim(bins):
        edges = as_tracer(bins)
        rising = TABLE["all"](edges[1:] >= edges[:-1])
        demand(rising, ValueError("`bins` must increase monotonically, when an array"))
        return edges
    if bounds is not None:
        like = np.zeros(1, x.dtype if x._dtype == "f32" else float)
        return as_tracer(np.histogram_bin_edges(like, int(bins), unwrap(bounds)))
    if not x.size:
        return as_tracer(np.histogram_bin_edges(np.zeros(0), int(bins)))
    low, high = TABLE["min"](x), TABLE["max"](x)
    if x._dtype[0] == "f":
        finite = TABLE["isfinite"](high - low)
        demand(finite, ValueError("autodetected range is not finite"))
    same = TABLE["equal"](low, high)
    low, high = where(same, low - 0.5, low), where(same, high + 0.5, high)
    made = TABLE["linspace"](low, high, int(bins) + 1)
    made[-1] = high
    return TABLE["astype"](made, x.dtype) if x._dtype == "f32" else made

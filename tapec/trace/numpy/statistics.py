"""Statistics of samples, histograms, and functions applied along axes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tapec.trace.arrays.cures import unsupported
from tapec.trace.arrays.demands import demand
from tapec.trace.arrays.operands import any_symbolic, as_tracer, unwrap
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.numpy.linalg import dot
from tapec.trace.numpy.select import where
from tapec.trace.numpy.shape import ravel, reshaped
from tapec.trace.numpy.ufunc_methods import at


@implements("cov")
def cov(m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: Any = None,
        fweights: Any = None, aweights: Any = None, *, dtype: Any = None) -> Any:  # fmt: skip
    """Covariances of variables: of the rows, unless `rowvar` is false."""
    x = _variables(m, not rowvar and as_tracer(m).ndim == 2, dtype)
    if y is not None:
        # NumPy turns a single row of more variables into no column.
        by_columns = not rowvar and as_tracer(y).ndim == 2 and as_tracer(y).shape[0] != 1
        x = TABLE["concatenate"]([x, _variables(y, by_columns, dtype)], 0)
    ddof = (0 if bias else 1) if ddof is None else ddof
    weights: list[Any] = [as_tracer(w) for w in (fweights, aweights) if w is not None]
    if not weights:
        count, total = x.shape[1], x.shape[1] - ddof
        deviation = x - TABLE["mean"](x, axis=1, keepdims=True)
        scaled = deviation
    else:
        w = weights[0] * 1.0 if len(weights) == 1 else weights[0] * weights[1]
        count = np.sum(w)
        deviation = x - TABLE["sum"](x * w, axis=1, keepdims=True) / count
        scaled = deviation * w
        total = count - ddof
        if ddof and aweights is not None:
            total = count - ddof * np.sum(w * as_tracer(aweights)) / count
    made: Any = dot(deviation, TABLE["transpose"](scaled))
    return TABLE["squeeze"](made * _reciprocal(total))


def _reciprocal(total: Any) -> Any:
    """One over the degrees of freedom; infinite where there are none."""
    if isinstance(total, Tracer):
        return 1.0 / TABLE["maximum"](total, 0.0)
    return 1.0 / float(total) if total > 0 else math.inf


def _variables(m: Any, by_columns: bool, dtype: Any) -> Any:
    x = as_tracer(m)
    if x.ndim > 2:
        raise ValueError("m has more than 2 dimensions")
    if dtype is not None and np.dtype(dtype).kind != "f":
        raise unsupported(np.cov, f" with dtype={np.dtype(dtype)}")
    x = TABLE["astype"](x, dtype or (x.dtype if x._dtype == "f64" else float))
    x = reshaped(x, (1, x.size)) if x.ndim < 2 else x
    return TABLE["transpose"](x) if by_columns else x


@implements("corrcoef")
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    """Correlations of variables."""
    c = cov(x, y, rowvar, dtype=dtype)
    if not c.ndim:
        return c / c
    size = TABLE["sqrt"](TABLE["diag"](c))
    return TABLE["clip"](c / size[:, None] / size[None, :], -1.0, 1.0)


# -- counting ------------------------------------------------------------------------------


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
    inside = (x[:, None] >= edges[:-1]) & (x[:, None] < edges[1:])
    last = np.arange(edges.size - 1) == edges.size - 2
    inside = inside | (last & TABLE["equal"](x, edges[edges.size - 1])[:, None])
    if weights is None:
        counts = TABLE["sum"](inside, axis=0)
    else:
        w = ravel(weights)
        counts = TABLE["sum"](where(inside, w[:, None], np.zeros((), w.dtype)), axis=0)
        counts = TABLE["astype"](counts, w.dtype, copy=False)
    if density:
        widths = TABLE["astype"](edges[1:] - edges[:-1], float)
        counts = counts / widths / TABLE["sum"](counts)
    return counts, edges


def _edges(x: Any, bins: Any, bounds: Any) -> Any:
    if isinstance(bins, str):
        raise unsupported(np.histogram, f" with bins={bins!r}")
    if np.ndim(bins):
        edges = as_tracer(bins)
        if edges._storage.array is not None and (np.diff(edges._array) < 0).any():
            raise ValueError("`bins` must increase monotonically, when an array")
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


# -- functions along axes ------------------------------------------------------------------

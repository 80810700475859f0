"""Statistics of samples, and functions applied along axes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tapec.trace.arrays.cures import unsupported
from tapec.trace.arrays.operands import as_tracer
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.numpy.linalg import dot
from tapec.trace.numpy.shape import reshaped


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


# -- functions along axes ------------------------------------------------------------------

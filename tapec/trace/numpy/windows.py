"""Windows, grids of frequencies and orders that depend on traced values."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.trace.arrays.operands import as_array, as_tracer
from tapec.trace.arrays.table import TABLE, implements


@implements("kaiser")
def kaiser(M: Any, beta: Any) -> Any:
    """``np.kaiser`` of a traced shape parameter."""
    count = int(M)
    if count <= 1:
        return np.ones(max(count, 0))
    half = (count - 1) / 2.0
    places = np.sqrt(1.0 - ((np.arange(count) - half) / half) ** 2)
    beta = as_tracer(beta)
    return TABLE["i0"](beta * places) / TABLE["i0"](beta * 1.0)


@implements("fft.fftfreq")
def fftfreq(n: Any, d: Any = 1.0, device: Any = None) -> Any:
    """``np.fft.fftfreq`` of a traced spacing."""
    return np.fft.fftfreq(int(n)) / as_tracer(d)


@implements("fft.rfftfreq")
def rfftfreq(n: Any, d: Any = 1.0, device: Any = None) -> Any:
    """``np.fft.rfftfreq`` of a traced spacing."""
    return np.fft.rfftfreq(int(n)) / as_tracer(d)


@implements("histogram_bin_edges")
def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    """The edges of ``np.histogram``."""
    return TABLE["histogram"](a, bins, range, None, weights)[1]


@implements("sort_complex")
def sort_complex(a: Any) -> Any:
    """Real numbers in order, as complex ones."""
    return TABLE["sort"](TABLE["multiply"](as_array(a), 1.0)) + 0j

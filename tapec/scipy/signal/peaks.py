"""Peaks at known positions: how far they stand out, and how wide they are, of traced signals."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np
from scipy import signal

from tapec.scipy.registry import constant, floats, refuses, translates

refuses(
    "how many there are depends on values: find them outside, pass the positions, index the signal",
    signal.find_peaks,
    signal.find_peaks_cwt,
    signal.argrelmax,
    signal.argrelmin,
    signal.argrelextrema,
)


def _positions(peaks: Any, name: str) -> list[int]:
    cure = "find the peaks outside and pass their positions"
    return [int(p) for p in constant(peaks, f"scipy.signal.{name} with traced peaks", cure)]


def _lowest(side: Any) -> tuple[Any, Any]:
    """The least of the samples before one is higher than the first, and how far away it is."""
    below = np.where(np.cumsum(side > side[0]) == 0, side, np.inf)
    return np.min(below), np.argmin(below)


def _sides(x: Any, peak: int, wlen: Any) -> tuple[Any, Any]:
    """The samples from a peak on to the left and to the right, within a window."""
    reach = x.shape[0] if wlen is None or ceil(wlen) < 2 else ceil(wlen) // 2
    return x[max(peak - reach, 0) : peak + 1][::-1], x[peak : peak + reach + 1]


@translates(signal.peak_prominences)
def _peak_prominences(x: Any, peaks: Any, wlen: Any = None) -> tuple[Any, Any, Any]:
    """Prominences and the positions of the bases to the left and to the right."""
    x = floats(x)
    rows = []
    for peak in _positions(peaks, "peak_prominences"):
        (left, before), (right, behind) = map(_lowest, _sides(x, peak, wlen))
        rows.append((x[peak] - np.maximum(left, right), peak - before, peak + behind))
    prominences, lefts, rights = (np.stack(column) for column in zip(*rows, strict=True))
    return prominences, lefts, rights


@translates(signal.peak_widths)
def _peak_widths(
    x: Any, peaks: Any, rel_height: Any = 0.5, prominence_data: Any = None, wlen: Any = None
) -> tuple[Any, Any, Any, Any]:
    """Widths, the heights at which they are taken, and both ends."""
    x = floats(x)
    found = _peak_prominences(x, peaks, wlen) if prominence_data is None else prominence_data
    rows = []
    for k, peak in enumerate(_positions(peaks, "peak_widths")):
        height = x[peak] - found[0][k] * rel_height
        sides = x[peak::-1], x[peak:]
        reaches = peak - found[1][k], found[2][k] - peak
        before, behind = (_crossed(s, height, r) for s, r in zip(sides, reaches, strict=True))
        rows.append((before + behind, height, peak - before, peak + behind))
    widths, heights, lefts, rights = (np.stack(column) for column in zip(*rows, strict=True))
    return widths, heights, lefts, rights


def _crossed(side: Any, height: Any, reach: Any) -> Any:
    """How far away a side falls to a height, at most to its base."""
    falls = np.append(side <= height, True)
    steps = np.minimum(np.argmax(falls), reach)
    low, high = side[steps], side[np.maximum(steps - 1, 0)]
    crosses = low < height
    rest = (height - low) / np.where(crosses, high - low, 1.0)
    return steps - np.where(crosses, rest, 0.0)

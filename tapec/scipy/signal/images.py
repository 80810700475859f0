"""Convolutions and rank filters of images."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from scipy import signal

from tapec.scipy.registry import constant, translates
from tapec.trace.complex.fourier import as_array
from tapec.trace.complex.signal import convolve
from tapec.trace.tuning import DIRECT_CONVOLUTION
from tapec.tree import is_complex

_BORDERS: dict[str, dict[str, Any]] = {
    "wrap": {"mode": "wrap"}, "circular": {"mode": "wrap"},
    "symm": {"mode": "symmetric"}, "symmetric": {"mode": "symmetric"},
    "fill": {}, "pad": {},
}  # fmt: skip
_MODES = ("full", "valid", "same")


def _images(in1: Any, in2: Any, mode: str, boundary: str, name: str) -> tuple[Any, Any]:
    a, b = as_array(in1), as_array(in2)
    if a.ndim != 2 or b.ndim != 2:
        raise ValueError(f"{name} inputs must both be 2-D arrays")
    if mode not in _MODES:
        raise ValueError("acceptable mode flags are 'valid', 'same', or 'full'")
    if boundary not in _BORDERS:
        raise ValueError("Acceptable boundary flags are 'fill', 'circular' (or 'wrap'), and "
                         "'symmetric' (or 'symm').")  # fmt: skip
    return a, b


def _swapped(a: Any, b: Any, mode: str) -> bool:
    """Whether the second image is the larger one, of which valid places are those of the first."""
    if mode != "valid":
        return False
    sizes = [*zip(a.shape, b.shape, strict=True)]
    if all(m >= n for m, n in sizes):
        return False
    if not all(m <= n for m, n in sizes):
        raise ValueError("For 'valid' mode, one must be at least as large as the other in every "
                         "dimension")  # fmt: skip
    return True


def _everywhere(a: Any, b: Any, boundary: str, fillvalue: Any) -> Any:
    """The convolution wherever the second image touches the first."""
    border = _BORDERS[boundary] or {"constant_values": fillvalue}
    return _inside(np.pad(a, [(n - 1, n - 1) for n in b.shape], **border), b)


def _inside(a: Any, b: Any) -> Any:
    """The convolution where the second image lies within the first: sums where it is small."""
    if prod(b.shape) > DIRECT_CONVOLUTION:
        return convolve(a, b, "valid")
    rows, columns = (m - n + 1 for m, n in zip(a.shape, b.shape, strict=True))
    total: Any = 0
    for i, j in np.ndindex(b.shape):
        r, c = b.shape[0] - 1 - i, b.shape[1] - 1 - j
        total = total + a[r : r + rows, c : c + columns] * b[i, j]
    return total


def _cut(full: Any, shape: Any, firsts: Any) -> Any:
    return full[tuple(slice(f, f + m) for f, m in zip(firsts, shape, strict=True))]


@translates(signal.convolve2d)
def _convolve2d(
    in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0
) -> Any:
    a, b = _images(in1, in2, mode, boundary, "convolve2d")
    if mode == "valid":
        return _inside(b, a) if _swapped(a, b, mode) else _inside(a, b)
    full = _everywhere(a, b, boundary, fillvalue)
    return full if mode == "full" else _cut(full, a.shape, [(n - 1) // 2 for n in b.shape])


@translates(signal.correlate2d)
def _correlate2d(
    in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0
) -> Any:
    a, b = _images(in1, in2, mode, boundary, "correlate2d")
    if _swapped(a, b, mode):
        return _inside(b, _mirrored(a))[::-1, ::-1]
    b = _mirrored(b)
    if mode == "valid":
        return _inside(a, b)
    full = _everywhere(a, b, boundary, fillvalue)
    return full if mode == "full" else _cut(full, a.shape, [n // 2 for n in b.shape])


def _mirrored(b: Any) -> Any:
    """The image with which a convolution is a correlation."""
    b = b[::-1, ::-1]
    return np.conjugate(b) if is_complex(b) else b


@translates(signal.sepfir2d)
def _sepfir2d(input: Any, hrow: Any, hcol: Any) -> Any:
    """Two filters of odd lengths, along rows and along columns; the border mirrors the image."""
    made = as_array(input)
    for axis, taps in ((1, hrow), (0, hcol)):
        taps = np.atleast_1d(as_array(taps))
        if not taps.shape[0] % 2:
            raise ValueError("hrow and hcol must be odd length")
        half = taps.shape[0] // 2
        shape = [1, 1]
        shape[axis] = taps.shape[0]
        width = [(half, half) if k == axis else (0, 0) for k in (0, 1)]
        made = _inside(np.pad(made, width, mode="symmetric"), taps.reshape(shape))
    return made


# -- ranks -----------------------------------------------------------------------------------------


@translates(signal.order_filter)
def _order_filter(a: Any, domain: Any, rank: int) -> Any:
    """The element of a rank among those that the domain covers, zeros beyond the border."""
    domain = constant(domain, "scipy.signal.order_filter with a traced domain",
                      "make the domain outside")  # fmt: skip
    if any(n % 2 != 1 for n in domain.shape):
        raise ValueError("Each dimension of domain argument should have an odd number of elements.")
    return _ranked(as_array(a), domain != 0, int(rank))


def _ranked(a: Any, covered: Any, rank: int) -> Any:
    padded = np.pad(a, [(n // 2, n // 2) for n in covered.shape])
    windows = np.lib.stride_tricks.sliding_window_view(padded, covered.shape)
    flat = windows.reshape((*a.shape, covered.size))[..., np.flatnonzero(covered)]
    return np.sort(flat, axis=-1)[..., rank]


def _sizes(kernel_size: Any, ndim: int) -> tuple[int, ...]:
    sizes = np.atleast_1d(3 if kernel_size is None else kernel_size)
    sizes = np.repeat(sizes, ndim) if sizes.size == 1 else sizes
    if any(n % 2 != 1 for n in sizes):
        raise ValueError("Each element of kernel_size should be odd.")
    return tuple(int(n) for n in sizes)


@translates(signal.medfilt)
def _medfilt(volume: Any, kernel_size: Any = None) -> Any:
    """Medians over windows, zeros beyond the border."""
    volume = np.atleast_1d(as_array(volume))
    covered = np.ones(_sizes(kernel_size, volume.ndim), bool)
    return _ranked(volume, covered, covered.size // 2)


@translates(signal.medfilt2d)
def _medfilt2d(input: Any, kernel_size: Any = 3) -> Any:
    """Medians over windows of an image, zeros beyond the border."""
    return _medfilt(input, kernel_size)

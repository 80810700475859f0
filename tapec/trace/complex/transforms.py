"""The Fourier transform of one axis: any length, zero padding, norms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tapec.ir.ops.fft import FFT, factors
from tapec.trace.arrays.table import TABLE
from tapec.trace.complex.array import pair, split
from tapec.trace.complex.products import bilinear
from tapec.trace.numpy.declared import made_by
from tapec.trace.numpy.shape import axis_of
from tapec.trace.tuning import MATRIX_TRANSFORM
from tapec.tree import is_complex


def resized(z: Any, n: int, axis: int) -> Any:
    """The first n elements along an axis, zeros where there are fewer."""
    have = z.shape[axis]
    if n < 1:
        raise ValueError(f"Invalid number of FFT data points ({n}) specified.")
    if have > n:
        return z[(slice(None),) * axis + (slice(0, n),)]
    if have == n:
        return z
    zeros = np.zeros((*z.shape[:axis], n - have, *z.shape[axis + 1 :]), z.real.dtype)
    return np.concatenate([z, zeros], axis)


def scale(norm: Any, n: float, inverse: bool) -> float:
    """The factor that a transform of this length has by its norm."""
    if norm not in (None, "backward", "ortho", "forward"):
        raise ValueError(f'Invalid norm value {norm}; should be "backward","ortho" or "forward".')
    if norm == "ortho":
        return 1.0 / math.sqrt(n)
    return 1.0 / n if (norm == "forward") != inverse else 1.0


def scaled(z: Any, factor: float) -> Any:
    """The product with a number, free of charge for 1."""
    return z if factor == 1.0 else z * factor


def forward(z: Any, axis: int) -> Any:
    """The transform of a real or complex array, without a factor."""
    n = z.shape[axis]
    if factors(n) is None and n > MATRIX_TRANSFORM:
        return _chirped(z, axis)
    re, im = split(z)
    if not is_complex(z):
        im = TABLE["zeros_like"](re, float if re.dtype.kind in "iub" else None)
    return pair(*made_by(FFT, re, im, axis=axis))


def backward(z: Any, axis: int) -> Any:
    """The conjugate transform, without a factor: parts are exchanged before and after."""
    re, im = split(z)
    if not is_complex(z):
        im = TABLE["zeros_like"](re)
    found = forward(pair(im, re), axis)
    return pair(found.imag, found.real)


def along(values: Any, ndim: int, axis: int) -> Any:
    """Numbers that go with an axis."""
    shape = [1] * ndim
    shape[axis] = len(values)
    return np.reshape(values, shape)


def times(z: Any, numbers: Any, axis: int) -> Any:
    """Elements along an axis times complex constants."""
    w, kind = along(numbers, z.ndim, axis), z.real.dtype
    whole = pair(np.array(w.real, kind), np.array(w.imag, kind))
    return bilinear(np.multiply, z, whole)


def _chirped(z: Any, axis: int) -> Any:
    """A length with large prime factors, as a convolution (Bluestein 1970)."""
    n = z.shape[axis]
    k = np.arange(n, dtype=np.int64)
    chirp = np.exp(-1j * np.pi * (k * k % (2 * n)) / n)
    m = 1 << (2 * n - 2).bit_length()
    filtered = np.zeros(m, complex)
    filtered[:n] = chirp.conj()
    filtered[m - n + 1 :] = chirp[1:][::-1].conj()
    spread = forward(resized(times(z, chirp, axis), m, axis), axis)
    found = backward(times(spread, np.fft.fft(filtered) / m, axis), axis)
    return times(resized(found, n, axis), chirp, axis)


def real_forward(x: Any, axis: int) -> Any:
    """The transform of a real array up to its middle: one of half the length, taken apart."""
    n = x.shape[axis]
    if n % 2 or n < 4:
        return resized(forward(x, axis), n // 2 + 1, axis)
    even, odd = _every_other(x, axis)
    z = forward(pair(even, odd), axis)
    z = np.concatenate([z, resized(z, 1, axis)], axis)
    mirrored = np.conjugate(np.flip(z, axis))
    half = (z + mirrored) * 0.5
    rest = z - mirrored
    roots = -0.5j * np.exp(-2j * np.pi * np.arange(n // 2 + 1) / n)
    return half + times(rest, roots, axis)


def _every_other(x: Any, axis: int) -> tuple[Any, Any]:
    before = (slice(None),) * axis
    return x[(*before, slice(0, None, 2))], x[(*before, slice(1, None, 2))]


def real_backward(z: Any, n: int, axis: int) -> Any:
    """The real array of length n whose transform up to its middle is given, times n."""
    h = n // 2
    z = resized(z, h + 1, axis)
    z = _hermitian_ends(z, n, axis)
    mirrored = np.conjugate(np.flip(z, axis))
    if n % 2 or n < 4:
        rest = _part(mirrored, axis, 0 if n % 2 else 1, -1)
        return +backward(np.concatenate([z, rest], axis), axis).real
    roots = 1j * np.exp(2j * np.pi * np.arange(h + 1) / n)
    whole = (z + mirrored) + times(z - mirrored, roots, axis)
    found = backward(_part(whole, axis, 0, h), axis)
    parts = np.stack([found.real, found.imag], axis + 1)
    return parts.reshape((*z.shape[:axis], n, *z.shape[axis + 1 :]))


def _part(z: Any, axis: int, start: int, stop: int) -> Any:
    return z[(slice(None),) * axis + (slice(start, stop),)]


def _hermitian_ends(z: Any, n: int, axis: int) -> Any:
    """The array without the imaginary parts that a real signal cannot have."""
    if not is_complex(z):
        return pair(z, TABLE["zeros_like"](z))
    kept = np.ones(z.shape[axis])
    kept[0] = 0.0
    if n % 2 == 0:
        kept[-1] = 0.0
    mask = along(kept, z.ndim, axis) != 0
    return pair(z.real, np.where(mask, z.imag, 0.0))


def checked_axis(z: Any, axis: int) -> int:
    """An axis as a number from the front."""
    return axis_of(axis, z.ndim)

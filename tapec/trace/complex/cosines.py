"""Discrete cosine and sine transforms of types 1 to 4, by Fourier transforms.

Definitions and norms are SciPy's; what is extended to be even or odd: Strang, The Discrete Cosine
Transform, SIAM Review 41, 1999.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.errors import UnsupportedOperation
from tapec.trace.arrays.session import where
from tapec.trace.complex.fourier import other, transform
from tapec.trace.complex.transforms import (
    checked_axis,
    forward,
    real_forward,
    resized,
    scale,
    scaled,
    times,
)

Plain = Callable[[Any, int], Any]  # a transform of the last axis, of length n
_INVERSE = {1: 1, 2: 3, 3: 2, 4: 4}


def _turn(numbers: Any, n: int) -> Any:
    """exp(-i pi k / 2n)."""
    return np.exp(-0.5j * np.pi * numbers / n)


def _weighted(x: Any, k: int, weight: float) -> Any:
    """The array with one element of the last axis multiplied."""
    weights = np.ones(x.shape[-1], x.dtype)
    weights[k] = weight
    return x * weights


def _cosine_1(x: Any, n: int) -> Any:
    return +real_forward(np.concatenate([x, x[..., -2:0:-1]], -1), x.ndim - 1).real


def _cosine_2(x: Any, n: int) -> Any:
    both = np.concatenate([x, np.flip(x, -1)], -1)
    found = resized(real_forward(both, x.ndim - 1), n, x.ndim - 1)
    return +times(found, _turn(np.arange(n), n), x.ndim - 1).real


def _cosine_3(x: Any, n: int) -> Any:
    last = x.ndim - 1
    turned = times(_weighted(x, 0, 0.5), _turn(np.arange(n), n), last)
    return 2.0 * resized(forward(resized(turned, 2 * n, last), last), n, last).real


def _cosine_4(x: Any, n: int) -> Any:
    return 2.0 * _fourth(x, n).real


def _fourth(x: Any, n: int) -> Any:
    last, k = x.ndim - 1, np.arange(n)
    turned = resized(times(x, _turn(k, n), last), 2 * n, last)
    return times(resized(forward(turned, last), n, last), _turn(k + 0.5, n), last)


def _sine_1(x: Any, n: int) -> Any:
    zero = np.zeros((*x.shape[:-1], 1), x.dtype)
    odd = np.concatenate([zero, x, zero, -np.flip(x, -1)], -1)
    return -real_forward(odd, x.ndim - 1).imag[..., 1 : n + 1]


def _sine_2(x: Any, n: int) -> Any:
    last, k = x.ndim - 1, np.arange(1, n + 1)
    found = real_forward(resized(x, 2 * n, last), last)[..., 1 : n + 1]
    return -2.0 * times(found, _turn(k, n), last).imag


def _sine_3(x: Any, n: int) -> Any:
    last, k = x.ndim - 1, np.arange(1, n + 1)
    turned = times(_weighted(x, -1, 0.5), _turn(k, n), last)
    zero = np.zeros((*x.shape[:-1], 1), x.dtype)
    padded = resized(np.concatenate([zero, turned], -1), 2 * n, last)
    return -2.0 * resized(forward(padded, last), n, last).imag


def _sine_4(x: Any, n: int) -> Any:
    return -2.0 * _fourth(x, n).imag


# By type: the transform, the length of its norm less n, the element that "ortho" treats apart
# before, after, or on both sides.
_COSINES: dict[int, tuple[Plain, int]] = {
    1: (_cosine_1, -1), 2: (_cosine_2, 0), 3: (_cosine_3, 0), 4: (_cosine_4, 0)
}  # fmt: skip
_SINES: dict[int, tuple[Plain, int]] = {
    1: (_sine_1, 1), 2: (_sine_2, 0), 3: (_sine_3, 0), 4: (_sine_4, 0)
}  # fmt: skip
_ROOT = math.sqrt(2.0)


def _transformed(
    kinds: dict[int, tuple[Plain, int]], end: int, x: Any, type: int, n: Any, axis: int, norm: Any,
    orthogonalize: Any,
) -> Any:  # fmt: skip
    """A transform of either family; `end` is the element at the end where cosines are even."""
    if type not in kinds:
        raise ValueError("invalid transform type")
    if np.iscomplexobj(x):
        raise UnsupportedOperation(
            "a cosine or sine transform of complex numbers",
            where=where(),
            hint="transform z.real and z.imag",
        )
    if x.dtype.kind != "f":
        x = x * 1.0
    axis = checked_axis(x, axis)
    x = resized(x, x.shape[axis] if n is None else n, axis)
    x = np.moveaxis(x, axis, -1)
    n = x.shape[-1]
    ortho = norm == "ortho" if orthogonalize is None else orthogonalize
    cosines = kinds is _COSINES
    if type == 1 and cosines and n < 2:
        raise ValueError("DCT-I is not defined for size < 2")
    function, more = kinds[type]
    ends = {1: (0, -1) if cosines else (), 2: (end,), 3: (end,), 4: ()}[type]
    if ortho and type in (1, 3):
        for k in ends:
            x = _weighted(x, k, _ROOT)
    made = function(x, n)
    if ortho and type in (1, 2):
        for k in ends:
            made = _weighted(made, k, 1.0 / _ROOT)
    length = 2.0 * (n + more)
    return np.moveaxis(scaled(made, scale(norm, length, False)), -1, axis)


@transform("dct")
def dct(x: Any, type: int = 2, n: Any = None, axis: int = -1, norm: Any = None, *,
        orthogonalize: Any = None) -> Any:  # fmt: skip
    """``scipy.fft.dct``."""
    return _transformed(_COSINES, 0, x, type, n, axis, norm, orthogonalize)


@transform("dst")
def dst(x: Any, type: int = 2, n: Any = None, axis: int = -1, norm: Any = None, *,
        orthogonalize: Any = None) -> Any:  # fmt: skip
    """``scipy.fft.dst``."""
    return _transformed(_SINES, -1, x, type, n, axis, norm, orthogonalize)


@transform("idct")
def idct(x: Any, type: int = 2, n: Any = None, axis: int = -1, norm: Any = None, *,
         orthogonalize: Any = None) -> Any:  # fmt: skip
    """``scipy.fft.idct``."""
    return dct(x, _INVERSE[type], n, axis, other(norm), orthogonalize=orthogonalize)


@transform("idst")
def idst(x: Any, type: int = 2, n: Any = None, axis: int = -1, norm: Any = None, *,
         orthogonalize: Any = None) -> Any:  # fmt: skip
    """``scipy.fft.idst``."""
    return dst(x, _INVERSE[type], n, axis, other(norm), orthogonalize=orthogonalize)


def _of_axes(name: str, one: Callable[..., Any]) -> None:
    def function(x: Any, type: int = 2, s: Any = None, axes: Any = None, norm: Any = None, *,
                 orthogonalize: Any = None) -> Any:  # fmt: skip
        axes = axes if axes is not None else range(x.ndim) if s is None else range(-len(s), 0)
        axes = [axes] if isinstance(axes, int) else list(axes)
        for k, axis in enumerate(axes):
            n = None if s is None else s[k]
            x = one(x, type, n, axis, norm, orthogonalize=orthogonalize)
        return x

    transform(name)(function)


for _name, _one in (("dctn", dct), ("dstn", dst), ("idctn", idct), ("idstn", idst)):
    _of_axes(_name, _one)

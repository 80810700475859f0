"""NumPy's and SciPy's Fourier transforms, of traced real and complex arrays."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapec.trace.arrays.table import TABLE
from tapec.trace.complex.array import RULES, holds_complex
from tapec.trace.complex.options import IDLE
from tapec.trace.complex.transforms import (
    backward,
    checked_axis,
    forward,
    real_backward,
    real_forward,
    resized,
    scale,
    scaled,
)
from tapec.trace.numpy.conversions import asarray
from tapec.tree import is_complex


def transform(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a transform for real and for complex arrays."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        def given(x: Any, *args: Any, **kwargs: Any) -> Any:
            named = {k: v for k, v in kwargs.items() if k not in IDLE}
            return function(as_array(x), *args, **named)

        known = inspect.signature(function)
        idle = [inspect.Parameter(k, inspect.Parameter.KEYWORD_ONLY, default=None) for k in IDLE]
        given.__signature__ = known.replace(parameters=[*known.parameters.values(), *idle])  # type: ignore[attr-defined]
        given.__name__ = name
        TABLE[f"fft.{name}"] = RULES[f"fft.{name}"] = given
        return function

    return register


def as_array(x: Any) -> Any:
    """A signal as an array, real or complex."""
    if is_complex(x):
        return x
    return RULES["array"](x) if holds_complex(x) else asarray(x)


# -- one axis --------------------------------------------------------------------------------------


@transform("fft")
def fft(a: Any, n: int | None = None, axis: int = -1, norm: Any = None) -> Any:
    """``fft.fft``."""
    axis = checked_axis(a, axis)
    n = a.shape[axis] if n is None else n
    return scaled(forward(resized(a, n, axis), axis), scale(norm, n, False))


@transform("ifft")
def ifft(a: Any, n: int | None = None, axis: int = -1, norm: Any = None) -> Any:
    """``fft.ifft``."""
    axis = checked_axis(a, axis)
    n = a.shape[axis] if n is None else n
    return scaled(backward(resized(a, n, axis), axis), scale(norm, n, True))


@transform("rfft")
def rfft(a: Any, n: int | None = None, axis: int = -1, norm: Any = None) -> Any:
    """``fft.rfft``: of real arrays, up to the middle."""
    _check_real(a, "rfft")
    axis = checked_axis(a, axis)
    n = a.shape[axis] if n is None else n
    return scaled(real_forward(resized(a, n, axis), axis), scale(norm, n, False))


@transform("irfft")
def irfft(a: Any, n: int | None = None, axis: int = -1, norm: Any = None) -> Any:
    """``fft.irfft``: the real array with this transform."""
    axis = checked_axis(a, axis)
    n = 2 * (a.shape[axis] - 1) if n is None else n
    if n < 1:
        raise ValueError(f"Invalid number of FFT data points ({n}) specified.")
    return scaled(real_backward(a, n, axis), scale(norm, n, True))


def other(norm: Any) -> Any:
    """The norm of the transform that goes the other way; `scale` refuses unknown ones."""
    return {None: "forward", "backward": "forward", "forward": "backward"}.get(norm, norm)


@transform("hfft")
def hfft(a: Any, n: int | None = None, axis: int = -1, norm: Any = None) -> Any:
    """``fft.hfft``: of a signal that is Hermitian, whose transform is real."""
    return irfft(np.conjugate(a), n, axis, other(norm))


@transform("ihfft")
def ihfft(a: Any, n: int | None = None, axis: int = -1, norm: Any = None) -> Any:
    """``fft.ihfft``."""
    return np.conjugate(rfft(a, n, axis, other(norm)))


def _check_real(a: Any, name: str) -> None:
    if is_complex(a):
        raise TypeError(f"fft.{name} takes real arrays")


# -- several axes ----------------------------------------------------------------------------------


def _shape_and_axes(a: Any, s: Any, axes: Any) -> tuple[list[int], list[int]]:
    """The lengths along the transformed axes, and these; -1 keeps a length."""
    if axes is None:
        axes = range(a.ndim) if s is None else range(a.ndim - len(s), a.ndim)
    found = [checked_axis(a, k) for k in axes]
    if s is None:
        return [a.shape[k] for k in found], found
    lengths = [a.shape[k] if n == -1 or n is None else n for n, k in zip(s, found, strict=True)]
    return lengths, found


def _each(one: Callable[..., Any], a: Any, s: Sequence[int], axes: Sequence[int], norm: Any) -> Any:
    for n, axis in zip(reversed(s), reversed(axes), strict=True):
        a = one(a, n, axis, norm)
    return a


@transform("fftn")
def fftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """``fft.fftn``."""
    return _each(fft, a, *_shape_and_axes(a, s, axes), norm)


@transform("ifftn")
def ifftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """``fft.ifftn``."""
    return _each(ifft, a, *_shape_and_axes(a, s, axes), norm)


@transform("rfftn")
def rfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """``fft.rfftn``: the last axis up to its middle."""
    lengths, found = _shape_and_axes(a, s, axes)
    a = rfft(a, lengths[-1], found[-1], norm)
    return _each(fft, a, lengths[:-1], found[:-1], norm)


@transform("irfftn")
def irfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """``fft.irfftn``."""
    lengths, found = _shape_and_axes(a, s, axes)
    if s is None or s[-1] in (-1, None):
        lengths[-1] = 2 * (a.shape[found[-1]] - 1)
    for n, axis in zip(lengths[:-1], found[:-1], strict=True):
        a = ifft(a, n, axis, norm)
    return irfft(a, lengths[-1], found[-1], norm)


@transform("hfftn")
def hfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """``scipy.fft.hfftn``: of a signal that is Hermitian in its last axis."""
    return irfftn(np.conjugate(a), s, axes, other(norm))


@transform("ihfftn")
def ihfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """``scipy.fft.ihfftn``."""
    return np.conjugate(rfftn(a, s, axes, other(norm)))


def _of_two(name: str, of_all: Callable[..., Any]) -> None:
    def function(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None) -> Any:
        return of_all(a, s, axes, norm)

    transform(name)(function)


for _name, _function in (
    *(("fft2", fftn), ("ifft2", ifftn), ("rfft2", rfftn), ("irfft2", irfftn)),
    *(("hfft2", hfftn), ("ihfft2", ihfftn)),
):
    _of_two(_name, _function)


# -- order of frequencies --------------------------------------------------------------------------


def _shifts(a: Any, axes: Any, sign: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    axes = range(a.ndim) if axes is None else (axes,) if isinstance(axes, int) else axes
    return tuple(sign * (a.shape[k] // 2) for k in axes), tuple(axes)


@transform("fftshift")
def fftshift(x: Any, axes: Any = None) -> Any:
    """``fft.fftshift``: the frequency 0 in the middle."""
    return np.roll(x, *_shifts(x, axes, 1))


@transform("ifftshift")
def ifftshift(x: Any, axes: Any = None) -> Any:
    """``fft.ifftshift``."""
    return np.roll(x, *_shifts(x, axes, -1))

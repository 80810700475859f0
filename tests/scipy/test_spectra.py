"""Spectra and resampling of traced signals, as SciPy computes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.fft
import scipy.signal as ss
from support.sampling import sampled

import tapec

X = np.random.default_rng(3).random(192)
D = np.random.default_rng(4).standard_normal(192)

PROGRAMS: dict[str, Callable[[Any], Any]] = {
    "welch": lambda x: ss.welch(x, nperseg=64)[1],
    "welch by medians": lambda x: ss.welch(x, 2.0, nperseg=32, average="median")[1],
    "periodogram": lambda x: ss.periodogram(x, window="hann", detrend="linear")[1],
    "csd": lambda x: ss.csd(x, x[::-1] ** 2, nperseg=64)[1].real,
    "coherence": lambda x: ss.coherence(x, x[::-1] ** 2, nperseg=48)[1],
    "spectrogram": lambda x: ss.spectrogram(x, nperseg=64)[2],
    "stft": lambda x: np.abs(ss.stft(x, nperseg=48)[2]),
    "istft": lambda x: ss.istft(ss.stft(x, nperseg=48)[2] ** 2, nperseg=48)[1],
    "resample": lambda x: ss.resample(x, 100),
    "overwrite_x": lambda x: scipy.fft.irfft(scipy.fft.rfft(x, workers=1) ** 2, overwrite_x=True),
}


@pytest.mark.parametrize("name", sampled(PROGRAMS, 3))
def test_values_and_gradients(name: str) -> None:
    f = PROGRAMS[name]
    want = f(X)
    np.testing.assert_allclose(tapec.compile(f)(X), want, rtol=1e-10, atol=1e-12)
    w = np.cos(np.arange(want.size)).reshape(want.shape)

    def h(x: Any) -> Any:
        return np.sum(w * f(x) ** 2)

    e = 1e-6
    slope = (h(X + e * D) - h(X - e * D)) / (2 * e)
    assert tapec.grad(h)(X) @ D == pytest.approx(slope, rel=2e-6, abs=1e-9)


@pytest.mark.parametrize("width", [1, ((1, 2), (0, 3)), (2, 1)], ids=str)
@pytest.mark.parametrize(
    "values", [(1.0, 2.0), ((1.0, 2.0), (3.0, 4.0)), [[5.0, 6.0]], ((1,), (2,))]
)
def test_pad_by_several_numbers(values: Any, width: Any) -> None:
    x = np.arange(6.0).reshape(2, 3)

    def f(x: Any) -> Any:
        return np.pad(x, width, constant_values=values)

    assert np.array_equal(tapec.compile(f)(x), f(x))


def test_pad_by_traced_numbers() -> None:
    def f(x: Any) -> Any:
        return np.sum(np.pad(x, 2, constant_values=(x[0] ** 2, 3.0)) ** 2)

    x = np.array([1.5, -0.5])
    assert tapec.compile(f)(x) == f(x)
    np.testing.assert_allclose(tapec.grad(f)(x), [2 * 1.5 + 8 * 1.5**3, -1.0])


def test_windows_are_not_written() -> None:
    def f(x: Any) -> Any:
        w = np.lib.stride_tricks.sliding_window_view(x, 3, writeable=True)
        w[0] = 5.0
        return w.sum()

    with pytest.raises(tapec.errors.TraceError, match=r"read-only(.|\n)*test_spectra\.py"):
        tapec.compile(f)(np.arange(6.0))

"""Filters there and back, convolutions of images, changes of rate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import signal
from support.sampling import sampled
from support.scipy_cases import check

import tapec
from tapec.errors import UnsupportedOperation

RNG = np.random.default_rng(9)
X, ROWS = RNG.normal(size=16), RNG.normal(size=(2, 16))
B, A = signal.butter(2, 0.3)
SOS = signal.butter(4, 0.4, output="sos")
IMAGE, KERNEL = RNG.normal(size=(5, 6)), RNG.normal(size=(3, 2))

CASES: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "lfilter_zi": (lambda a: signal.lfilter_zi(B, np.concatenate([np.ones(1), a])), A[1:]),
    "lfilter_zi scaled": (lambda a: signal.lfilter_zi(a, [2.0, -0.4]), [1.0, 0.3, 0.2]),
    "sosfilt_zi": (lambda x: signal.sosfilt_zi(SOS * x), 1.0 + 0.0 * SOS),
    "filtfilt": (lambda x: signal.filtfilt(B, A, x), X),
    "filtfilt rows": (lambda x: signal.filtfilt(B, A, x, axis=0, padlen=3), ROWS.T),
    "filtfilt even": (lambda x: signal.filtfilt(B, A, x, padtype="even", padlen=4), ROWS),
    "filtfilt constant": (lambda x: signal.filtfilt(B, A, x, padtype="constant"), X),
    "filtfilt plain": (lambda x: signal.filtfilt(B, A, x, padtype=None), X),
    "filtfilt coefficients": (lambda b: signal.filtfilt(b, A, X), B),
    "sosfiltfilt": (lambda x: signal.sosfiltfilt(SOS, x, padlen=5), X),
    "convolve2d": (lambda x: signal.convolve2d(x, KERNEL), IMAGE),
    "convolve2d same": (lambda x: signal.convolve2d(x, KERNEL, "same"), IMAGE),
    "convolve2d valid": (lambda k: signal.convolve2d(IMAGE, k, "valid"), KERNEL),
    "convolve2d wrap": (lambda x: signal.convolve2d(x, KERNEL, "same", "wrap"), IMAGE),
    "convolve2d symm": (lambda x: signal.convolve2d(x, KERNEL, "full", "symm"), IMAGE),
    "upfirdn": (lambda x: signal.upfirdn([0.5, 1.0, 0.2], x, 3, 2), X),
    "upfirdn rows": (lambda x: signal.upfirdn([0.5, 1.0], x, 2, 1, axis=0), ROWS),
    "upfirdn filter": (lambda h: signal.upfirdn(h, X, 1, 3), [0.5, 1.0, 0.2]),
}


@pytest.mark.parametrize("name", sampled(CASES, 6))
def test_values_and_derivatives(name: str) -> None:
    f, x = CASES[name]
    check(f, np.asarray(x), second=name == "filtfilt coefficients", tolerance=1e-6)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: signal.filtfilt(B, A, x, method="gust"),
        lambda x: signal.upfirdn(np.ones(99), x, mode="wrap"),
        lambda x: signal.find_peaks(x),
    ],
)
def test_options_without_translation(f: Callable[..., Any]) -> None:
    with pytest.raises(UnsupportedOperation, match=r"scipy\.signal\.") as caught:
        tapec.compile(f)(X)
    assert caught.value.where is not None


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_other_element_types(kind: type) -> None:
    x, coefficients = (10 * X).astype(kind), np.array([2, 1], kind)
    for f, given in (
        (signal.lfilter_zi, (coefficients, coefficients[::-1] * 3)),
        (signal.filtfilt, (coefficients, coefficients[::-1] * 3, x)),
        (signal.lfilter, (coefficients[:1], coefficients * 2, x)),
        (signal.upfirdn, (coefficients, x, 2)),
    ):
        made, want = tapec.compile(lambda *a, f=f: f(*a))(*given), f(*given)
        assert made.dtype == want.dtype, f
        np.testing.assert_allclose(made, want, rtol=2e-5, atol=1e-4)

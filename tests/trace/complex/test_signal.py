"""Convolutions and filters of scipy.signal: values are SciPy's, adjoints fit the tangents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.signal

import tapec

RNG = np.random.default_rng(9)
X, H = RNG.standard_normal(40), RNG.standard_normal(7)
A, B = RNG.standard_normal((6, 9)), RNG.standard_normal((3, 4))
SOS = scipy.signal.butter(4, 0.3, output="sos")
NUM, DEN = scipy.signal.butter(3, 0.4)
ZI = RNG.standard_normal(3)

PROGRAMS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    **{
        f"{name} {mode}": (
            lambda x, h, _n=name, _m=mode: getattr(scipy.signal, _n)(x, h, mode=_m),
            (X, H),
        )
        for name in ("convolve", "correlate", "fftconvolve")
        for mode in ("full", "same", "valid")
    },
    "short first": (lambda h, x: scipy.signal.convolve(h, x, mode="valid"), (H, X)),
    "short first correlated": (lambda h, x: scipy.signal.correlate(h, x, mode="valid"), (H, X)),
    "complex": (lambda x, h: scipy.signal.fftconvolve(x * 1j, h + 2j), (X, H)),
    "complex correlated": (lambda x, h: scipy.signal.correlate(x + 1j, h * 2j, "same"), (X, H)),
    "images": (lambda a, b: scipy.signal.convolve(a, b, mode="same"), (A, B)),
    "rows": (lambda a, b: scipy.signal.fftconvolve(a, b[:1] * np.ones((6, 1)), axes=1), (A, B)),
    "lfilter": (lambda x: scipy.signal.lfilter(NUM, DEN, x), (X,)),
    "coefficients": (lambda b, a, x: scipy.signal.lfilter(b, a, x), (NUM, DEN, X)),
    "columns": (lambda a: scipy.signal.lfilter(NUM, DEN, a, axis=0), (A,)),
    "with a state": (lambda x, z: scipy.signal.lfilter(NUM, DEN, x, zi=z), (X, ZI)),
    "short, with a state": (lambda x, z: scipy.signal.lfilter(NUM, DEN, x, zi=z), (X[:2], ZI)),
    "moving average": (lambda x, h: scipy.signal.lfilter(h, 2.0 * np.ones(1), x), (X, H)),
    "sosfilt": (lambda x: scipy.signal.sosfilt(SOS, x), (X,)),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_values_and_derivatives(name: str) -> None:
    f, args = PROGRAMS[name]
    kernel, want = tapec.compile(f, backend="numpy"), f(*args)
    got = kernel(*args)
    for a, b in zip(got, want, strict=True) if isinstance(want, tuple) else [(got, want)]:
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)
        assert a.dtype == b.dtype

    def score(*xs: Any) -> Any:
        found = f(*xs)
        found = found[0] if isinstance(found, tuple) else found
        return np.sum(np.abs(found) ** 2)

    along = [RNG.standard_normal(a.shape) for a in args]
    grads = tapec.grad(tapec.compile(score, backend="numpy"), argnums=tuple(range(len(args))))(
        *args
    )
    h = 1e-5
    moved = [score(*(a + s * h * d for a, d in zip(args, along, strict=True))) for s in (1, -1)]
    slope = sum(float(np.sum(g * d)) for g, d in zip(grads, along, strict=True))
    np.testing.assert_allclose(slope, (moved[0] - moved[1]) / (2 * h), rtol=1e-6)


def test_filters_run_natively() -> None:
    kernel = tapec.compile(lambda x: scipy.signal.lfilter(NUM, DEN, x), backend="llvm")
    np.testing.assert_allclose(kernel(X), scipy.signal.lfilter(NUM, DEN, X), rtol=1e-10)


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="mode"):
        tapec.compile(lambda x, h: scipy.signal.convolve(x, h, mode="no"))(X, H)
    with pytest.raises(ValueError, match="all ones"):
        tapec.compile(lambda x: scipy.signal.sosfilt(2 * SOS, x))(X)

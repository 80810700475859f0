"""Fourier, cosine and sine transforms: NumPy's and SciPy's values, exact adjoints, native code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.fft

import tapec

RNG = np.random.default_rng(4)
LENGTHS = (1, 2, 3, 4, 5, 8, 11, 37, 74)


def signal(n: int, real: bool) -> Any:
    """Random samples."""
    x = RNG.standard_normal(n)
    return x if real else x + 1j * RNG.standard_normal(n)


def of_numpy(name: str, **options: Any) -> Callable[[Any], Any]:
    return lambda z: getattr(np.fft, name)(z, **options)


def of_scipy(name: str, **options: Any) -> Callable[[Any], Any]:
    return lambda x: getattr(scipy.fft, name)(x, **options)


ONE: dict[str, tuple[Callable[[Any], Any], bool]] = {
    **{name: (of_numpy(name), False) for name in ("fft", "ifft", "irfft", "hfft")},
    **{f"{name} of reals": (of_numpy(name), True) for name in ("fft", "ifft", "rfft", "ihfft")},
    "orthonormal": (of_numpy("fft", norm="ortho"), False),
    "forward": (of_numpy("ifft", norm="forward"), False),
    "padded": (of_numpy("fft", n=13), False),
    "odd": (of_numpy("irfft", n=9), False),
    "even": (of_numpy("irfft", n=10, norm="ortho"), False),
    "of SciPy": (of_scipy("rfft", overwrite_x=True), True),
    **{
        f"{name} {type} {norm}": (of_scipy(name, type=type, norm=norm), True)
        for name in ("dct", "dst", "idct", "idst")
        for type in (1, 2, 3, 4)
        for norm in (None, "ortho")
    },
}


@pytest.mark.parametrize("name", ONE)
def test_values_of_one_axis(name: str) -> None:
    f, real = ONE[name]
    kernel = tapec.compile(f, backend="numpy")
    for n in LENGTHS if "d" not in name.split()[0][:2] else LENGTHS[1::3]:
        x = signal(n, real)
        try:
            want = f(x)
        except (ValueError, RuntimeError):
            continue
        got = kernel(x)
        assert got.dtype == want.dtype
        np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-12)


A = RNG.standard_normal((4, 6, 8))
SEVERAL = ("fftn", "ifftn", "fft2", "ifft2", "rfftn", "rfft2", "irfftn", "irfft2", "fftshift",
           "ifftshift")  # fmt: skip


@pytest.mark.parametrize("name", SEVERAL)
def test_values_of_several_axes(name: str) -> None:
    x = A if name.startswith("rf") else A + 1j * A[::-1]
    f = of_numpy(name)
    np.testing.assert_allclose(tapec.compile(f, backend="numpy")(x), f(x), atol=1e-12)


def test_cosines_of_several_axes_and_the_interpreter() -> None:
    f = of_scipy("dctn", norm="ortho")
    np.testing.assert_allclose(tapec.compile(f, backend="numpy")(A), f(A), atol=1e-12)


def inner(a: Any, b: Any) -> float:
    return float(np.sum((np.conj(a) * b).real))


@pytest.mark.parametrize(
    "name", ["fft", "irfft", "fft of reals", "rfft of SciPy", "padded", "dst 3 None"]
)
def test_adjoints_are_exact(name: str) -> None:
    f, real = ONE.get(name, ONE["of SciPy"])
    x, d = signal(12, real), signal(12, real)
    f = tapec.compile(f, backend="numpy")
    value, along = tapec.jvp(f, (x,), (d,))
    np.testing.assert_allclose(along, f(d), atol=1e-12)  # it is linear
    ct = signal(value.size, not np.iscomplexobj(value)).reshape(value.shape)
    (back,) = tapec.vjp(f, x)[1](ct)
    np.testing.assert_allclose(inner(ct, along), inner(back, d), rtol=1e-12)


@pytest.mark.parametrize(("shape", "axis"), [((60,), 0), ((64,), 0), ((3, 16), 1), ((16, 3), 0)])
def test_native_code_of_transforms(shape: tuple[int, ...], axis: int) -> None:
    z = RNG.standard_normal(shape) + 1j * RNG.standard_normal(shape)
    kernel = tapec.compile(of_numpy("fft", axis=axis), backend="llvm")
    np.testing.assert_allclose(kernel(z), np.fft.fft(z, axis=axis), atol=1e-12)


def test_gradients_and_hessians_through_spectra() -> None:
    weights = np.arange(9.0)

    def energy(x: Any) -> Any:
        return np.sum(np.abs(np.fft.rfft(x)) ** 2 * weights)

    x = RNG.standard_normal(16)
    full = np.abs(np.fft.fft(np.eye(16), axis=0)[:9]) ** 0 * weights[:, None]
    matrix = np.fft.fft(np.eye(16), axis=0)[:9]
    hessian = 2 * (matrix.conj().T @ (full * matrix)).real
    np.testing.assert_allclose(tapec.grad(energy)(x), hessian @ x, atol=1e-10)
    np.testing.assert_allclose(tapec.hessian(energy)(x), hessian, atol=1e-10)


def test_what_cannot_be_transformed() -> None:
    with pytest.raises(ValueError, match="norm"):
        tapec.compile(of_numpy("fft", norm="no"))(A)
    with pytest.raises(TypeError, match="real"):
        tapec.compile(of_numpy("rfft"))(A + 1j)
    with pytest.raises(tapec.TapecError, match=r"z\.real"):
        tapec.compile(of_scipy("dct"))(A + 1j)

"""NumPy's functions of complex arrays: values, types and layout are NumPy's, derivatives right."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec

RNG = np.random.default_rng(7)
Z = RNG.standard_normal(4) + 1j * RNG.standard_normal(4)
W = RNG.standard_normal(4) + 1j * RNG.standard_normal(4)
X = RNG.standard_normal(4)
M = RNG.standard_normal((3, 3)) + 1j * RNG.standard_normal((3, 3))
V = RNG.standard_normal(3) + 1j * RNG.standard_normal(3)
ELEMENTARY = (
    "exp exp2 expm1 log log2 log10 log1p sqrt sin cos tan sinh cosh tanh arcsin arccos arctan"
    " arcsinh arccosh arctanh square reciprocal conjugate negative positive sinc"
).split()
# Functions that are holomorphic or linear in their complex arguments over the reals.
SMOOTH: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "multiply": (lambda z, w: z * w, (Z, W)),
    "by a real": (lambda z, x: x * z + z * x, (Z, X)),
    "by a number": (lambda x: 1j * x - x / 2j, (X,)),
    "divide": (lambda z, w: z / w, (Z, W)),
    "a real by it": (lambda z, x: x / z, (Z, X)),
    "cube": (lambda z: z**3, (Z,)),
    "inverse square": (lambda z: z**-2, (Z,)),
    "real power": (lambda z: z**2.5, (Z,)),
    "complex power": (lambda z, w: z**w, (Z, W)),
    "power of a number": (lambda z: 2.0**z, (Z,)),
    "modulus": (lambda z: abs(z), (Z,)),
    "angle": (lambda z: np.angle(z), (Z,)),
    "sign": (lambda z: np.sign(z), (Z,)),
    "parts": (lambda z: z.real * z.imag + np.real(z), (Z,)),
    "matmul": (lambda m, v: m @ v, (M, V)),
    "real matrix": (lambda z: np.arange(12.0).reshape(3, 4) @ z, (Z,)),
    "adjoint product": (lambda m: m.conj().T @ m, (M,)),
    "vdot": (lambda z, w: np.vdot(z, w), (Z, W)),
    "inner": (lambda z, w: np.inner(z, w), (Z, W)),
    "outer": (lambda z, w: np.outer(z, w), (Z, W)),
    "kron": (lambda m, v: np.kron(m, v), (M, V)),
    "einsum": (lambda m, v: np.einsum("ij,jk,k->i", m, m, v), (M, V)),
    "tensordot": (lambda m: np.tensordot(m, m, 1), (M,)),
    "convolve": (lambda z, w: np.convolve(z, w), (Z, W)),
    "correlate": (lambda z, w: np.correlate(z, w, "full"), (Z, W)),
    "sum": (lambda z: z.sum() + np.sum(z, axis=0), (Z,)),
    "mean": (lambda m: m.mean(axis=1), (M,)),
    "prod": (lambda z: np.prod(z), (Z,)),
    "cumsum": (lambda z: np.cumsum(z), (Z,)),
    "cumprod": (lambda z: np.cumprod(z), (Z,)),
    "var": (lambda z: np.var(z), (Z,)),
    "norm": (lambda m: np.linalg.norm(m), (M,)),
    "solve": (lambda m, v: np.linalg.solve(m, v), (M, V)),
    "solve real": (lambda v: np.linalg.solve(np.eye(3) + 1.0, v), (V,)),
    "inv": (lambda m: np.linalg.inv(m), (M,)),
    "det": (lambda m: np.linalg.det(m), (M,)),
    "slogdet": (lambda m: np.linalg.slogdet(m)[1], (M,)),
    "matrix power": (lambda m: np.linalg.matrix_power(m, 3), (M,)),
    "cholesky": (lambda m: np.linalg.cholesky(m @ m.conj().T + np.eye(3)), (M,)),
    "eigvalsh": (lambda m: np.linalg.eigvalsh(m + m.conj().T), (M,)),
    "svdvals": (lambda m: np.linalg.svd(m, compute_uv=False), (M,)),
    "trace": (lambda m: np.trace(m), (M,)),
    "stack": (lambda z, x: np.stack([z, x]), (Z, X)),
    "concatenate": (lambda z, x: np.concatenate([x, z, [1j]]), (Z, X)),
    "list": (lambda x: np.array([[x[0], 1j], [x[1] * 1j, 2]]), (X,)),
    "where": (lambda z, x: np.where(x > 0, z, x), (Z, X)),
    "index": (lambda z: z[[0, 2]] * z[1:3] + z[-1], (Z,)),
    "diff": (lambda z: np.diff(z), (Z,)),
    "roll": (lambda z: np.roll(z, 1) * z[::-1], (Z,)),
    "reshape": (lambda z: z.reshape(2, 2).T, (Z,)),
    "polyval": (lambda z: np.polyval([1, 2j, 3], z), (Z,)),
    "trapezoid": (lambda z: np.trapezoid(z, dx=0.1), (Z,)),
    "conversion": (lambda x: x.astype(complex) * 1j + np.zeros_like(x, dtype=complex), (X,)),
    "view as reals": (lambda z: z.view(float) * 2, (Z,)),
    "view of reals": (lambda x: x.view(complex) * 1j, (X,)),
    "complex()": (lambda x: complex(x[0], x[1]) * x, (X,)),
    "Fourier": (lambda x: np.exp(-0.5j * np.pi * np.outer(range(4), range(4))) @ x, (X,)),
    **{n: (lambda z, _n=n: getattr(np, _n)(z), (Z,)) for n in ELEMENTARY},
}
FLAT: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "equal": (lambda z, w: (z == z) & (z != w), (Z, W)),
    "order": (lambda z, w: (z < w) | (z >= w), (Z, W)),
    "isnan": (lambda z: np.isnan(z) | np.isfinite(z), (Z,)),
    "kinds": (lambda z: (np.iscomplexobj(z), np.isrealobj(z.real), z.dtype.kind == "c"), (Z,)),
    "any": (lambda z: np.any(z) and np.all(z), (Z,)),
    "count": (lambda z: np.count_nonzero(z), (Z,)),
    "isclose": (lambda z: np.isclose(z, z + 1e-9), (Z,)),
    "shape": (lambda m: (m.shape, m.ndim, m.size, len(m), m.nbytes), (M,)),
}


def same(got: Any, want: Any) -> None:
    """One result as NumPy gives it."""
    a, b = np.asarray(got), np.asarray(want)
    assert type(got) is type(want)
    assert (a.dtype, a.strides) == (b.dtype, b.strides)
    np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("name", [*SMOOTH, *FLAT])
def test_values_are_numpys(name: str) -> None:
    f, args = {**SMOOTH, **FLAT}[name]
    got, want = tapec.compile(f, backend="numpy" if name in ELEMENTARY else None)(*args), f(*args)
    if isinstance(want, tuple):
        assert got == want
        return
    same(got, want)


def directions(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """A direction for every argument, complex for complex ones."""
    rng = np.random.default_rng(3)
    real = [rng.standard_normal(a.shape) for a in args]
    return tuple(
        d + 1j * rng.standard_normal(a.shape) if a.dtype.kind == "c" else d
        for a, d in zip(args, real, strict=True)
    )


def inner(a: Any, b: Any) -> float:
    """The inner product of real and imaginary parts."""
    return float(np.sum((np.conj(a) * b).real))


@pytest.mark.parametrize("name", SMOOTH)
def test_derivatives_are_right(name: str) -> None:
    """Tangents against differences, cotangents against tangents."""
    f, args = SMOOTH[name]
    f = tapec.compile(f, backend="numpy")
    along = directions(args)
    step = 1e-4
    moved = [
        f(*(a + k * step * d for a, d in zip(args, along, strict=True))) for k in (1, -1, 2, -2)
    ]
    want = (8 * (moved[0] - moved[1]) - (moved[2] - moved[3])) / (12 * step)
    value, got = tapec.jvp(f, args, along)
    np.testing.assert_allclose(got, want, rtol=1e-8, atol=1e-9)
    _, pull = tapec.vjp(f, *args)
    cotangent = np.ones_like(value) * (0.3 + (0.7j if np.iscomplexobj(value) else 0))
    pulled = pull(cotangent)
    back = sum(inner(p, d) for p, d in zip(pulled, along, strict=True))
    np.testing.assert_allclose(back, inner(cotangent, got), rtol=1e-10)


CUTS = np.array(
    [complex(s * x, z) for x in (0.5, 1.0, 2.0, 0.0) for s in (1, -1) for z in (0.0, -0.0)]
    + [complex(z, s * x) for x in (0.5, 1.0, 2.0) for s in (1, -1) for z in (0.0, -0.0)]
)


@pytest.mark.parametrize("name", [n for n in ELEMENTARY if n != "sinc"])
def test_branch_cuts_and_wide_ranges(name: str) -> None:
    rng = np.random.default_rng(5)
    size = 10.0 ** rng.uniform(-6, 6, (2, 500))
    wide = size[0] * rng.standard_normal(500) + 1j * size[1] * rng.standard_normal(500)
    f = getattr(np, name)
    kernel = tapec.compile(lambda z: f(z), backend="numpy")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for points in (CUTS, wide):
            got, want = kernel(points), f(points)
            # NumPy's own log1p loses digits near 0, its exp2 far out.
            rtol = 1e-6 if name == "log1p" else 2e-13 if name == "exp2" else 5e-15
            fine = np.isfinite(want)
            error = np.abs(got - want)[fine] / np.maximum(np.abs(want[fine]), 1e-300)
            assert error.max() < rtol
    with np.errstate(all="ignore"):
        # The sign of a zero decides on which side of a cut a point is.
        np.testing.assert_allclose(kernel(CUTS).real, f(CUTS).real, rtol=1e-14)
        np.testing.assert_allclose(kernel(CUTS).imag, f(CUTS).imag, rtol=1e-14)


REFUSED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "store": (lambda z: np.zeros(4).__setitem__(slice(None), z), "cannot be stored"),
    "in place": (lambda z: (z.real.copy()).__iadd__(z), "dtype=complex"),
    "cast": (lambda z: z.astype(float), "z.real"),
    "floor": (lambda z: np.floor(z), "complex arrays"),
    "vectors": (lambda z: np.linalg.svd(z.reshape(1, 4)), "singular vectors"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_says_why(name: str) -> None:
    f, text = REFUSED[name]
    with pytest.raises(tapec.TapecError, match=text):
        tapec.compile(f, backend="numpy")(Z)

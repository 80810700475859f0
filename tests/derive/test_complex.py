"""Derivatives with complex numbers: through them, in them, and of holomorphic functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.sampling import sampled

import tapec
from tapec.errors import NonDifferentiableError, SparsityError

RNG = np.random.default_rng(2)
X = RNG.standard_normal(3)
Z = X + 1j * RNG.standard_normal(3)


def energy(x: Any) -> Any:
    z = np.exp(1j * x) * np.sqrt(x + 2j)
    return np.sum(np.abs(z + z[::-1]) ** 2) + np.angle(z[0])


def differences(f: Any, x: Any, h: float = 1e-6) -> Any:
    """df/dx + i df/dy for each element."""
    units = (1, 1j) if np.iscomplexobj(x) else (1,)
    made = np.zeros_like(x)
    for k in range(x.size):
        for u in units:
            step = np.zeros_like(x)
            step[k] = h * u
            made[k] += u * (f(x + step) - f(x - step)) / (2 * h)
    return made


def test_real_functions_through_complex_numbers() -> None:
    np.testing.assert_allclose(tapec.grad(energy)(X), differences(energy, X), rtol=1e-7)
    hessian = tapec.hessian(energy)(X)
    rows = [differences(lambda x, k=k: tapec.grad(energy)(x)[k], X) for k in range(3)]
    np.testing.assert_allclose(hessian, rows, rtol=1e-6, atol=1e-8)


def test_gradients_in_complex_arguments_point_uphill() -> None:
    def f(z: Any) -> Any:
        return np.sum(np.abs(z**2 + 1) ** 2) + (z[0] * z[1]).real

    np.testing.assert_allclose(tapec.grad(f)(Z), differences(f, Z), rtol=1e-6, atol=1e-7)
    assert tapec.grad(lambda z: abs(z) ** 2)(3 + 4j) == 6 + 8j


def test_holomorphic_functions() -> None:
    point = 1 + 2j
    assert np.isclose(tapec.grad(lambda z: z**3, holomorphic=True)(point), 3 * point**2)
    value, slope = tapec.value_and_grad(lambda z: np.exp(z), holomorphic=True)(point)
    np.testing.assert_allclose([value, slope], np.exp(point))
    slope, aux = tapec.grad(lambda z: (z * z, "aux"), has_aux=True, holomorphic=True)(point)
    assert aux == "aux"
    assert np.isclose(slope, 2 * point)
    jacobian = tapec.jacobian(lambda z: np.sin(z) * z[0], holomorphic=True)(Z)
    want = np.diag(np.cos(Z) * Z[0])
    want[:, 0] += np.sin(Z)
    np.testing.assert_allclose(jacobian, want)


def test_complex_results_of_real_arguments_have_a_complex_jacobian() -> None:
    found = tapec.jacobian(lambda x: np.exp(1j * x))(X)
    np.testing.assert_allclose(found, np.diag(1j * np.exp(1j * X)))


def test_what_must_be_said() -> None:
    with pytest.raises(NonDifferentiableError, match="holomorphic=True"):
        tapec.grad(lambda z: z * z)(1j)
    with pytest.raises(NonDifferentiableError, match="holomorphic=True"):
        tapec.jacobian(lambda z: z * z)(Z)
    with pytest.raises(NonDifferentiableError, match="complex"):
        tapec.grad(lambda z: z * z, holomorphic=True)(1.0)
    with pytest.raises(NonDifferentiableError, match="holomorphic"):
        tapec.grad(lambda z: abs(z), holomorphic=True)(1j)


def test_products_with_directions_and_what_has_no_sparse_form() -> None:
    def f(z: Any) -> Any:
        return np.sum(np.abs(z) ** 4)

    step = 1e-5
    want = (tapec.grad(f)(Z + step * Z[::-1]) - tapec.grad(f)(Z - step * Z[::-1])) / (2 * step)
    np.testing.assert_allclose(tapec.hvp(f)(Z, Z[::-1]), want, rtol=1e-7)
    with pytest.raises(SparsityError, match="complex"):
        tapec.jacobian(lambda z: z.real, sparse=True)(Z)
    with pytest.raises(SparsityError, match="complex"):
        tapec.jacobian(lambda x: 1j * x, sparse=True)(X)


SPECTRA: dict[str, Any] = {
    "eigvalsh": lambda a: np.exp(np.linalg.eigvalsh(a + np.conj(a.T))),
    "upper": lambda a: np.sin(np.linalg.eigvalsh(a, UPLO="U")),
    "eigh": lambda a: np.linalg.eigh(a)[0] ** 3,
    "svd": lambda a: np.linalg.svd(a, compute_uv=False) ** 3,
    "tall": lambda a: np.linalg.svd(a[:, :2], compute_uv=False) ** 1.5,
    "wide": lambda a: np.linalg.svdvals(a[:2]) ** 2.5,
    "nuclear": lambda a: np.linalg.norm(a, "nuc") + np.linalg.norm(a, 2),
    "stack": lambda a: np.linalg.eigvalsh(np.stack([a, a @ a])) ** 2,
}


@pytest.mark.parametrize("name", sampled(SPECTRA, 3))
def test_second_derivatives_of_spectra(name: str) -> None:
    rng = np.random.default_rng(5)
    parts = rng.standard_normal((4, 3, 3)) + 1j * rng.standard_normal((4, 3, 3))

    @tapec.compile(backend="numpy")
    def f(t: Any) -> Any:
        return np.sum(SPECTRA[name](parts[0] + np.tensordot(t, parts[1:], 1)))

    t, step, gradient = rng.standard_normal(3), 1e-5, tapec.grad(f)
    np.testing.assert_allclose(gradient(t), differences(f, t), rtol=1e-5, atol=1e-6)
    steps = step * np.eye(3)
    want = [(gradient(t + e) - gradient(t - e)) / (2 * step) for e in steps]
    np.testing.assert_allclose(tapec.hessian(f)(t), want, rtol=1e-5, atol=1e-6)

"""np.linalg.solve, inv and tensorsolve in traced functions: values, derivatives, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapec
from tapec.errors import ShapeError

rng = np.random.default_rng(5)
BACKENDS = ("numpy", "llvm")


def matrix(*shape: int) -> Any:
    return rng.standard_normal(shape) + 3 * np.eye(shape[-1])


SYSTEMS = [
    (matrix(1, 1), rng.standard_normal(1)),
    (matrix(2, 2), rng.standard_normal(2)),
    (matrix(3, 3), rng.standard_normal((3, 2))),
    (matrix(4, 4), rng.standard_normal(4)),
    (matrix(7, 7), rng.standard_normal(7)),
    (matrix(12, 12), rng.standard_normal((12, 5))),
    (matrix(40, 40), rng.standard_normal(40)),
    (matrix(5, 3, 3), rng.standard_normal((5, 3, 2))),
    (matrix(6, 5, 5), rng.standard_normal(5)),
    (matrix(3, 3), rng.standard_normal((4, 3, 1))),
    (matrix(2, 1, 9, 9), rng.standard_normal((3, 9, 2))),
    (matrix(3, 3).astype(np.float32), rng.standard_normal(3).astype(np.float32)),
    (matrix(6, 6).astype(np.float32), rng.standard_normal(6).astype(np.float32)),
    # Rows must change places.
    (np.array([[0.0, 2.0], [1.0, 1.0]]), np.array([1.0, 2.0])),
    (np.array([[1e-20, 1.0, 0.0], [1.0, 1.0, 2.0], [0.0, 5.0, 1.0]]), np.array([1.0, 2.0, 3.0])),
    (np.eye(6)[[3, 0, 5, 1, 4, 2]] * 2.0, np.arange(6.0)),
]


def name(case: Any) -> str:
    return "-".join(f"{x.shape}" for x in case)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("system", SYSTEMS, ids=name)
def test_values(system: Any, backend: Any) -> None:
    a, b = system
    found = tapec.compile(np.linalg.solve, backend=backend)(a, b)
    wanted = np.linalg.solve(a, b)
    assert found.dtype == wanted.dtype
    np.testing.assert_allclose(found, wanted, rtol=1e-4 if a.dtype == np.float32 else 1e-11)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("n", [2, 3, 8])
def test_gradient(n: int, backend: Any) -> None:
    a, b, w = matrix(n, n), rng.standard_normal(n), rng.standard_normal(n)

    def f(a: Any, b: Any) -> Any:
        return np.sum(w * np.linalg.solve(a, b) ** 2)

    to_a, to_b = tapec.grad(tapec.compile(f, backend=backend), argnums=(0, 1))(a, b)
    da, db = rng.standard_normal((n, n)), rng.standard_normal(n)
    h = 1e-30
    x = np.linalg.solve(a + 1j * h * da, b + 1j * h * db)
    along = np.sum(w * x**2).imag / h
    np.testing.assert_allclose(np.sum(to_a * da) + np.sum(to_b * db), along, rtol=1e-11)


@pytest.mark.parametrize("backend", BACKENDS)
def test_second_order(backend: Any) -> None:
    a, b = matrix(3, 3), rng.standard_normal(3)

    def f(t: Any) -> Any:
        return np.sum(np.linalg.solve(a + t[0] * np.eye(3), b * t[1]) ** 2)

    found = tapec.hessian(tapec.compile(f, backend=backend))(np.array([0.3, 0.8]))
    x = np.linalg.solve(a + 0.3 * np.eye(3), b)
    inverse = np.linalg.inv(a + 0.3 * np.eye(3))
    dx = -inverse @ x
    ddx = -2 * inverse @ dx
    wanted = np.array(
        [
            [2 * 0.8**2 * (dx @ dx + x @ ddx), 4 * 0.8 * (x @ dx)],
            [4 * 0.8 * (x @ dx), 2 * x @ x],
        ]
    )
    np.testing.assert_allclose(found, wanted, rtol=1e-11)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("mode", ["fwd", "rev"])
def test_jacobian_of_inverse(mode: Any, backend: Any) -> None:
    a = matrix(3, 3)
    found = tapec.jacobian(tapec.compile(np.linalg.inv, backend=backend), mode=mode)(a)
    inverse = np.linalg.inv(a)
    np.testing.assert_allclose(found, -np.einsum("ik,lj->ijkl", inverse, inverse), rtol=1e-11)


@pytest.mark.parametrize("backend", BACKENDS)
def test_solve_and_outer(backend: Any) -> None:
    """One of the small functions that no peer differentiates."""

    def f(x: Any) -> Any:
        a = np.outer(x, x) + 3.0 * np.eye(3)
        return np.sum(np.linalg.solve(a, x))

    x = np.array([0.5, -1.0, 2.0])
    h = 1e-30
    wanted = [f(x + 1j * h * e).imag / h for e in np.eye(3)]
    found = tapec.grad(tapec.compile(f, backend=backend))(x)
    np.testing.assert_allclose(found, wanted, rtol=1e-11)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("axes", [(0, 0), (0, None), (None, 0)])
@pytest.mark.parametrize("n", [3, 6])
def test_vmap(axes: Any, n: int, backend: Any) -> None:
    a, b = matrix(5, n, n), rng.standard_normal((5, n))
    args = [x if axis == 0 else x[0] for x, axis in zip((a, b), axes, strict=True)]
    f = tapec.compile(np.linalg.solve, backend=backend)
    found = tapec.vmap(f, in_axes=axes)(*args)
    for k in range(5):
        mine = [x[k] if axis == 0 else x for x, axis in zip(args, axes, strict=True)]
        np.testing.assert_allclose(found[k], np.linalg.solve(*mine), rtol=1e-11)


@pytest.mark.parametrize("backend", BACKENDS)
def test_tensorsolve_and_integers(backend: Any) -> None:
    a, b = np.eye(24).reshape(6, 4, 2, 3, 4) + 0.1, rng.standard_normal((6, 4))
    found = tapec.compile(np.linalg.tensorsolve, backend=backend)(a, b)
    np.testing.assert_allclose(found, np.linalg.tensorsolve(a, b), rtol=1e-11)
    whole = np.array([[2, 1], [1, 3]])
    found = tapec.compile(np.linalg.inv, backend=backend)(whole)
    np.testing.assert_allclose(found, np.linalg.inv(whole))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 9])
def test_singular(n: int, backend: Any) -> None:
    f = tapec.compile(np.linalg.solve, backend=backend)
    with pytest.raises(np.linalg.LinAlgError):
        f(np.zeros((n, n)), np.ones(n))
    stack = np.stack([np.eye(n), np.zeros((n, n)), np.eye(n)])
    with pytest.raises(np.linalg.LinAlgError):
        f(stack, np.ones(n))
    np.testing.assert_array_equal(f(np.eye(n), np.ones(n)), np.ones(n))


def test_one_factorisation_serves_value_and_gradient() -> None:
    a, b = matrix(30, 30), rng.standard_normal(30)

    def f(a: Any, b: Any) -> Any:
        return np.sum(np.linalg.solve(a, b) ** 2)

    g = tapec.value_and_grad(f, argnums=(0, 1))
    text = str(g.ir("loops", a, b))
    assert (text.count("getrf "), text.count("getrs ")) == (1, 2)
    _, (to_a, to_b) = g(a, b)
    x = np.linalg.solve(a, b)
    np.testing.assert_allclose(to_b, np.linalg.solve(a.T, 2 * x), rtol=1e-10)
    np.testing.assert_allclose(to_a, -np.outer(to_b, x), rtol=1e-10)
    stack = matrix(3, 30, 30)
    assert str(g.ir("loops", stack, rng.standard_normal((3, 30, 1)))).count("getrf ") == 2


def test_factors_in_a_loop() -> None:
    """Every iteration has its own matrix."""
    a = 0.2 * rng.standard_normal((6, 6)) + 3 * np.eye(6)

    def f(b: Any) -> Any:
        for i in range(40):
            b = np.linalg.solve(a + i * np.diag(b**2), b) + 2.0 * np.linalg.solve(a.T, b)
        return np.sum(b)

    b = rng.uniform(0.5, 1.0, 6)
    h = 1e-30
    wanted = [f(b + 1j * h * e).imag / h for e in np.eye(6)]
    for backend in BACKENDS:
        k = tapec.compile(f, backend=backend)
        np.testing.assert_allclose(k(b), f(b), rtol=1e-10)
        np.testing.assert_allclose(tapec.grad(k)(b), wanted, rtol=1e-9)


def test_shapes() -> None:
    f = tapec.compile(np.linalg.solve)
    with pytest.raises(ShapeError, match="no square matrix"):
        f(np.ones((2, 3)), np.ones(2))
    with pytest.raises(ShapeError, match="3 x 3, b has 2 rows"):
        f(np.eye(3), np.ones(2))


@pytest.mark.parametrize("lead", [(), (3,)])
@pytest.mark.parametrize("size", [2, 3, 4, 5])
def test_many_columns(size: int, lead: tuple[int, ...]) -> None:
    a, b = rng.normal(size=(*lead, size, size)), rng.normal(size=(*lead, size, 70))
    a[..., 0, 0] = 0.0  # rows change places
    np.testing.assert_allclose(tapec.compile(np.linalg.solve)(a, b), np.linalg.solve(a, b), 1e-9)


def test_many_columns_of_a_singular_matrix() -> None:
    with pytest.raises(np.linalg.LinAlgError):
        tapec.compile(np.linalg.solve)(np.ones((3, 3)), np.ones((3, 70)))

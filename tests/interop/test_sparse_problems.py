"""Sparse Jacobians and Hessians of Lagrangians of problems from the literature.

Derivatives are compared with differences of values along random directions, and with dense
derivatives where these are small enough.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import tapec

EXAMPLES = Path(__file__).parents[2] / "examples"


def example(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def broyden_tridiagonal(x: Any) -> Any:
    y = np.pad(x, 1)
    return (3 - 2 * x) * x - y[:-2] - 2 * y[2:] + 1


def broyden_banded(x: Any) -> Any:
    """Five neighbours below, one above (Moré, Garbow, Hillstrom 1981, problem 31)."""
    z = x * (1 + x)
    y, n = np.pad(z, (5, 1)), x.shape[0]
    around = y[:n] + y[1 : n + 1] + y[2 : n + 2] + y[3 : n + 3] + y[4 : n + 4] + y[6 : n + 6]
    return x * (2 + 5 * x**2) + 1 - around


def brown(x: Any) -> Any:
    """Brown's almost linear function (problem 27)."""
    y = x + np.sum(x) - (x.shape[0] + 1)
    y[-1] = np.prod(x) - 1
    return y


def arrowhead(x: Any) -> Any:
    y = x**2 + x[0] * np.sin(x)
    y[0] = np.sum(x**3)
    return y


def chained_rosenbrock(x: Any) -> Any:
    return np.stack([10 * (x[1:] - x[:-1] ** 2), 1 - x[:-1]])


def brusselator(x: Any) -> Any:
    """On a periodic square (Hairer, Wanner: Solving ODE II, section IV.10)."""
    u, v = x.reshape(2, 12, 12)

    def around(w: Any) -> Any:
        sides = np.roll(w, 1, 0) + np.roll(w, -1, 0) + np.roll(w, 1, 1) + np.roll(w, -1, 1)
        return 3.4 * (sides - 4 * w)

    du, dv = 1 + u**2 * v - 4.4 * u, 3.4 * u - u**2 * v
    return np.stack([du + around(u), dv + around(v)])


CAMERAS, POINTS, SEEN = 5, 20, 60
WHO = np.random.default_rng(3).integers(0, CAMERAS, SEEN)
WHAT = np.random.default_rng(4).integers(0, POINTS, SEEN)
FEATURES = np.random.default_rng(5).normal(size=(SEEN, 2))


def bundle_adjustment(x: Any) -> Any:
    """Weighted errors of projections and of weights, in the formulas of ADBench and GradBench:
    cameras are rotation, centre, focal length, principal point and two radial distortions."""
    cameras = x[: 11 * CAMERAS].reshape(CAMERAS, 11)[WHO]
    points = x[11 * CAMERAS : 11 * CAMERAS + 3 * POINTS].reshape(POINTS, 3)[WHAT]
    weights = x[11 * CAMERAS + 3 * POINTS :]
    turn, shifted = cameras[:, :3], points - cameras[:, 3:6]
    square = np.sum(turn**2, axis=1)
    angle = np.sqrt(np.where(square == 0.0, 1.0, square))[:, None]
    axis = turn / angle
    c, s = np.cos(angle), np.sin(angle)
    dot = np.sum(axis * shifted, axis=1)[:, None]
    turned = shifted * c + np.cross(axis, shifted) * s + axis * dot * (1 - c)
    seen = np.where((square == 0.0)[:, None], shifted + np.cross(turn, shifted), turned)
    flat = seen[:, :2] / seen[:, 2:]
    radius = np.sum(flat**2, axis=1)
    bent = flat * (1 + cameras[:, 9] * radius + cameras[:, 10] * radius**2)[:, None]
    projected = cameras[:, 6:7] * bent + cameras[:, 7:9]
    return weights[:, None] * (projected - FEATURES), 1 - weights**2


def bratu(size: int) -> Any:
    def residual(u: Any) -> Any:
        v = np.pad(u.reshape(size, size), 1)
        inner = v[1:-1, 1:-1]
        around = v[2:, 1:-1] + v[:-2, 1:-1] + v[1:-1, 2:] + v[1:-1, :-2]
        return (4.0 * inner - around - 5.0 * np.exp(inner) / (size + 1) ** 2).ravel()

    return residual


def squares(x: Any) -> Any:
    return np.sum(x**2 * np.cos(x))


PROBLEMS: dict[str, tuple[Any, Any, int]] = {
    "broyden tridiagonal": (squares, broyden_tridiagonal, 60),
    "broyden banded": (squares, broyden_banded, 60),
    "brown": (squares, brown, 12),
    "arrowhead": (squares, arrowhead, 40),
    "chained rosenbrock": (lambda x: np.sum(chained_rosenbrock(x) ** 2), chained_rosenbrock, 50),
    "brusselator": (squares, brusselator, 288),
    "bundle adjustment": (squares, bundle_adjustment, 11 * CAMERAS + 3 * POINTS + SEEN),
    "bratu": (squares, bratu(12), 144),
}


def cameras(n: int, rng: np.random.Generator) -> Any:
    """Cameras that see the points before them."""
    x = 0.1 * rng.normal(size=n)
    x[: 11 * CAMERAS].reshape(CAMERAS, 11)[:, 5:7] += np.array([-5.0, 1.0])
    x[11 * CAMERAS + 3 * POINTS :] += 1.0
    return x


def check(objective: Any, equations: Any, n: int) -> None:
    rng = np.random.default_rng(n)
    p = tapec.nlp(objective, equations, n)
    near = cameras(n, rng) if equations is bundle_adjustment else 1 + 0.1 * rng.normal(size=n)
    x, v, w = near, rng.normal(size=n), rng.normal(size=p.m)
    jacobian = sp.coo_array((p.jacobian(x), p.jacobian_structure), shape=(p.m, n)).tocsr()
    lower = sp.coo_array((p.hessian(x, w, 0.7), p.hessian_structure), shape=(n, n)).tocsr()
    hessian = lower + sp.tril(lower, -1).T
    h = 1e-5
    slope = (p.constraints(x + h * v) - p.constraints(x - h * v)) / (2 * h)
    scale = np.abs(slope).max()
    np.testing.assert_allclose(jacobian @ v, slope, rtol=1e-6, atol=1e-7 * scale)

    def first(x: Any) -> Any:
        rows = sp.coo_array((p.jacobian(x), p.jacobian_structure), shape=(p.m, n))
        return 0.7 * p.gradient(x) + rows.T @ w

    bend = (first(x + h * v) - first(x - h * v)) / (2 * h)
    np.testing.assert_allclose(hessian @ v, bend, rtol=1e-6, atol=1e-6 * np.abs(bend).max())
    exact = tapec.jacobian(p._constraints)(x)
    np.testing.assert_allclose(jacobian.toarray(), exact, rtol=1e-12, atol=1e-13 * scale)


QUICK = ("broyden banded", "arrowhead")


@pytest.mark.parametrize(
    "name",
    [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in PROBLEMS],
)
def test_derivatives(name: str) -> None:
    check(*PROBLEMS[name])


def test_optimal_power_flow() -> None:
    m = example("power_flow")
    check(m.cost, m.constraints, m.VARIABLES)


@pytest.mark.slow
def test_collocation_of_a_cart_pole() -> None:
    m = example("cart_pole")
    check(m.effort, m.equations, m.guess().size)


@pytest.mark.slow
def test_bratu_beside_a_matrix_by_hand() -> None:
    size = 512
    u = np.random.default_rng(0).normal(size=size**2)
    line = sp.diags_array([-1.0, 2.0, -1.0], offsets=[-1, 0, 1], shape=(size, size))
    one = sp.eye_array(size)
    linear = sp.kron(line, one) + sp.kron(one, line)
    wanted = sp.csr_array(linear - sp.diags_array(5.0 * np.exp(u) / (size + 1) ** 2))
    found = tapec.jacobian(bratu(size), sparse=True)(u)
    assert found.nnz == wanted.nnz
    assert abs(found - wanted).max() < 1e-14

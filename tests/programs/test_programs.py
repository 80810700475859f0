"""Real programs: values and derivatives of both backends against NumPy and differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.kernel_support import both, routes
from support.program_corpus import PROGRAMS, Program

import tapec
from tapec.tools.differences import COMPLEX_STEP, ridders

Array = Any
every = pytest.mark.parametrize("p", PROGRAMS, ids=lambda p: p.name)


def slopes(f: Any, x: Array, analytic: bool) -> Array:
    """All partial derivatives of `f`, the argument's axis last."""
    columns = []
    for e in np.eye(x.size):
        if analytic:
            columns.append(np.imag(f(x + 1j * COMPLEX_STEP * e)) / COMPLEX_STEP)
        else:
            columns.append(ridders(lambda t, e=e: np.asarray(f(x + t * e)))[0])  # type: ignore[misc]
    return np.stack(columns, axis=-1)


def close(got: Array, want: Array, tolerance: float) -> None:
    got = np.asarray(got)
    assert got.shape == want.shape
    scale = max(1.0, float(np.abs(want).max(initial=0.0)))
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance * scale)


def second(p: Program) -> Array:
    """The Hessian by differences of complex steps, or of the gradients tested here."""
    f = p.scalar()
    if p.analytic:
        return slopes(lambda x: slopes(f, x, True), p.point, False)
    return slopes(tapec.compile(tapec.grad(f), backend="numpy"), p.point, False)


@both
@every
def test_values(p: Program, backend: Any) -> None:
    native = tapec.compile(p.f, backend=backend)
    for point in (p.point, p.point * 0.9 + 0.01):
        close(native(point.copy()), np.asarray(p.f(point.copy())), 1e-13)


@both
@every
def test_first_derivatives(p: Program, backend: Any) -> None:
    derive = tapec.jacobian if np.ndim(p.f(p.point.copy())) else tapec.grad
    got = tapec.compile(derive(p.f), backend=backend)(p.point.copy())
    close(got, slopes(p.f, p.point, p.analytic), 1e-12 if p.analytic else 1e-8)


@routes
@every
def test_second_derivatives(p: Program, backend: Any) -> None:
    """The Hessian, and its product with a vector."""
    f, want = p.scalar(), second(p)
    close(tapec.compile(tapec.hessian(f), backend=backend)(p.point.copy()), want, 1e-7)
    v = np.random.default_rng(9).normal(size=p.point.shape)
    got = tapec.compile(tapec.hvp(f), backend=backend)(p.point.copy(), v)
    close(got, want @ v, 1e-7)


def network(params: Any, x: Array) -> Array:
    hidden = np.tanh(params["first"]["w"] @ x + params["first"]["b"])
    return np.sum((params["second"]["w"] @ hidden + params["second"]["b"]) ** 2)


@both
def test_nested_arguments(backend: Any) -> None:
    own = np.random.default_rng(1)
    params = {
        "first": {"w": own.normal(size=(4, 3)), "b": own.normal(size=4)},
        "second": {"w": own.normal(size=(2, 4)), "b": own.normal(size=2)},
    }
    x = own.normal(size=3)
    value, grads = tapec.compile(tapec.value_and_grad(network), backend=backend)(params, x)
    close(value, np.asarray(network(params, x)), 1e-13)
    for layer in params:
        for leaf, at in params[layer].items():

            def moved(flat: Array, layer=layer, leaf=leaf, at=at) -> Array:
                changed = {**params[layer], leaf: flat.reshape(at.shape)}
                return network({**params, layer: changed}, x)

            close(grads[layer][leaf].ravel(), slopes(moved, at.ravel(), True), 1e-12)


@both
def test_arguments_written_in_place(backend: Any) -> None:
    """The caller sees what NumPy would have shown."""

    def scale(x: Array, y: Array) -> Array:
        y[1:] *= x[:-1]
        x += y
        return x.sum()

    x, y = np.array([1.0, 2.0, 3.0]), np.array([0.5, -1.0, 2.0])
    ours = [x.copy(), y.copy()]
    value = tapec.compile(scale, backend=backend)(*ours)
    assert value == scale(x, y)
    np.testing.assert_array_equal(ours, [x, y])

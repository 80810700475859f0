"""Random programs with control flow: compiled against plain Python, derivatives by complex steps."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from support.random_control import complex_source, program
from support.sampling import sampled

import tapec

POINTS = np.random.default_rng(5).uniform(-1, 1, (3, 4))
STEP = 1e-30


def reference(source: str, x: Any) -> tuple[Any, Any]:
    """Value and gradient of the plain program."""
    f = complex_source(source)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = [f(x + 1j * STEP * e) for e in np.eye(4)]
    return np.real(found[0]), np.imag(found) / STEP


def check(seed: int, backend: Any) -> None:
    source, f = program(seed)
    kernel = tapec.compile(f, backend=backend)
    for x in POINTS:
        value, gradient = reference(source, x)
        np.testing.assert_allclose(f(x.copy()), value, rtol=1e-13, atol=1e-13, err_msg=source)
        np.testing.assert_allclose(kernel(x), value, rtol=1e-11, atol=1e-11, err_msg=source)
        found = kernel.grad(x)
        np.testing.assert_allclose(found, gradient, rtol=1e-9, atol=1e-10, err_msg=source)
        along = kernel.jvp((x,), (x[::-1].copy(),))[1]
        np.testing.assert_allclose(along, gradient @ x[::-1], rtol=1e-9, atol=1e-10, err_msg=source)


@pytest.mark.parametrize("seed", sampled(range(25), 2))
def test_interpreted(seed: int) -> None:
    check(seed, "numpy")


@pytest.mark.parametrize("seed", sampled(range(25, 60), 2))
def test_native(seed: int) -> None:
    check(seed, "llvm")


@pytest.mark.parametrize("seed", [1057, 1208])
def test_regions_without_parameters_among_reshapes(seed: int) -> None:
    check(seed, "llvm")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1400))
def test_many(seed: int) -> None:
    check(seed, "llvm")


def check_lanes(seed: int, backend: Any) -> None:
    """All points at once, and second derivatives."""
    source, f = program(seed)
    wanted = [reference(source, x) for x in POINTS]
    kernel = tapec.compile(f, backend=backend)
    close: Any = {"rtol": 1e-9, "atol": 1e-9, "err_msg": source}
    np.testing.assert_allclose(tapec.vmap(kernel)(POINTS), [v for v, _ in wanted], **close)
    gradients = [g for _, g in wanted]
    np.testing.assert_allclose(tapec.vmap(kernel.grad)(POINTS), gradients, **close)
    x, v = POINTS[:2]
    both = kernel.hvp(x, v)
    twice = tapec.grad(lambda x: tapec.grad(kernel)(x) @ v)(x)
    np.testing.assert_allclose(both, twice, **close)


@pytest.mark.parametrize("seed", [*sampled(range(10), 2), 57, 84])
def test_lanes(seed: int) -> None:
    check_lanes(seed, "numpy")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(400, 600))
def test_many_lanes(seed: int) -> None:
    check_lanes(seed, "llvm")

"""Programs of NPBench's kind: every result, and the gradient of every argument."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from programs_control.program import copied
from programs_npbench import KERNELS, Kernel

import tapec
from tapec.backends.llvm import available

NATIVE = pytest.mark.skipif(not available()[0], reason=available()[1])
SLOW = pytest.mark.slow
every = pytest.mark.parametrize("k", KERNELS, ids=lambda k: k.name)
# Large to compile, or close to one that is in every run.
COSTLY = frozenset(
    "lenet vadv adi correlation ludcmp covariance channel_flow hdiff conv2d_bias durbin heat_3d "
    "trisolv deriche crank_nicolson cholesky gramschmidt policy_evaluation cavity_flow".split()
)
smooth = pytest.mark.parametrize(
    "k",
    [
        pytest.param(k, marks=[SLOW] if k.name in COSTLY else [], id=k.name)
        for k in KERNELS
        if k.smooth
    ],
)
# Natively in every run, by the interpreter in the long ones.
routes = pytest.mark.parametrize(
    "backend", [pytest.param("numpy", marks=SLOW), pytest.param("llvm", marks=NATIVE)]
)


def close(got: Any, want: Any, tolerance: float) -> None:
    got, want = np.asarray(got), np.asarray(want)
    assert got.shape == want.shape
    scale = max(1.0, float(np.abs(want).max(initial=0.0)))
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance * scale)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["numpy", pytest.param("llvm", marks=NATIVE)])
@every
def test_results(k: Kernel, backend: Any) -> None:
    """What is returned and what is written to the arguments."""
    got = k.results(tapec.compile(k.f, backend=backend), k.args)
    want = k.results(k.f, k.args)
    assert len(got) == len(want)
    for mine, theirs in zip(got, want, strict=True):
        close(mine, theirs, 1e-9)


@routes
@smooth
def test_gradients(k: Kernel, backend: Any) -> None:
    """Along a direction per argument in which no element stays as it is."""
    kernel = tapec.compile(tapec.value_and_grad(k.scalar(), k.argnums), backend=backend)
    value, gradient = kernel(*copied(k.args))
    close(value, k.value(k.f, k.args), 1e-10)
    tolerance = 1e-9 if k.analytic else 1e-6
    for got, along, want in zip(gradient, k.directions(), k.slopes(), strict=True):
        assert np.shape(got) == along.shape
        terms = got * along
        size = max(abs(want), float(np.sqrt(np.sum(terms**2))), 1e-3 if not k.analytic else 1e-6)
        assert np.sum(terms) == pytest.approx(want, abs=tolerance * size)


@NATIVE
@pytest.mark.parametrize("k", [k for k in KERNELS if not k.smooth], ids=lambda k: k.name)
def test_integers(k: Kernel) -> None:
    for got, want in zip(
        k.results(tapec.compile(k.f), k.args), k.results(k.f, k.args), strict=True
    ):
        np.testing.assert_array_equal(got, want)

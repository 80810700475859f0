"""Programs of NPBench's kind: every result, and the gradient of every argument."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from programs.npbench import KERNELS, Kernel
from support.kernel_support import NATIVE, both, check_gradients, check_results, chosen, routes

import tapec

# Large to compile, or close to one that is in every run.
COSTLY = frozenset(
    "lenet vadv adi correlation ludcmp covariance channel_flow hdiff conv2d_bias durbin heat_3d "
    "trisolv deriche crank_nicolson cholesky gramschmidt policy_evaluation cavity_flow".split()
)


@pytest.mark.slow
@both
@chosen(KERNELS)
def test_results(k: Kernel, backend: Any) -> None:
    check_results(k, backend)


@routes
@chosen([k for k in KERNELS if k.smooth], COSTLY, every=2)
def test_gradients(k: Kernel, backend: Any) -> None:
    check_gradients(k, backend)


@NATIVE
@pytest.mark.parametrize("k", [k for k in KERNELS if not k.smooth], ids=lambda k: k.name)
def test_integers(k: Kernel) -> None:
    for got, want in zip(
        k.results(tapec.compile(k.f), k.args), k.results(k.f, k.args), strict=True
    ):
        np.testing.assert_array_equal(got, want)

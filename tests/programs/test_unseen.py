"""Simulations and solvers as their users write them: every result, every gradient, natively."""

from __future__ import annotations

from typing import Any

import pytest
from programs.npbench.program import Kernel
from programs.unseen import KERNELS
from support.kernel_support import both, check_gradients, check_results, chosen, routes


@pytest.mark.slow
@both
@chosen(KERNELS)
def test_results(k: Kernel, backend: Any) -> None:
    check_results(k, backend)


@routes
@chosen(KERNELS)
def test_gradients(k: Kernel, backend: Any) -> None:
    check_gradients(k, backend)

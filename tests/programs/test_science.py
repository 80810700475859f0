"""Programs of science and engineering: values, gradients and curvatures, natively."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from programs.npbench.program import Kernel
from programs.science import KERNELS
from support.kernel_support import (
    both,
    check_gradients,
    check_results,
    chosen,
    routes,
    without_fallback,
)

import tapec
from tapec.tools.differences import ridders

# A part in every run, by one test each; the others in long runs.
VALUES = chosen(KERNELS, every=7)
GRADIENTS = chosen(KERNELS, every=4)
CURVATURES = chosen(KERNELS, every=13)


@both
@VALUES
def test_results(k: Kernel, backend: Any) -> None:
    check_results(k, backend)


@routes
@GRADIENTS
def test_gradients(k: Kernel, backend: Any) -> None:
    check_gradients(k, backend)


def along(k: Kernel, first: Any) -> Any:
    """The gradient contracted with its directions, at points moved along them."""
    moves = k.directions()

    def slope(t: float) -> float:
        args = list(k.args)
        for n, move in zip(k.argnums, moves, strict=True):
            args[n] = np.asarray(args[n] + t * move)[()]
        return float(sum(np.sum(g * m) for g, m in zip(first(*args), moves, strict=True)))

    return slope


@CURVATURES
def test_curvatures(k: Kernel) -> None:
    """Second derivatives along all directions at once, against differences of gradients.

    The gradients are those of the interpreter, which are themselves tested against values alone.
    """
    f = k.scalar()
    first = tapec.compile(tapec.grad(f, k.argnums), backend="numpy")

    def slope(*args: Any) -> Any:
        parts = tapec.grad(f, k.argnums)(*args)
        return sum(np.sum(g * m) for g, m in zip(parts, k.directions(), strict=True))

    with without_fallback():
        second = tapec.compile(tapec.grad(slope, k.argnums))(*k.args)
    got = sum(np.sum(g * m) for g, m in zip(second, k.directions(), strict=True))
    want, noise = ridders(along(k, first), step=1e-2)
    assert got == pytest.approx(float(want), rel=1e-6, abs=1e-6 + 4 * noise)

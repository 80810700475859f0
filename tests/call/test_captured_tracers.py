"""Kernels called on plain numbers inside a trace, their function reading the trace's values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapec


def inner_slope(y: Any) -> Any:
    def inner(x: Any) -> Any:
        return (x - y) ** 2 * x

    return tapec.grad(inner)(0.5)


def inner_kernel(y: Any) -> Any:
    @tapec.compile
    def inner(x: Any) -> Any:
        return x * np.sin(y)

    return inner(0.5) + inner(0.25)


@pytest.mark.parametrize("f", [inner_slope, inner_kernel])
def test_a_plain_argument_and_a_captured_value(f: Any) -> None:
    want = f(2.0)
    assert tapec.compile(f)(2.0) == pytest.approx(want, rel=1e-15)
    h = 1e-5
    slope = (f(2.0 + h) - f(2.0 - h)) / (2 * h)
    assert tapec.grad(f)(2.0) == pytest.approx(slope, rel=1e-8)


def test_the_kernel_serves_again_outside() -> None:
    @tapec.compile
    def scaled(x: Any) -> Any:
        return 3.0 * x

    assert tapec.compile(lambda y: y * scaled(2.0))(4.0) == 24.0
    assert scaled(2.0) == 6.0

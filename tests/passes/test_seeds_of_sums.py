"""Sums of what is done with all unit vectors read the diagonal alone, infinite elements or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec

V = np.array([0.3, 1.2, -0.7, 2.1])
CASES: dict[str, Callable[[Any], Any]] = {
    "fourth power": lambda w: np.sum(w * w) ** 2,
    "shares": lambda w: np.sum(w**3) / np.sum(w**2),
    "mean": lambda w: np.exp(np.mean(w * V)) * w.sum(),
    "variance": lambda w: np.var(w) * np.std(w),
    "log of sums": lambda w: np.log(np.sum(np.exp(w - 1.0))) * np.sum(w / V),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_hessians(name: str, backend: Any) -> None:
    f = CASES[name]
    hessian = tapec.compile(tapec.hessian(f), backend=backend)(V)
    gradient, h = tapec.grad(f), 1e-5
    want = [(gradient(V + h * e) - gradient(V - h * e)) / (2 * h) for e in np.eye(4)]
    np.testing.assert_allclose(hessian, want, rtol=1e-6, atol=1e-8)


def test_no_matrix_is_summed() -> None:
    text = tapec.hessian(CASES["fourth power"]).ir("optimized", np.ones(300))
    assert [
        line for line in text.splitlines() if "reduce_sum" in line and "[300,300]" in line
    ] == []
    assert text.count("reduce_sum") == 1


def test_zeros_of_seeds_meet_no_infinite_element() -> None:
    hessian = tapec.hessian(lambda w: np.sum(w * np.sqrt(w)) ** 2)
    w = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(hessian(w), tapec.compile(hessian, backend="numpy")(w), rtol=1e-13)

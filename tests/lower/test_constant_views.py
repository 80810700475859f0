"""Tables that are constant, seen in another shape at places known at run time only."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import tapec
from tapec.backends.llvm import available

pytestmark = pytest.mark.skipif(not available()[0], reason=available()[1])


def table() -> Any:
    return np.stack([(np.arange(300) + k) % 300 for k in (-1, 0, 1)], 1)


def in_one_loop(x: Any, n: Any) -> Any:
    c, s = table().ravel(), 0.0
    for i in range(n[0]):
        s += x[c[i]]
    return s


def in_an_inner_loop(x: Any, n: Any) -> Any:
    c, s = table().reshape(450, 2), 0.0
    for i in range(300):
        for k in range(n[0] + i, n[0] + i + 3):
            s += x[c[k, 1]] * i
    return s


@pytest.mark.parametrize("f", [in_one_loop, in_an_inner_loop], ids=lambda f: f.__name__)
def test_tables(f: Any) -> None:
    x, n = np.random.default_rng(1).normal(size=300), np.array([7])
    with warnings.catch_warnings():
        warnings.simplefilter("error", tapec.BackendWarning)
        assert tapec.compile(f)(x, n) == pytest.approx(f(x, n), rel=1e-13)
        gradient = tapec.grad(f)(x, n)
    assert gradient @ x == pytest.approx(f(x, n), rel=1e-13)

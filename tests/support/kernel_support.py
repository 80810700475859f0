"""What is asked of every kernel of a corpus: its results, its gradients, natively."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from programs.control.program import copied
from programs.npbench.program import Kernel

import tapec
from tapec.backends.llvm import available

NATIVE = pytest.mark.skipif(not available()[0], reason=available()[1])
SLOW = pytest.mark.slow
both = pytest.mark.parametrize("backend", ["numpy", pytest.param("llvm", marks=NATIVE)])
# Natively in every run, by the interpreter in the long ones.
routes = pytest.mark.parametrize(
    "backend", [pytest.param("numpy", marks=SLOW), pytest.param("llvm", marks=NATIVE)]
)


def chosen(kernels: Iterable[Kernel], costly: frozenset[str] = frozenset(), every: int = 1) -> Any:
    """One test per kernel; in the default run each `every`-th of those that are not `costly`."""
    found, count = [], 0
    for k in kernels:
        large = k.costly or k.name in costly
        count += not large
        found.append(pytest.param(k, marks=[SLOW] if large or count % every else [], id=k.name))
    return pytest.mark.parametrize("k", found)


def close(got: Any, want: Any, tolerance: float) -> None:
    got, want = np.asarray(got), np.asarray(want)
    assert got.shape == want.shape
    scale = max(1.0, float(np.abs(want).max(initial=0.0)))
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance * scale)


@contextmanager
def without_fallback() -> Iterator[None]:
    """A program that the interpreter runs instead of machine code is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", tapec.BackendWarning)
        yield


def check_results(k: Kernel, backend: Any) -> None:
    """What is returned and what is written to the arguments."""
    with without_fallback():
        got = k.results(tapec.compile(k.f, backend=backend), k.args)
    want = k.results(k.f, k.args)
    assert len(got) == len(want)
    for mine, theirs in zip(got, want, strict=True):
        close(mine, theirs, 1e-9)


def check_gradients(k: Kernel, backend: Any) -> None:
    """Along a direction per argument in which no element stays as it is."""
    kernel = tapec.compile(tapec.value_and_grad(k.scalar(), k.argnums), backend=backend)
    with without_fallback():
        value, gradient = kernel(*copied(k.args))
    close(value, k.value(k.f, k.args), 1e-10)
    tolerance = 1e-9 if k.analytic else 1e-6
    for got, along, want in zip(gradient, k.directions(), k.slopes(), strict=True):
        assert np.shape(got) == along.shape
        terms = got * along
        size = max(abs(want), float(np.sqrt(np.sum(terms**2))), 1e-3)  # parts may cancel to 0
        assert np.sum(terms) == pytest.approx(want, abs=tolerance * size)

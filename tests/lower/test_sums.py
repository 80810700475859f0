"""Accuracy of long native sums: against math.fsum, and no worse than NumPy's pairwise sums."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tapec.backends.llvm import ArrayArg, KernelAbi, NativeEntry, Output, available
from tapec.backends.llvm.compile import compile_func
from tapec.ir import PRIMITIVES as P
from tapec.ir import Builder, Expr, type_of

pytestmark = pytest.mark.skipif(not available()[0], reason=available()[1])

SHAPES = [(400_000,), (640, 640), (40_000, 10), (10, 40_000), (70, 70, 70), (40_000, 25)]
N = 100_003  # not a multiple of a block


def entry(x: Any, *, squared: bool = False) -> NativeEntry:
    """A kernel summing arrays like x (or their squares, fused) over all axes."""
    b = Builder()
    p = Expr(b, b.param(type_of(x)))
    terms = P["mul"](p, p) if squared else p
    total = P["reduce_sum"](terms, axes=tuple(range(x.ndim)))
    func = b.func("f", [total.value])
    dtype = func.params[0].type.dtype
    signature = KernelAbi((ArrayArg(dtype, x.shape),), (Output(dtype, ()),), "tuple")
    kernel = compile_func(func, signature)
    return NativeEntry(kernel.library, kernel.signature)


def total(x: Any, *, squared: bool = False) -> float:
    """The native sum."""
    return float(entry(x, squared=squared)(x)[0])


def ill_scaled(seed: int, shape: tuple[int, ...]) -> Any:
    """Values of both signs over 16 decades."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape) * 10.0 ** rng.uniform(-8, 8, size=shape)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_no_worse_than_numpy(shape: tuple[int, ...]) -> None:
    """Root mean square over samples: a single NumPy error may be zero by luck."""
    samples = [ill_scaled(k, shape) for k in range(8)]
    call = entry(samples[0])
    exact = [math.fsum(x.ravel().tolist()) for x in samples]
    pairs = list(zip(samples, exact, strict=True))
    ours = math.hypot(*(float(call(x)[0]) - e for x, e in pairs))
    theirs = math.hypot(*(float(x.ravel().sum()) - e for x, e in pairs))
    assert ours <= 2 * theirs


def test_positive_values() -> None:
    x = np.abs(ill_scaled(7, (1_000_000,)))
    exact = math.fsum(x.tolist())
    assert abs(total(x) - exact) <= max(2 * abs(float(x.sum()) - exact), math.ulp(exact))


def test_fused_squares() -> None:
    x = ill_scaled(8, (1_000_000,))
    exact = math.fsum((x * x).tolist())
    assert abs(total(x, squared=True) - exact) <= 4 * math.ulp(exact)


def test_float32() -> None:
    x = np.random.default_rng(9).uniform(size=1_000_000).astype(np.float32)
    exact = math.fsum(x.tolist())
    assert abs(total(x) - exact) <= max(2 * abs(float(x.sum()) - exact), exact * 2.0**-24)


@pytest.mark.parametrize("place", [0, 5_000, N - 1])
@pytest.mark.parametrize("special", [np.inf, -np.inf, np.nan])
def test_special_values(special: float, place: int) -> None:
    x = np.ones(N)
    x[place] = special
    np.testing.assert_equal(total(x), special)


def test_opposite_infinities() -> None:
    x = np.ones(N)
    x[3], x[90_000] = np.inf, -np.inf
    assert math.isnan(total(x))


def test_overflow() -> None:
    assert total(np.full(N, 1e305)) == np.inf
    assert total(np.full(N, -1e305)) == -np.inf


def test_rows_with_infinities() -> None:
    x = np.ones((300, 400))
    x[7, 9] = -np.inf
    assert total(x) == -np.inf

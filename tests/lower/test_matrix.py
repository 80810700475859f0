"""Large matrix products, which are calls of BLAS where there is one."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from support.lowering_support import compare

import tapec
from tapec.backends import interpreter
from tapec.backends.llvm import available, blas
from tapec.ir import PRIMITIVES, Builder, Expr, Func, type_of
from tapec.ir.parser import parse
from tapec.ir.printer import print_func
from tapec.lower import lower

pytestmark = pytest.mark.skipif(not available()[0], reason=available()[1])
RNG = np.random.default_rng(11)


def product(a: Any, b: Any, contract: tuple[int, int], batch: tuple[Any, ...] = ()) -> Func:
    builder = Builder()
    x, y = (Expr(builder, builder.param(type_of(v))) for v in (a, b))
    result = PRIMITIVES["dot"](x, y, contract=(contract,), batch=batch)
    return builder.func("f", [result.value])


def ops(func: Func) -> str:
    return print_func(lower(func, lambda: True))


CASES = list(itertools.product(("f8", "f4"), (0, 1), (0, 1)))


@pytest.mark.parametrize(("dtype", "i", "j"), CASES)
def test_matrices(dtype: str, i: int, j: int) -> None:
    a, b = RNG.normal(size=(70, 70)).astype(dtype), RNG.normal(size=(70, 70)).astype(dtype)
    a, b = (a[:, :61].copy(), b) if i == 0 else (a[:61].copy(), b)
    func = product(a * 0.1, b * 0.1, (i, j))
    assert "gemm" in ops(func)
    check(func, a * a.dtype.type(0.1), b * b.dtype.type(0.1))


@pytest.mark.parametrize(("dtype", "i", "first"), CASES)
def test_vectors(dtype: str, i: int, first: int) -> None:
    a = (RNG.normal(size=(400, 300)) * 0.05).astype(dtype)
    v = (RNG.normal(size=a.shape[i]) * 0.05).astype(dtype)
    func = product(v, a, (0, i)) if first else product(a, v, (i, 0))
    assert "gemm" in ops(func)
    check(func, *((v, a) if first else (a, v)))


def check(func: Func, *arrays: Any) -> None:
    """Native and interpreted loops agree with NumPy; the lowered text reads back."""
    want = interpreter.run(func, arrays)[0]
    loops = lower(func, lambda: True)
    assert print_func(parse(print_func(loops))) == print_func(loops)
    out = np.zeros_like(want)
    interpreter.run(loops, [*arrays, out])
    eps = 1e-5 if out.dtype == np.float32 else 1e-12
    np.testing.assert_allclose(out, want, rtol=eps, atol=eps)
    if out.dtype == np.float64:
        compare(func, *arrays)


def test_batch() -> None:
    a, b = RNG.normal(size=(3, 60, 50)), RNG.normal(size=(40, 3, 50))
    func = product(a, b, (2, 2), ((0, 1),))
    assert "gemm" in ops(func)
    check(func, a, b)


def test_small_products_are_loops() -> None:
    a = RNG.normal(size=(40, 40))
    assert "gemm" not in ops(product(a, a, (1, 0)))


def test_without_blas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blas, "symbols", dict)
    a = RNG.normal(size=(70, 70))
    compare(product(a, a, (1, 0)), a, a)


def test_gradients() -> None:
    a, b = RNG.normal(size=(80, 50)), RNG.normal(size=(50, 90))

    def function(a: Any, b: Any) -> Any:
        return np.sum(np.tanh(a @ b * 0.1) + (b.T @ a.T).T)

    loss = tapec.value_and_grad(function, argnums=(0, 1))
    value, (da, db) = loss(a, b)
    inner = 0.1 * (1 - np.tanh(a @ b * 0.1) ** 2) + 1
    np.testing.assert_allclose(value, np.sum(np.tanh(a @ b * 0.1) + a @ b), rtol=1e-11)
    np.testing.assert_allclose(da, inner @ b.T, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(db, a.T @ inner, rtol=1e-10, atol=1e-10)

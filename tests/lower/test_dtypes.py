"""Integers, truth values and conversions, as straight-line code and as vector loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.lowering_support import compare

from tapec.backends.llvm import ArrayArg, KernelAbi, NativeEntry, Output, available
from tapec.backends.llvm.compile import compile_func
from tapec.ir import PRIMITIVES as P
from tapec.ir import Builder, Expr, Func, Type

pytestmark = pytest.mark.skipif(not available()[0], reason=available()[1])

SIZES = (12, 4001)
INTS = ["add", "sub", "mul", "floor_divide", "remainder", "fmod", "maximum", "minimum"]
INTS += ["bitwise_and", "bitwise_or", "bitwise_xor", "less", "equal", "greater_equal"]
DTYPES = ["bool", "i32", "i64", "f32", "f64"]


def program(names: list[str], arity: int, dtype: str, size: int) -> Func:
    b = Builder()
    xs = [Expr(b, b.param(Type(dtype, (size,)))) for _ in range(arity)]
    return b.func("f", [P[n](*xs).value for n in names])


def integers(size: int, low: int = -5, high: int = 6, seed: int = 1) -> Any:
    return np.random.default_rng(seed).integers(low, high, size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", ["i32", "i64"])
def test_integer_arithmetic(dtype: str, size: int) -> None:
    compare(program(INTS, 2, dtype, size), integers(size), integers(size, seed=2))
    compare(program(["neg", "abs", "sign", "invert"], 1, dtype, size), integers(size))


@pytest.mark.parametrize("size", SIZES)
def test_shifts(size: int) -> None:
    func = program(["left_shift", "right_shift"], 2, "i64", size)
    compare(func, integers(size), integers(size, 0, 9, seed=2))


@pytest.mark.parametrize("size", SIZES)
def test_truth_values(size: int) -> None:
    func = program(["logical_and", "logical_or", "logical_xor"], 2, "bool", size)
    compare(func, integers(size, 0, 2), integers(size, 0, 2, seed=2))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("source", DTYPES)
def test_conversions(source: str, size: int) -> None:
    b = Builder()
    x = Expr(b, b.param(Type(source, (size,))))
    results = [P["convert"](x, dtype=d).value for d in DTYPES if d != source]
    compare(b.func("f", results), integers(size))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", ["i32", "i64", "f32", "f64"])
def test_extremes_and_sums(dtype: str, size: int) -> None:
    b = Builder()
    x = Expr(b, b.param(Type(dtype, (size,))))
    names = ["reduce_max", "reduce_min", "reduce_sum"]
    compare(b.func("f", [P[n](x, axes=(0,)).value for n in names]), integers(size))


@pytest.mark.parametrize("size", SIZES)
def test_nan_wins_extremes(size: int) -> None:
    b = Builder()
    x = Expr(b, b.param(Type("f64", (size,))))
    values = np.linspace(-1, 1, size)
    values[size // 2] = np.nan
    results = [P[n](x, axes=(0,)).value for n in ("reduce_max", "reduce_min")]
    results += [P[n](x, axis=0).value for n in ("argmax", "argmin")]
    compare(b.func("f", results), values)


def test_vector_gather_checks_bounds() -> None:
    b = Builder()
    x = Expr(b, b.param(Type("f64", (50,))))
    i = Expr(b, b.param(Type("i64", (4000,))))
    func = b.func("f", [P["sin"](P["gather"](x, i)).value])
    sig = KernelAbi((ArrayArg("f64", (50,)), ArrayArg("i64", (4000,))), (Output("f64", (4000,)),))
    kernel = compile_func(func, sig)
    call = NativeEntry(kernel.library, kernel.signature)
    picks = integers(4000, -50, 50)
    np.testing.assert_allclose(call(np.arange(50.0), picks), np.sin(np.arange(50.0)[picks]))
    picks[3777] = 50
    with pytest.raises(IndexError):
        call(np.arange(50.0), picks)

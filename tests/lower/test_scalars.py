"""Native code against the interpreter, straight-line programs."""

from __future__ import annotations

import numpy as np
import pytest
from support.lowering_support import compare

from tapec.backends import interpreter
from tapec.backends.llvm import ArrayArg, KernelAbi, NativeEntry, Output, available
from tapec.backends.llvm.compile import compile_func
from tapec.ir import PRIMITIVES as P
from tapec.ir import Builder, Expr, Type

pytestmark = pytest.mark.skipif(not available()[0], reason=available()[1])


def test_views_reductions_and_dot() -> None:
    b = Builder()
    x, y = Expr(b, b.param(Type("f64", (4,)))), Expr(b, b.param(Type("f64", (3, 4))))
    z = P["sin"](x) * y + P["integer_pow"](x, n=3)
    s = P["reduce_sum"](z, axes=(0,))
    m = P["reduce_max"](z, axes=(1,))
    d = P["dot"](y, x, contract=((1, 0),), batch=())
    placed = P["place"](s, m, at=(((0, 4, 1),), ((5, 3, -2),)), shape=(6,))
    c = P["cumsum"](s, axis=0, reverse=True)
    func = b.func("f", [v.value for v in (z, s, m, d, placed, c, P["argmax"](z, axis=1))])
    compare(func, np.linspace(-1, 1, 4), np.arange(12.0).reshape(3, 4) % 5)


def test_long_program_in_chunks() -> None:
    b = Builder()
    x = Expr(b, b.param(Type("f64", (4,))))
    values = [P["index"](x, at=(k,)) for k in range(4)]
    rng = np.random.default_rng(0)
    for k in range(1500):
        i, j = rng.integers(max(0, len(values) - 50), len(values), 2)
        mixed = values[i] + values[j] if k % 2 else values[i] * values[j]
        values.append(P["sin"](mixed) if k % 7 == 0 else mixed * 0.5)
    compare(b.func("f", [v.value for v in values[-3:]]), [0.1, 0.2, -0.3, 0.7])


FLOATS = (
    "neg abs sign floor ceil trunc rint exp expm1 sin cos tan tanh arctan sinh cosh cbrt erf exp2 "
    "isnan isinf isfinite signbit sqrt log log1p"
).split()
PAIRS = (
    "add sub mul div maximum minimum fmin fmax floor_divide remainder fmod copysign hypot arctan2 "
    "logaddexp power less greater_equal equal not_equal"
).split()
SPECIAL = [0.0, -0.0, 1.5, -2.5, 3.0, np.inf, -np.inf, np.nan, 0.5]


@pytest.mark.parametrize("repeat", [1, 5000])
@pytest.mark.parametrize("dtype", ["f64", "f32"])
def test_elementwise(dtype: str, repeat: int) -> None:
    left, right = (g.ravel() for g in np.meshgrid(SPECIAL, SPECIAL))
    left, right = np.tile(left, repeat), np.tile(right, repeat)
    b = Builder()
    x = Expr(b, b.param(Type(dtype, left.shape)))
    y = Expr(b, b.param(Type(dtype, left.shape)))
    results = [P[n](x) for n in FLOATS] + [P[n](x, y) for n in PAIRS]
    func = b.func("f", [r.value for r in results])
    arrays = [np.asarray(a, func.params[0].type.numpy) for a in (left, right)]
    outs = tuple(Output(r.type.dtype, r.type.shape) for r in func.results)
    ins = tuple(ArrayArg(p.type.dtype, p.type.shape) for p in func.params)
    kernel = compile_func(func, KernelAbi(ins, outs, "tuple"))
    got = NativeEntry(kernel.library, kernel.signature)(*arrays)
    wanted = interpreter.run(func, arrays)
    for name, g, w in zip(FLOATS + PAIRS, got, wanted, strict=True):
        np.testing.assert_allclose(g, w, rtol=1e-12 if dtype == "f64" else 1e-5, err_msg=name)


@pytest.mark.parametrize("name", ["floor_divide", "remainder", "fmod", "maximum", "bitwise_xor"])
def test_integers(name: str) -> None:
    left, right = (g.ravel() for g in np.meshgrid([-7, 0, 3, 9], [-2, -1, 0, 4]))
    b = Builder()
    x, y = (Expr(b, b.param(Type("i64", left.shape))) for _ in range(2))
    compare(b.func("f", [P[name](x, y).value]), left, right)


def test_gather_and_scatter() -> None:
    b = Builder()
    x = Expr(b, b.param(Type("f64", (5, 2))))
    i = Expr(b, b.param(Type("i64", (3,))))
    got = P["gather"](x, i)
    func = b.func("f", [got.value, P["scatter_add"](x, got, i).value])
    compare(func, np.arange(10.0).reshape(5, 2), [0, -1, 0])
    outs = tuple(Output(r.type.dtype, r.type.shape) for r in func.results)
    ins = tuple(ArrayArg(p.type.dtype, p.type.shape) for p in func.params)
    kernel = compile_func(func, KernelAbi(ins, outs, "tuple"))
    with pytest.raises(IndexError):
        NativeEntry(kernel.library, kernel.signature)(np.zeros((5, 2)), np.array([0, 5, 0]))

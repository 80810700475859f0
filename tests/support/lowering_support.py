"""Comparison of compiled programs with the interpreter."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.backends import interpreter
from tapec.backends.llvm import ArrayArg, KernelAbi, NativeEntry, Output
from tapec.backends.llvm.compile import compile_func
from tapec.ir import Func


def compiled(func: Func, *args: Any) -> Any:
    """The results of the compiled program."""
    outs = tuple(Output(r.type.dtype, r.type.shape) for r in func.results)
    ins = tuple(ArrayArg(p.type.dtype, p.type.shape) for p in func.params)
    kernel = compile_func(func, KernelAbi(ins, outs, "tuple"))
    return NativeEntry(kernel.library, kernel.signature)(*args)


def compare(func: Func, *args: Any) -> None:
    """The compiled program returns what the interpreter returns."""
    arrays = [np.asarray(a, p.type.numpy) for a, p in zip(args, func.params, strict=True)]
    got = compiled(func, *arrays)
    for a, b in zip(interpreter.run(func, arrays), got, strict=True):
        eps = 1e-6 if a.dtype == np.float32 else 1e-12
        np.testing.assert_allclose(b, a, rtol=eps, atol=eps)

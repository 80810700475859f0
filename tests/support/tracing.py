"""Trace a function, run its program with the interpreter, compare with NumPy running it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.backends.interpreter import run
from tapec.ir.types import Type, dtype_name
from tapec.trace import Param, TracedFunction, trace


def traced(f: Callable[..., Any], *args: Any) -> TracedFunction:
    """The program of `f` on arguments of these types (Python numbers stay weak)."""
    params = []
    for i, a in enumerate(args):
        array = np.asarray(a)
        kind = Type(dtype_name(array.dtype), array.shape)
        params.append(Param(kind, "xyzabc"[i], isinstance(a, (bool, int, float))))
    return trace(f, lambda tracers: (tuple(tracers), {}), params)


def check(f: Callable[..., Any], *args: Any) -> TracedFunction:
    """The program's results, written arguments included, are NumPy's: dtype, shape, values."""
    program = traced(f, *args)
    results = run(program.func, [np.asarray(a) for a in args])
    mine = [a.copy() if isinstance(a, np.ndarray) else a for a in args]
    plain = f(*mine)
    expected = list(plain) if isinstance(plain, (tuple, list)) else [plain]
    expected += [mine[i] for i in program.mutated]
    assert len(results) == len(expected)
    for got, want in zip(results, expected, strict=True):
        want = np.asarray(want)
        assert (got.shape, got.dtype) == (want.shape, want.dtype)
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-13)
    return program

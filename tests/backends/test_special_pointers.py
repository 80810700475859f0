"""The variants of SciPy's functions that native code calls: those of doubles, never of floats."""

from __future__ import annotations

import importlib

import pytest

pytest.importorskip("llvmlite")

from tapec.backends.llvm.special import symbols
from tapec.ir import PRIMITIVES
from tapec.ir.exports import address, signature
from tapec.ir.ops.called import FUNCTIONS

ALONE = {(p.function, 0, 1 + len((p.samples or (0,))[0].attrs if p.samples else ()))
         for p in PRIMITIVES.values() if p.lower.startswith("scipy.")}  # fmt: skip
TABLE = {(f.function, f.orders, len(f.domain)) for f in FUNCTIONS.values()}


@pytest.mark.parametrize("key", sorted(ALONE | TABLE), ids=str)
def test_functions_of_doubles_are_called(key: tuple[str, int, int]) -> None:
    name, whole, real = key
    table = importlib.import_module("scipy.special.cython_special").__pyx_capi__
    by_address = {address(c): signature(c) for full, c in table.items() if full.endswith(name)}
    found = by_address[symbols()[f"tapec.scipy.{name}.{whole}.{real}"]]
    assert found.startswith(("double (", "void (double", "__pyx_t_double_complex (__pyx"))
    assert "float" not in found

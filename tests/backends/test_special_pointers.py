"""The variants of SciPy's functions that native code calls: those of doubles."""

from __future__ import annotations

import importlib

import pytest

pytest.importorskip("llvmlite")

from tapec.backends.llvm.names import SPECIAL
from tapec.backends.llvm.special import symbols
from tapec.ir import PRIMITIVES
from tapec.ir.exports import address, signature

NAMES = sorted(p.function for p in PRIMITIVES.values() if p.lower.startswith("scipy."))


@pytest.mark.parametrize("name", NAMES)
def test_functions_of_doubles_are_called(name: str) -> None:
    table = importlib.import_module("scipy.special.cython_special").__pyx_capi__
    by_address = {address(c): signature(c) for full, c in table.items() if full.endswith(name)}
    found = by_address[symbols()[SPECIAL + name]]
    assert found.startswith("double (double")
    assert "float" not in found

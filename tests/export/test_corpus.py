"""The C functions of every program of the corpus give the bits that their kernels give."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.program_corpus import PROGRAMS, Program
from support.sampling import sampled

import tapec
from tapec.errors import ExportError
from tapec.tree import flatten

PRODUCTS: dict[str, Callable[[Program], Any]] = {
    "value": lambda p: tapec.compile(p.f),
    "grad": lambda p: tapec.grad(p.scalar()),
    "jacobian": lambda p: tapec.jacobian(p.f),
    "hvp": lambda p: tapec.hvp(p.scalar()),
}
CASES = [(name, p) for p in PROGRAMS for name in PRODUCTS]


def copies(args: Any) -> list[Any]:
    """The arguments, for functions that write into theirs."""
    return [x.copy() for x in args]


def same_bits(kernel: Any, *args: Any) -> None:
    wanted = flatten(kernel(*copies(args)))[0]
    function = kernel.ctypes(*args)
    if function.restype is ctypes.c_int:
        found = [np.empty(np.shape(w), np.asarray(w).dtype) for w in wanted]
        assert function(*copies(args), *found) == 0
    else:
        found = [function.restype(function(*copies(args))).value]
    for a, b in zip(found, wanted, strict=True):
        assert np.asarray(a, np.asarray(b).dtype).tobytes() == np.ascontiguousarray(b).tobytes()


@pytest.mark.parametrize("case", sampled(CASES, 40), ids=lambda c: f"{c[1].name}-{c[0]}")
def test_the_same_bits(case: Any) -> None:
    name, p = case
    point = (p.point, np.ones_like(p.point)) if name == "hvp" else (p.point,)
    try:
        same_bits(PRODUCTS[name](p), *point)
    except ExportError as error:
        pytest.skip(str(error))

"""Constant arrays that a formula gives: recognised, printed, read back and compiled, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tapec
from tapec.ir import Builder, Dense
from tapec.ir.parser import parse
from tapec.ir.patterns import Layers, Mask, Progression, pattern_of
from tapec.ir.printer import print_func
from tapec.lower.tuning import TABLE_BYTES

LONG = TABLE_BYTES // 8 + 500  # more than tables are read for

FORMULAS: dict[str, tuple[Any, type[Any]]] = {
    "arange": (np.arange(100), Progression),
    "arange-steps": (np.arange(3, 500, 7), Progression),
    "arange-float": (np.arange(0.1, 9.0, 0.13), Progression),
    "arange-down": (np.arange(80)[::-1], Progression),
    "linspace": (np.linspace(0, 1, 100), Progression),
    "linspace-end": (np.linspace(0.1, 0.7, 71), Progression),
    "linspace-f32": (np.linspace(0, 1, 100, dtype=np.float32), Progression),
    "linspace-negative": (-np.linspace(0, 3, 99), Progression),
    "indices": (np.indices((9, 12))[1] * 3.0 + 2.0, Progression),
    "grid": (np.arange(50)[:, None] + np.arange(7) * 1000, Progression),
    "meshgrid": (np.meshgrid(np.linspace(0, 1, 40), np.arange(3))[0], Progression),
    "eye": (np.eye(9), Mask),
    "eye-above": (np.eye(8, 14, 3), Mask),
    "eye-below": (np.eye(8, 14, -3), Mask),
    "unit-arrays": (np.eye(16).reshape(16, 4, 4), Mask),
    "halves": (np.where(np.eye(9, dtype=bool), 0.5, 1.0), Mask),
    "tri": (np.tri(9, 12, -2, dtype=bool), Mask),
    "not-tri": (~np.tri(9, 12, 2, dtype=bool), Mask),
    "triu": (np.triu(np.ones((9, 9), np.int32)), Mask),
    "head": (np.arange(90) < 7, Mask),
    "last": (np.arange(90) == 89, Mask),
    "signed-zeros": (np.where(np.arange(70) < 3, 0.0, -0.0), Mask),
    "all-indices": (np.indices((9, 9)), Layers),
}
NONE = {
    "random": np.random.default_rng(0).normal(size=100),
    "random-mask": np.random.default_rng(0).normal(size=(20, 20)) > 0,
    "remainders": np.arange(100) % 7,
    "nan": np.where(np.arange(90) < 3, np.nan, np.arange(90.0)),
    "one-differs": np.where(np.arange(90) == 40, 1, np.arange(90)),
    "extremes": np.array([-(2**63), 2**63 - 1] * 40),
    "infinities": np.array([np.inf, -np.inf, 1.0] * 30),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_recognised(name: str) -> None:
    array, kind = FORMULAS[name]
    found = pattern_of(array)
    assert isinstance(found, kind)
    assert found.array(array.shape, array.dtype).tobytes() == array.tobytes()


@pytest.mark.parametrize("name", NONE)
def test_no_formula(name: str) -> None:
    assert pattern_of(NONE[name]) is None


@pytest.mark.parametrize("name", FORMULAS)
def test_text(name: str) -> None:
    array = FORMULAS[name][0]
    b = Builder()
    func = b.func("f", [b.const(array)])
    text = print_func(func)
    assert len(text) < 300
    (op,) = parse(text).ops
    assert op.attrs["value"] == Dense(array)
    assert op.attrs["value"].array.tobytes() == array.tobytes()


@given(
    st.integers(-(2**40), 2**40),
    st.lists(st.integers(-(2**20), 2**20), min_size=1, max_size=3),
    st.sampled_from([np.int64, np.float64]),
)
def test_what_is_found_gives_every_bit(first: int, steps: list[int], dtype: Any) -> None:
    array = Progression(first, tuple(steps)).array((5, 4, 3)[: len(steps)], np.dtype(dtype))
    found = pattern_of(array)
    assert found is not None
    assert found.array(array.shape, array.dtype).tobytes() == array.tobytes()


KERNELS = {
    "arange": (lambda v: np.arange(v.size) * v, (LONG,)),
    "linspace": (lambda v: np.linspace(0, 1, v.size) * v, (LONG,)),
    "linspace-negative": (lambda v: -np.linspace(0, 3, v.size) * v, (LONG,)),
    "linspace-f32": (lambda v: np.linspace(0, 1, v.size, dtype=np.float32) * v, (3 * LONG,)),
    "last": (lambda v: np.where(np.arange(v.size) == v.size - 1, 0.0, v), (9 * LONG,)),
    "tril": (lambda x: np.tril(x, 2), (210, 190)),
    "triu": (lambda x: np.triu(x, -3), (190, 210)),
    "eye": (lambda x: np.eye(*x.shape) * x, (80, 70)),
    "indices": (lambda x: np.indices(x.shape) * x, (80, 70)),
    "meshgrid": (lambda v: sum(np.meshgrid(np.arange(v.size), np.arange(v.size))) * v, (80,)),
    "diagonal": (lambda x: x[np.arange(len(x)), np.arange(len(x))], (300, 300)),
    "backwards": (lambda v: v[np.arange(v.size)[::-1]], (LONG,)),
}  # fmt: skip


@pytest.mark.parametrize("name", KERNELS)
def test_compiled(name: str) -> None:
    f, shape = KERNELS[name]
    x = np.random.default_rng(1).normal(size=shape)
    kernel = tapec.compile(f)
    np.testing.assert_array_equal(kernel(x), f(x))
    assert len(str(kernel.ir("llvm", x))) < 12_000

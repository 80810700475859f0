"""Vector functions that are called, and sines with cosines: the same numbers, less code."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapec
from tapec.backends.llvm.tuning import INLINED_USES
from tapec.backends.llvm.vmath import SUPPORTED, Lines, emit

X = np.linspace(0.1, 0.9, 37)


def powers(count: int) -> Any:
    """A program with this many vector powers, none of which is another's."""

    def f(x: Any, p: Any) -> Any:
        total = np.zeros(37)
        for k in range(count):
            total[k % 5 :] += (x + 0.1 * k)[k % 5 :] ** p[k]
            total = np.roll(total, k)
        return total

    return f


def llvm(f: Any, *args: Any) -> str:
    return str(tapec.compile(f, backend="llvm").ir("llvm", *args))


def test_functions_of_long_programs_are_called() -> None:
    few, many = powers(3), powers(INLINED_USES + 6)
    p = np.linspace(-2.0, 3.0, INLINED_USES + 6)
    assert "@tapec.power" not in llvm(few, X, p)
    text = llvm(many, X, p)
    assert 1 <= text.count("define internal fastcc") <= 3, "one of each width"
    assert text.count("call fastcc") > INLINED_USES
    np.testing.assert_allclose(tapec.compile(many)(X, p), many(X, p), rtol=1e-13)


@pytest.mark.parametrize("dtype", ["f64", "f32"])
@pytest.mark.parametrize("name", sorted(SUPPORTED))
def test_every_function_can_be_called(name: str, dtype: str) -> None:
    lines = Lines()
    lines.outlined = {name}
    args = [f"%x{k}" for k in range(SUPPORTED[name].arity)]
    first = emit(name, lines, args, dtype, 4)
    again = emit(name, lines, args, dtype, 4)
    assert first != again
    assert [line for line in lines.body if "call fastcc" in line] == lines.body
    assert f"@tapec.{name}.{dtype}.4" in lines.header()
    emit(name, lines, args, dtype, 1)
    assert len(lines.body) > 3, "one number alone is written in place"


def both(x: Any) -> Any:
    return np.sin(x) * 2.0 + np.cos(x) + np.sin(x + 1.0)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_sines_with_cosines_are_numpys(dtype: str) -> None:
    x = np.array([0.0, -0.0, 1.0, -2.5, 1e5, np.pi, np.inf, -np.inf, np.nan] * 9).astype(dtype)
    got = tapec.compile(lambda x: (np.sin(x), np.cos(x)), backend="llvm")(x)
    with np.errstate(invalid="ignore"):
        wanted = np.sin(x), np.cos(x)
    for mine, want in zip(got, wanted, strict=True):
        np.testing.assert_allclose(mine, want, rtol=5 * np.finfo(dtype).eps, atol=1e-16)
    np.testing.assert_array_equal(np.signbit(got[0][:2]), [False, True])


def test_they_share_their_work() -> None:
    def lines(f: Any) -> int:
        return llvm(f, np.ones(64)).count("\n")

    alone = lines(np.sin) + lines(np.cos)
    assert lines(lambda x: np.sin(x) + np.cos(x)) < 0.75 * alone
    x = np.linspace(-9.0, 9.0, 101)
    np.testing.assert_allclose(tapec.compile(both)(x), both(x), rtol=1e-13, atol=1e-15)
    slopes = tapec.grad(lambda x: np.sum(np.sin(x) ** 2))(x)
    np.testing.assert_allclose(slopes, np.sin(2 * x), rtol=1e-13, atol=1e-15)

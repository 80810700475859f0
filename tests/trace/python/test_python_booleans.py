"""Python's booleans: integers to Python's arithmetic, logic to NumPy's functions."""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec

BINARY = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod,
    operator.pow, operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift,
    operator.lt, operator.le, operator.eq, operator.ne,
]  # fmt: skip
UNARY = [operator.neg, operator.pos, operator.abs, operator.invert, int, float, bool]
OTHERS = [True, False, 2, 0.5]
UFUNCS = [np.add, np.multiply, np.maximum, np.minimum, np.bitwise_and, np.logical_or, np.equal]
A = [(1.0, 2.0), (1.0, -2.0), (-1.0, -2.0)]


def check(f: Callable[..., Any], *args: Any) -> None:
    want, got = f(*args), tapec.compile(f)(*args)
    assert got == want
    assert isinstance(want, (bool, np.bool_)) == isinstance(got, (bool, np.bool_)), (want, got)


def is_defined(op: Any, a: Any, b: Any) -> bool:
    try:
        op(a, b)
    except (TypeError, ZeroDivisionError):
        return False
    return True


@pytest.mark.parametrize("op", BINARY, ids=lambda op: op.__name__)
def test_operators_of_two_truths(op: Callable[..., Any]) -> None:
    for a, b in A:
        if is_defined(op, a > 0, b > 0):
            check(lambda a, b: op(a > 0, b > 0), a, b)
            check(lambda a, b: op(a > 0, b > 0) * 10.0, a, b)


@pytest.mark.parametrize("op", BINARY, ids=lambda op: op.__name__)
def test_operators_of_a_truth_and_a_number(op: Callable[..., Any]) -> None:
    for flag, other in itertools.product([True, False], OTHERS):
        if is_defined(op, flag, other):
            check(lambda flag, _y=other: op(flag, _y), flag)
        if is_defined(op, other, flag):
            check(lambda flag, _y=other: op(_y, flag), flag)


@pytest.mark.filterwarnings("ignore:Bitwise inversion:DeprecationWarning")
@pytest.mark.parametrize("op", UNARY, ids=lambda op: op.__name__)
def test_operators_of_one_truth(op: Callable[..., Any]) -> None:
    for flag in (True, False):
        check(lambda flag: op(flag), flag)
        check(lambda x: op(float(x[0]) > 0) * 3.0, np.array([2.0 * flag - 1.0]))


@pytest.mark.parametrize("ufunc", UFUNCS, ids=lambda f: f.__name__)
def test_ufuncs_of_truths_stay_logic(ufunc: Callable[..., Any]) -> None:
    for a, b in A:
        check(lambda a, b: ufunc(a > 0, b > 0), a, b)
        check(lambda a, b: ufunc(a > 0, b > 0) + ufunc(b > 0, a > 0), a, b)


@pytest.mark.parametrize("compare", [np.greater, np.less_equal, np.not_equal])
def test_comparisons_by_numpy_give_its_truths(compare: Callable[..., Any]) -> None:
    for a, b in A:
        check(lambda a, b: compare(a, 0.0) + compare(b, 0.0), a, b)
        check(lambda a, b: ~compare(a, b), a, b)


def test_truths_by_other_ways_are_counted() -> None:
    def counted(a: float, b: float) -> Any:
        n = (not a > 0) + (not b > 0)
        n += math.isnan(a) + math.isfinite(b)
        n += (a > 0 and b > 0) + (a > 0 or b > 0) + (0.0 < a < 5.0)
        return n + sum([a > 0, b > 0, a < b])

    for a, b in A:
        check(counted, a, b)


def test_truths_of_elements_stay_numpys() -> None:
    for a, b in A:
        check(lambda x: (x[0] > 0) + (x[1] > 0), np.array([a, b]))
        check(lambda x: ~(x[0] > 0), np.array([a, b]))


def test_counts_weigh_derivatives() -> None:
    def f(w: float, a: float, b: float) -> Any:
        return w * ((a > 0) + (b > 0))

    assert [tapec.grad(f)(3.0, a, b) for a, b in A] == [2.0, 1.0, 0.0]

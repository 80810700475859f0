"""`try` around traced code: what Python catches itself is caught, nothing else is hidden."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.tracing import check, traced

import tapec
from tapec.errors import ControlFlowError, TraceError

V = np.array([0.3, 0.7, 0.2, 0.9])


def root(v: Any) -> Any:
    if v < 0:
        raise ValueError("negative")
    return np.sqrt(v)


def test_what_python_raises_while_tracing_is_caught() -> None:
    def f(x: Any) -> Any:
        known: dict[str, Any] = {}
        try:
            y = known["y"]
        except KeyError:
            y = x[0]
        try:
            n = len(x[0])
        except TypeError:
            n = 1
        try:
            z = x + np.ones(7)
        except ValueError:
            z = x * 2
        else:
            z = x * 3
        finally:
            n += 1
        return y * n + z[9] if n > 5 else y * n + z

    check(f, V)


def caught_in_a_helper(x: Any) -> Any:
    try:
        return root(x[0])
    except ValueError:
        return -x[0]


def caught_with_others(x: Any) -> Any:
    try:
        if x[0] > 1:
            raise KeyError("big")
        return root(x[0])
    except (ZeroDivisionError, LookupError):
        return x[1]


def caught_assertion(x: Any) -> Any:
    try:
        assert x[0] > 0
        r = x[1]
    except Exception:
        r = x[2]
    return r


def awaited_division(x: Any) -> Any:
    try:
        r = 1.0 / float(x[0])
    except ZeroDivisionError:
        r = 0.0
    return r


def awaited_division_of_arrays(x: Any) -> Any:
    try:
        with np.errstate(divide="raise"):
            r = 1.0 / x
    except FloatingPointError:
        r = x * 0.0
    return r


@pytest.mark.parametrize(
    "f",
    [
        caught_in_a_helper,
        caught_with_others,
        caught_assertion,
        awaited_division,
        awaited_division_of_arrays,
    ],
)
def test_traced_exceptions_that_would_be_caught_are_refused(f: Any) -> None:
    with pytest.raises(ControlFlowError, match=r"(?s)`try`.*test_python_try\.py:\d+"):
        traced(f, V)


DIVISIONS = [np.divide, np.floor_divide, np.remainder, np.fmod, lambda a, b: np.divmod(a, b)[0]]


@pytest.mark.parametrize("divide", DIVISIONS)
@pytest.mark.parametrize("kind", [ZeroDivisionError, (KeyError, ZeroDivisionError), OverflowError])
def test_arrays_divide_by_zero_without_raising(divide: Any, kind: Any) -> None:
    def f(x: Any) -> Any:
        try:
            y = divide(1.0, x) if x[0] > 0 else divide(x, 0.0)
        except kind:
            y = x * 7.0
        return y

    for x in (V, -V, V * np.array([1.0, 0.0, 2.0, 0.0])):
        with np.errstate(all="ignore"):
            want = f(x)
            got = tapec.compile(f)(x)
        np.testing.assert_allclose(got, want)


def test_other_handlers_are_no_obstacle() -> None:
    def f(x: Any) -> Any:
        try:
            return root(x[0]) / x[1]
        except KeyError:
            return x[1]

    check(f, V)


@pytest.mark.parametrize("kind", [Exception, BaseException, (ValueError, Exception)])
def test_no_handler_hides_that_something_is_not_traced(kind: Any) -> None:
    def f(x: Any) -> Any:
        try:
            return {0: 1.0, 1: 2.0}[int(x[0] > 0)] * x
        except kind:
            return x * 0.0

    with pytest.raises(TraceError, match="integer"):
        traced(f, V)


def test_who_asks_for_errors_of_tracing_gets_them() -> None:
    def f(x: Any) -> Any:
        try:
            return {0: 1.0, 1: 2.0}[int(x[0] > 0)] * x
        except TraceError:
            return x * 2.0

    program = traced(f, V)
    assert "mul" in str(program.func)

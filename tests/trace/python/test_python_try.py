"""`try` around traced code: what Python catches itself is caught, nothing else is hidden."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.random_memory import function
from support.tracing import check, traced

import tapec
from tapec.errors import ControlFlowError, TraceError
from tapec.trace.arrays.table import TABLE
from tapec.trace.staging import failures

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


def caught_in_a_loop(x: Any) -> Any:
    try:
        for k in range(400):
            x = np.sin(np.linalg.solve(x[0] * np.eye(4) + k, x))
    except np.linalg.LinAlgError:
        x = x * 0.0
    return x


def caught_in_a_branch(x: Any) -> Any:
    try:
        r = 1.0 / float(x[0]) if x[1] > 0 else x[2]
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
        caught_in_a_loop,
        caught_in_a_branch,
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


# --- both ways ------------------------------------------------------------------------------------


def likelihood(t: Any) -> Any:
    K = np.array([[1.0, t[0]], [t[0], 1.0]])
    try:
        L = np.linalg.cholesky(K)
    except np.linalg.LinAlgError:
        return -t[1]
    return -np.sum(np.log(np.diag(L))) * t[1]


def solved_or_not(t: Any) -> Any:
    try:
        return np.sum(np.linalg.solve(t[0] * np.ones((2, 2)) + np.diag(t[1:]), t[:2]))
    except np.linalg.LinAlgError:
        return t[2] * 3.0


def jitter(t: Any) -> Any:
    K = np.array([[1.0, t[0]], [t[0], 1.0]])
    try:
        L = np.linalg.cholesky(K)
    except np.linalg.LinAlgError:
        try:
            L = np.linalg.cholesky(K + 1.5 * np.eye(2))
        except np.linalg.LinAlgError:
            L = np.eye(2) * t[1]
    return np.sum(L * t[2])


def with_all_parts(t: Any) -> Any:
    r, steps = t[1], []
    try:
        r = r * 2
        steps.append(1.0)
        inverse = np.linalg.inv(np.array([[t[0], 1.0], [1.0, t[0]]]))
        r = r + np.sum(inverse)
    except (KeyError, np.linalg.LinAlgError) as error:
        r = r * 5 + len(str(error)) * 0.0
    else:
        r = r - t[2]
    finally:
        r = r + 100.0
    return r * len(steps)


def quotient(t: Any) -> Any:
    try:
        r = 1.0 / float(t[0])
    except ZeroDivisionError:
        r = t[1] * 2.0
    return r * t[2]


def quotients(t: Any) -> Any:
    a, b = float(t[0]), float(t[1])
    try:
        r = 1.0 / a + 2.0 // b
    except ArithmeticError:
        r = 7.0 * t[2]
    return r + t[2]


def asserted(t: Any) -> Any:
    try:
        assert t[0] > 0.5
        r = t[1]
    except AssertionError:
        r = t[2] * t[0]
    return r


def by_a_helper(t: Any) -> Any:
    def factor(K: Any) -> Any:
        return np.linalg.cholesky(K)[1, 1]

    total = 0.0
    for k in range(3):
        try:
            total += factor(np.array([[1.0, t[0] * k], [t[0] * k, 2.0]]))
        except Exception:
            continue
        total = total + t[1]
    return total * t[2]


def attributes(t: Any) -> Any:
    class Box:
        n = 0.0

    box, seen = Box(), {"a": t[1]}
    try:
        box.n = t[1] * 3
        seen["a"] = np.linalg.inv(np.diag(t[:2]))[0, 0]
    except np.linalg.LinAlgError:
        box.n = box.n + 1.0
    return box.n + seen["a"] + t[2]


def repeated(t: Any) -> Any:
    y = t
    try:
        for k in range(5):
            y = np.sin(np.linalg.solve(np.diag(y) + 0.1 * k, t))
    except np.linalg.LinAlgError:
        y = y * 3.0
    return np.sum(y)


STAGED = [likelihood, solved_or_not, jitter, with_all_parts, quotient, quotients, asserted,
          by_a_helper, attributes, repeated]  # fmt: skip
POINTS = [
    np.array(p)
    for p in ([0.6, 0.7, 2.0], [2.0, 0.7, 1.5], [0.0, 0.0, 1.0], [1.0, 0.5, 0.5], [0.0, 1.0, 2.0],
              [3.0, 0.0, 1.0], [-0.4, 0.3, -1.0])
]  # fmt: skip


@pytest.mark.parametrize("f", STAGED)
@pytest.mark.parametrize("backend", ["llvm", "numpy"])
def test_the_handler_runs_where_python_runs_it(f: Any, backend: str) -> None:
    kernel = tapec.compile(f, backend=backend)
    for t in POINTS:
        np.testing.assert_allclose(kernel(t), f(t), rtol=1e-13)


@pytest.mark.parametrize("f", STAGED)
def test_derivatives_are_those_of_the_way_taken(f: Any) -> None:
    gradient, h = tapec.grad(f), 1e-6
    for t in POINTS[:2]:
        wanted = [(f(t + e) - f(t - e)) / (2 * h) for e in np.eye(3) * h]
        np.testing.assert_allclose(gradient(t), wanted, rtol=2e-8, atol=1e-8)
        along = tapec.jvp(f, (t,), (np.ones(3),))[1]
        np.testing.assert_allclose(along, np.sum(wanted), rtol=2e-8, atol=2e-8)


@pytest.mark.parametrize("f", [likelihood, solved_or_not, quotient, with_all_parts])
def test_lanes_take_their_own_ways(f: Any) -> None:
    np.testing.assert_allclose(tapec.vmap(f)(np.array(POINTS)), [f(t) for t in POINTS])


def test_what_no_handler_takes_is_raised() -> None:
    def f(t: Any) -> Any:
        try:
            return np.sum(np.linalg.inv(np.diag(t)))
        except KeyError:
            return t[0]

    with pytest.raises(np.linalg.LinAlgError):
        tapec.compile(f)(np.zeros(3))


class Halves:
    def __init__(self, a: Any) -> None:
        self._a = a

    @property
    def half(self) -> Any:
        return self._a[:2]


DONE = ("p.half[0] += y[i % 3]", "v[1] -= y[2 - i % 3]", "s += 1.0 / (i % 3 + 1)", "s += y[i % 4 - 1]",
        "s += y[i % 5]", "v[i // 10] *= 0.5")  # fmt: skip
KINDS = ("", " IndexError", " Exception", " ZeroDivisionError", " (KeyError, IndexError)")


@pytest.mark.parametrize("done", DONE)
def test_handlers_in_loops_take_what_python_raises(done: str) -> None:
    for kind in KINDS:
        text = (
            "def program(x, y):\n    v, s = x[::-1], 0.0\n    p = Halves(v)\n    for i in range(30):\n"
            f"        try:\n            {done}\n        except{kind}:\n            s += 0.1\n"
            "    return v @ [1, 2, 3, 4] + s\n"
        )
        f = function(text, f"<{done}{kind}>")
        f.__globals__["Halves"] = Halves
        x, y = V.copy(), np.array([0.5, 0.6, 0.7])
        try:
            want = f(x.copy(), y)
        except IndexError:
            continue
        try:
            got = tapec.compile(f, backend="numpy")(x.copy(), y)
        except tapec.TapecError:
            continue
        assert np.allclose(got, want), text


def test_faults_of_tracing_are_not_caught(monkeypatch: Any) -> None:
    def broken(*args: Any) -> Any:
        raise KeyError("a fault of ours")

    broken.__code__ = broken.__code__.replace(co_filename=failures.__file__)
    monkeypatch.setitem(TABLE, "cosh", broken)

    def f(x: Any) -> Any:
        try:
            return np.cosh(x)
        except Exception:
            return x

    with pytest.raises(ControlFlowError, match="a fault of ours"):
        tapec.compile(f)(V)

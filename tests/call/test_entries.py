"""Calls that go straight to native code: constants among the arguments, several signatures."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import tapec
from tapec.backends.llvm import available

pytestmark = pytest.mark.skipif(not available()[0], reason=available()[1])

X = np.array([0.3, -0.2, 0.7])


def same(got: Any, want: Any) -> None:
    np.testing.assert_allclose(got, want, rtol=1e-14)


class Watched(tapec.Kernel):
    """A kernel that counts the calls which Python code had to take."""

    slow = 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.slow += 1
        return super().__call__(*args, **kwargs)


def watched(f: Any, **options: Any) -> Any:
    from tapec.backends.fastcall import enable_vectorcall

    return enable_vectorcall(type("Counted", (Watched,), {}))(f, **options)


def power(x: Any, n: int) -> Any:
    y = np.ones(3)
    for _ in range(n):
        y = y * x
    return np.zeros(n) + np.sum(y)


def scaled(x: Any, mode: Any) -> Any:
    if mode is None:
        return x + 0.0
    return np.exp(x) if mode == "exp" else x * mode


def test_integers_that_are_part_of_the_program() -> None:
    k = watched(power)
    for _ in range(3):
        for n in (2, 3, -1 + 2):
            same(k(X, n), power(X, n))
    assert k.slow == 3
    same(k(X, np.int64(2)), power(X, 2))  # its own program
    assert k.slow == 4


@pytest.mark.parametrize("modes", [("exp", None), (2, 3), (True, False), (2**70, 2**71)])
def test_static_arguments(modes: Any) -> None:
    k = watched(scaled, static_argnames=("mode",))
    for _ in range(2):
        for mode in modes:
            same(k(X, mode), scaled(X, mode))
    assert k.slow == 2
    same(k(X, mode=modes[0]), scaled(X, modes[0]))


def test_equal_constants_of_other_types_are_other_programs() -> None:
    k = tapec.compile(lambda x, c: (c, x + c), static_argnums=1)
    for c in (1, True, 1.0, 1, 1.0, True):
        assert type(k(X, c)[0]) is type(c)


def test_arrays_that_are_constants_are_compared_by_their_elements() -> None:
    c = np.array([1.0, 2.0, 3.0])
    k = tapec.compile(lambda x, c: x * c, static_argnums=1)
    same(k(X, c), X * c)
    c[0] = 5.0
    same(k(X, c), X * c)


def test_signatures_take_turns() -> None:
    k = watched(lambda x: 2 * np.sum(x))
    arrays = [np.arange(float(n)) for n in range(1, 6)]
    for _ in range(4):
        for a in [*arrays, 2.0, arrays[-1][::2]]:
            same(k(a), 2 * np.sum(a))
    assert k.slow == 6 + 1  # one compilation each, and one entry for arrays with gaps


def test_bound_calls_leave_constants_out() -> None:
    bound = tapec.compile(power).bind(X, 3)
    same(bound(), power(X, 3))
    bound = tapec.compile(scaled, static_argnums=1).bind(X, "exp")
    same(bound(), np.exp(X))


def test_threads_meet_new_signatures_at_once() -> None:
    k = tapec.compile(power)
    wrong: list[Any] = []

    def work(first: int) -> None:
        for turn in range(40):
            n = 1 + (first + turn) % 7
            if not np.allclose(k(X, n), power(X, n), rtol=1e-14):
                wrong.append(n)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_many_shapes_are_told_apart_by_a_table() -> None:
    def plain(x: Any, y: Any) -> Any:
        return np.sum(x) * 2.0 + np.sum(y)

    f = watched(plain)

    shapes = [(), (0,), *((n,) for n in range(1, 9)), (2, 2), (3, 1, 2)]
    calls: list[tuple[Any, Any]] = [
        (np.ones(s), np.full(t, 0.5)) for s in shapes for t in shapes[:3]
    ]
    calls += [(2.0, np.ones(2)), (np.float64(2.0), np.ones(2)), (3, np.ones(2)), (True, 1.5)]
    calls += [(np.ones(3, np.float32), 1.0), (np.ones(3, np.int64), 1.0), (np.ones(3, bool), 1.0)]
    for _ in range(2):
        for x, y in calls:
            assert f(x, y) == np.sum(x) * 2.0 + np.sum(y)
    f.slow = 0
    for x, y in reversed(calls):
        assert f(x, y) == np.sum(x) * 2.0 + np.sum(y)
    assert f.slow == 0
    assert f(x, y=y) == f(x, y)
    assert f.slow == 1
    with pytest.raises(TypeError):
        f(np.ones(3))

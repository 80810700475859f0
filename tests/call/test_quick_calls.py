"""Calls through Python: containers, names, defaults; each with the program it needs."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

import tapec

X = np.array([1.0, 2.0, 3.0])


class Pair(NamedTuple):
    """A container that has no cheap key."""

    a: Any
    b: Any


def nested_arguments() -> Any:
    """A kernel of a pair, in any container."""

    @tapec.compile
    def f(d: Any, scale: Any = 1.0, mode: str = "plain") -> Any:
        first, second = d.values() if isinstance(d, dict) else d
        return {"y": first * second * scale + (mode == "more"), "n": None}

    return f


CALLS: list[tuple[tuple[Any, ...], dict[str, Any], float]] = [
    (((X, 2.0),), {}, 2.0),
    (((X, np.float64(2.0)),), {}, 2.0),
    (([X, 2],), {}, 2.0),
    (([X, True],), {}, 1.0),
    (({"a": X, "b": 2.0},), {}, 2.0),
    (({"b": X, "a": 2.0},), {}, 2.0),
    ((Pair(X, 2.0),), {}, 2.0),
    (((X, 2.0),), {"scale": 3}, 6.0),
    (((X, 2.0), 3.0), {}, 6.0),
    (((X.astype(np.float32), 2.0),), {"scale": np.float32(3.0)}, 6.0),
]


@pytest.mark.parametrize("backend", ["llvm", "numpy"])
def test_each_call_gets_its_own_program(backend: str) -> None:
    kernel = nested_arguments()
    kernel = tapec.compile(kernel.__wrapped__, backend=backend)
    for _ in range(3):
        for args, named, factor in CALLS:
            got = kernel(*args, **named)
            wanted = kernel.__wrapped__(*args, **named)
            assert list(got) == ["y", "n"]
            assert got["n"] is None
            assert got["y"].dtype == wanted["y"].dtype
            np.testing.assert_array_equal(got["y"], factor * X)


def test_strings_select_programs_and_nothing_is_traced_twice() -> None:
    kernel = nested_arguments()
    for _ in range(3):
        for mode, more in (("plain", 0.0), ("more", 1.0), ("plain", 0.0)):
            got = kernel((X, X), mode=mode)
            np.testing.assert_array_equal(got["y"], X * X + more)
    assert len(kernel._programs()) == 2


def test_shapes_and_dtypes_tell_calls_apart() -> None:
    kernel = tapec.compile(lambda d: [d["x"] * 2])
    for x in (X, X[:2], X[None], X.astype(int), X > 1.5, X[::-1], np.asfortranarray(np.eye(3)[:2])):
        for _ in range(2):
            (got,) = kernel({"x": x})
            assert got.dtype == (x * 2).dtype
            np.testing.assert_array_equal(got, x * 2)


def test_static_and_pinned_arguments_are_compared_by_value() -> None:
    static = tapec.compile(lambda x, p: [x * p["n"]], static_argnums=1)
    pinned = tapec.compile(lambda x, n: [np.ones((n, 2)) * x])
    for n in (2, 3, 2, 4):
        np.testing.assert_array_equal(static(X, {"n": n})[0], n * X)
        np.testing.assert_array_equal(pinned(2.0, n)[0], np.full((n, 2), 2.0))


def test_arrays_of_strings_are_constants_by_content() -> None:
    kernel = tapec.compile(lambda x, names: [x * list(names).index("b")])
    assert kernel(X, np.array(["b", "a"]))[0][2] == 0.0
    assert kernel(X, np.array(["a", "b"]))[0][2] == 3.0
    assert kernel(X, np.array(["b", "a"]))[0][2] == 0.0


def test_kernels_in_traced_code_still_become_part_of_it() -> None:
    inner = tapec.compile(lambda d: [d[0] * d[1]])
    inner((X, X))
    outer = tapec.grad(lambda x: np.sum(inner((x, x))[0]))
    np.testing.assert_allclose(outer(X), 2 * X)


def test_written_arguments_beside_counts_that_the_program_must_know() -> None:
    """Once seen, calls are found by the values of the counts too, of whatever type."""
    seen: list[Any] = []

    @tapec.compile
    def doubled(x: Any, steps: Any = 1, *more: Any) -> Any:
        seen.append(steps)
        y = np.zeros(int(steps) + 2)
        x *= 2.0 ** len(y)
        return y, [x + 1.0, *more]

    for steps in (3, 2, 3, 1.0, True, 2, 1, np.int64(3), 1.0, True, 1):
        for _ in range(2):
            x = X.copy()
            y, (z,) = doubled(x, steps)
            assert len(y) == int(steps) + 2
            np.testing.assert_array_equal(x, X * 2.0 ** len(y))
            np.testing.assert_array_equal(z, x + 1.0)
    assert len(doubled(X.copy())[0]) == 3
    assert len(doubled(X.copy(), 2, 5.0)[0]) == 4
    concrete = [s for s in seen if isinstance(s, int | float | np.int64)]
    assert len({(type(s), s) for s in concrete}) == 6

"""Arguments that share memory: refused where one of them is written, as they are elsewhere."""

from __future__ import annotations

import linecache
import pickle
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import tapec
from tapec.call import routes

WRITES = {
    "item": "a[0] = 5.0",
    "augmented": "a += 1.0",
    "slice": "a[1:] = a[:-1]",
    "out": "np.sin(a, out=a)",
    "copyto": "np.copyto(a, 2.0 * a)",
    "fill": "a.fill(2.0)",
    "flat": "a.flat[1] = 3.0",
    "put": "np.put(a, [1], 3.0)",
    "sort": "a[::-1].sort()",
    "view": "a.reshape(2, 2)[0] = 4.0",
    "branch": "if a[0] > -9.0:\n        a[1] = 7.0",
    "loop": "for i in range(4):\n        a[i] = i",
    "nothing": "pass",
}
PLACES = {
    "twice": lambda m: (m[:4], m[:4]),
    "reversed": lambda m: (m[:4], m[3::-1]),
    "shifted": lambda m: (m[:4], m[1:5]),
    "strided": lambda m: (m[:8:2], m[1:5]),
    "interleaved": lambda m: (m[:8:2], m[1:9:2]),
    "apart": lambda m: (m[:4], m[4:8]),
    "columns": lambda m: (m.reshape(4, 3)[:, 0], m.reshape(4, 3)[:, 1]),
    "crossing": lambda m: (m.reshape(4, 3)[:, 0], m.reshape(4, 3)[0]),
}
MEMORY = np.arange(1.0, 13.0)


def function(write: str) -> Any:
    source = f"def f(a, b):\n    {write}\n    return np.sum(a * a[::-1]) + np.sum(b) * b[0]\n"
    name = f"<{write}>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    space: dict[str, Any] = {"np": np}
    exec(compile(source, name, "exec"), space)
    return tapec.compile(space["f"])


@pytest.mark.parametrize("backend", ["auto", "numpy"])
@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("place", PLACES)
def test_refused_or_as_in_numpy(write: str, place: str, backend: Any) -> None:
    kernel = tapec.compile(function(WRITES[write]).__wrapped__, backend=backend)
    memory, own = MEMORY.copy(), MEMORY.copy()
    a, b = PLACES[place](own)
    shares = np.shares_memory(a, b)
    if shares and write != "nothing":
        with pytest.raises(tapec.errors.MutationError, match="the argument a, which shares memory"):
            kernel(a, b)
        np.testing.assert_array_equal(own, MEMORY)
        return
    want = kernel.__wrapped__(*PLACES[place](memory))
    assert kernel(a, b) == pytest.approx(want, rel=1e-14)
    np.testing.assert_array_equal(own, memory)


@dataclass
class State:
    a: Any
    b: Any


HOLDERS = {
    "tuple": (lambda s: (s[0], s[1]), lambda a, b: (a, b)),
    "list": (lambda s: (s[0], s[1]), lambda a, b: [a, b]),
    "dict": (lambda s: (s["a"], s["b"]), lambda a, b: {"a": a, "b": b}),
    "nested": (lambda s: (s["a"][0], s["a"][1]), lambda a, b: {"a": [a, b]}),
    "object": (lambda s: (s.a, s.b), State),
}


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("second", [0, 1])
def test_entries_of_one_argument(holder: str, second: int) -> None:
    parts, hold = HOLDERS[holder]

    def f(state: Any) -> Any:
        both = parts(state)
        both[second][0] = 5.0
        return np.sum(both[0] - 2.0 * both[1])

    kernel, x = tapec.compile(f), np.arange(1.0, 6.0)
    with pytest.raises(tapec.errors.MutationError, match="shares memory"):
        kernel(hold(x, x[::-1]))
    pairs = [(x.copy(), x[::-1].copy()) for _ in range(2)]
    assert kernel(hold(*pairs[0])) == f(hold(*pairs[1]))
    np.testing.assert_array_equal(pairs[0], pairs[1])
    assert pairs[0][second][0] == 5.0


def test_three_arguments_of_which_two_share() -> None:
    def f(a: Any, b: Any, c: Any) -> Any:
        b[0] = a[0] + c[0]
        return np.sum(b)

    kernel, x = tapec.compile(f), np.ones(4)
    assert kernel(x, np.ones(4), x) == 5.0
    with pytest.raises(tapec.errors.MutationError, match="argument b, which shares memory with c"):
        kernel(np.ones(4), x, x)


def test_a_captured_array() -> None:
    table = np.zeros(5)

    def f(a: Any) -> Any:
        a[0] = 7.0
        return a + table

    kernel = tapec.compile(f)
    for given in (table, table[::-1], table[None]):
        with pytest.raises(tapec.errors.MutationError, match="that the function captures"):
            kernel(given)
    np.testing.assert_array_equal(kernel(np.ones(5)), [7, 1, 1, 1, 1])


def test_one_argument_whose_elements_overlap() -> None:
    def f(a: Any) -> Any:
        a[0] = 7.0
        return np.sum(a)

    memory = np.arange(4.0)
    strided = np.lib.stride_tricks.as_strided(memory, (3,), (0,))
    with pytest.raises(tapec.errors.MutationError, match="itself"):
        tapec.compile(f)(strided)
    crossed = memory.reshape(2, 2).T[::-1]
    assert tapec.compile(lambda a: f(a[0]))(crossed) == 10.0
    np.testing.assert_array_equal(memory, [0, 7, 2, 3])


def f_of_two(a: Any, b: Any) -> Any:
    a[0] = 5.0 * b[1]
    return np.sum(a) + np.sum(b**2)


DERIVED = {
    "grad": lambda a, b: tapec.grad(f_of_two)(a, b),
    "value_and_grad": lambda a, b: tapec.value_and_grad(f_of_two, argnums=(0, 1))(a, b),
    "jvp": lambda a, b: tapec.jvp(f_of_two, (a, b), (np.ones(4), np.ones(4))),
    "vjp": lambda a, b: tapec.vjp(f_of_two, a, b)[1](1.0),
    "hessian": lambda a, b: tapec.hessian(f_of_two)(a, b),
    "twice": lambda a, b: tapec.grad(lambda a, b: tapec.grad(f_of_two)(a, b)[1])(a, b),
    "inside": lambda a, b: tapec.compile(lambda c: tapec.grad(f_of_two)(c, c[::-1]))(a),
    "called": lambda a, b: tapec.compile(lambda c, d: tapec.compile(f_of_two, inline=False)(c, d))(
        a, b
    ),
    "outlined": lambda a, b: tapec.compile(lambda c: tapec.compile(f_of_two, inline=False)(c, c))(
        a
    ),
}


@pytest.mark.parametrize("name", DERIVED)
def test_derivatives_of_writing_functions(name: str) -> None:
    x = np.arange(1.0, 5.0)
    with pytest.raises(tapec.errors.MutationError, match="memory"):
        DERIVED[name](x, x)
    np.testing.assert_array_equal(x, np.arange(1.0, 5.0))
    if name not in ("inside", "outlined"):
        DERIVED[name](x, x.copy())


def test_rows_of_one_array_are_apart() -> None:
    def f(m: Any) -> Any:
        return tapec.grad(f_of_two, argnums=1)(m[0], m[1])

    m = np.arange(8.0).reshape(2, 4)
    want = tapec.grad(f_of_two, argnums=1)(m[0].copy(), m[1].copy())
    np.testing.assert_array_equal(tapec.compile(f)(m), want)


def test_tangents_may_share_memory_with_what_is_written() -> None:
    def f(a: Any) -> Any:
        a[0] = a[1] ** 2
        return np.sum(a)

    x = np.arange(1.0, 4.0)
    value, slope = tapec.jvp(f, (x,), (x,))
    assert (value, slope) == (9.0, 13.0)


def test_pickled_kernels_check_too() -> None:
    kernel = function(WRITES["item"])
    kernel(np.ones(4), np.ones(4))
    again, x = pickle.loads(pickle.dumps(kernel)), np.ones(4)
    with pytest.raises(tapec.errors.MutationError, match="shares memory"):
        again(x, x)


OUTS = {
    "shifted": lambda m: (m[:5], m[1:6]),
    "same": lambda m: (m[:5], m[:5]),
    "apart": lambda m: (m[:5], m[6:11]),
}


@pytest.mark.parametrize("place", OUTS)
@pytest.mark.parametrize("call", ["bind", "out"])
def test_results_written_over_arguments(place: str, call: str) -> None:
    def f(x: Any) -> Any:
        return np.cumsum(x) + x[::-1] * x[0]

    kernel, own = tapec.compile(f), MEMORY.copy()
    x, out = OUTS[place](own)
    want = f(x.copy())
    found = kernel.bind(x, out=out)() if call == "bind" else kernel(x, out=out)
    np.testing.assert_allclose(found, want)
    np.testing.assert_allclose(out, want)


def test_native_entries_look_at_the_memory_of_derivatives() -> None:
    """Two arguments are compared in native code: the call stays one of native code."""
    kernel = tapec.grad(f_of_two, argnums=1)
    x, y = np.arange(1.0, 5.0), np.arange(2.0, 6.0)
    want = kernel(x, y)
    special = kernel.specialization(x, y)
    assert routes.direct(special) is not None
    assert special.abi().apart == ((0, 1),)
    memory = np.arange(1.0, 9.0)
    np.testing.assert_array_equal(kernel(memory[:4], memory[4:]).shape, want.shape)
    for a, b in ((memory[:4], memory[3:7]), (memory[3:7], memory[:4]), (memory[:4], memory[:4])):
        with pytest.raises(tapec.errors.MutationError, match="shares memory"):
            kernel(a, b)
    np.testing.assert_array_equal(kernel(x, y), want)


def test_a_static_array() -> None:
    def f(a: Any, table: Any) -> Any:
        a[0] = 7.0
        return a + table

    kernel, x = tapec.compile(f, static_argnums=1), np.ones(3)
    with pytest.raises(tapec.errors.MutationError, match="that the function captures"):
        kernel(x, x)
    np.testing.assert_array_equal(kernel(x, np.ones(3)), [8, 2, 2])


STARTS: dict[str, Any] = {
    "slice": lambda x, k: x[k : k + 2],
    "backwards": lambda x, k: x[k : k + 3][::-1],
    "rows": lambda x, k: x.reshape(3, 2)[k],
    "twice": lambda x, k: x[k : k + 4][1:3],
    "both": lambda x, k: (x[k : k + 2], x[1:]),
}


@pytest.mark.parametrize("name", STARTS)
@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_views_at_traced_starts_are_views(name: str, backend: Any) -> None:
    def f(x: Any) -> Any:
        return STARTS[name](x, np.argmin(np.abs(x - 1.0)))

    x, y = np.arange(6.0), np.arange(6.0)
    want, got = f(x), tapec.compile(f, backend=backend)(y)
    for a, b in zip(*((r if isinstance(r, tuple) else (r,)) for r in (want, got)), strict=True):
        a[...] = b[...] = 7.0
        np.testing.assert_array_equal(y, x)

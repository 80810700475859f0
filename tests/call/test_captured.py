"""What kernels read from around their functions: inputs, other programs, what `explain` says."""

from __future__ import annotations

import functools
import gc
import pickle
import sys
import threading
import types
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec

X = np.array([1.0, 2.0, 3.0])
SCALE = 2.0
BIG = np.arange(100.0)


def scaled(x: Any) -> Any:
    return x * SCALE


def made(kernel: Any) -> int:
    """How many programs a kernel has."""
    return sum(len(v.specials) for v in kernel._found.values())


@pytest.fixture(autouse=True)
def _restored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "SCALE", 2.0)


def test_a_number_that_changed_becomes_an_input() -> None:
    global SCALE
    k = tapec.compile(scaled)
    for k_, s in enumerate([2.0, 2.0, 3.0, 4.0, -0.0, 5.0]):
        SCALE = s
        assert np.array_equal(np.signbit(k(X)), np.signbit(X * s)), k_
        assert np.array_equal(k(X), X * s)
    assert made(k) == 2
    text = k.explain(X)
    assert "captured SCALE: read at each call" in text
    assert "compiled again 1 times: SCALE changed" in text


def test_an_equal_number_is_the_same_number() -> None:
    global SCALE
    k = tapec.compile(scaled)
    for _ in range(3):
        SCALE = float("2.0")
        assert np.array_equal(k(X), X * 2)
    assert made(k) == 1
    SCALE = 2  # type: ignore[assignment]
    assert k(np.ones(3, dtype=np.int64)).dtype == np.int64


def test_arrays_are_read_by_reference() -> None:
    w = np.arange(100.0)
    k = tapec.compile(lambda x: np.sum(w * x[0]))
    assert k(X) == w.sum()
    w[:] = 1.0
    assert k(X) == 100.0
    w = np.full(100, 2.0)
    assert k(X) == 200.0
    assert made(k) == 1
    w = np.ones(50)
    assert k(X) == 50.0
    w = np.ones((100, 2))[:, 0]
    assert k(X) == 100.0
    w[3] = 5.0
    assert k(X) == 104.0


def test_a_large_array_costs_nothing_to_compile() -> None:
    table = np.random.default_rng(0).normal(size=500_000)
    k = tapec.compile(lambda x: np.sum(table) * x[0])
    assert np.isclose(k(X), table.sum())
    assert len(str(k.ir("optimized", X))) < 2000


def test_small_arrays_are_constants_until_they_change() -> None:
    w = np.array([1.0, 0.0])

    def f(x: Any) -> Any:
        return np.sum(x) * (2.0 if w[0] > 0.5 else 3.0) + w[1]

    k = tapec.compile(f)
    for first in (1.0, 0.0, 1.0, 0.25):
        w[0] = first
        assert k(X) == f(X)


def test_programs_for_what_is_no_number() -> None:
    modes = {"now": "double"}
    k = tapec.compile(lambda x: x * 2 if modes["now"] == "double" else x)
    for _ in range(3):
        for mode in ("double", "same"):
            modes["now"] = mode
            assert np.array_equal(k(X), X * 2 if mode == "double" else X)
    assert made(k) == 2
    for n in range(30):
        modes["now"] = f"mode {n}"
        assert np.array_equal(k(X), X)
    assert made(k) <= 16


def test_containers_rebuilt_at_each_call_need_no_other_program() -> None:
    class Model:
        def __init__(self) -> None:
            self.options = {"a": 1.5, "b": [1.0, 2.0]}

        def run(self, x: Any) -> Any:
            return x * self.options["a"] + self.options["b"][1]

    m = Model()
    k = tapec.compile(m.run)
    for _ in range(4):
        m.options = {"a": 1.5, "b": [1.0, 2.0]}
        assert np.array_equal(k(X), m.run(X))
    assert made(k) == 1


def twice(g: Any) -> Any:
    return tapec.compile(lambda x: g(x) + g(x))


TRANSFORMS: dict[str, Callable[[Any], Any]] = {
    "compile": lambda f: tapec.compile(lambda x: f(x)),
    "kernel of a kernel": lambda f: tapec.compile(tapec.compile(f)),
    "not inlined": lambda f: twice(tapec.compile(f, inline=False)),
    "jacobian": tapec.jacobian,
    "vmap": lambda f: tapec.vmap(f, in_axes=0),
    "vmap of jacobian": lambda f: tapec.vmap(tapec.jacobian(lambda x: f(x) * x)),
    "jvp": lambda f: lambda x: tapec.jvp(f, (x,), (x,))[1],
    "vjp": lambda f: lambda x: tapec.vjp(f, x)[1](x)[0],
    "linearize": lambda f: lambda x: tapec.linearize(f, x)[1](x),
    "checkpoint": lambda f: tapec.jacobian(tapec.checkpoint(f)),
    "interpreter": lambda f: tapec.compile(f, backend="numpy"),
    "container": lambda f: tapec.compile(lambda x: {"y": f(x)}),
    "partial": lambda f: tapec.compile(functools.partial(f)),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_every_transform_sees_what_is_captured_now(name: str) -> None:
    a, w, big = 2.0, np.array([1.0, 2.0, 3.0]), np.ones((20, 3))

    def f(x: Any) -> Any:
        return x * x * a + w * x + np.sum(big) * x

    k = TRANSFORMS[name](f)
    for change in range(5):
        if change == 1:
            a = 3.0
        if change == 2:
            w[1] = 7.0
        if change == 3:
            big[0, 0] = -5.0
        if change == 4:
            a, w, big = 4.0, np.zeros(3), np.zeros((20, 3))
        fresh = TRANSFORMS[name](lambda x: f(x))
        for got, want in zip(leaves(k(X)), leaves(fresh(X)), strict=True):
            assert np.allclose(got, want), change


def leaves(y: Any) -> list[Any]:
    return list(y.values()) if isinstance(y, dict) else [y]


def test_parts_that_are_not_inlined_see_numbers_of_now() -> None:
    a = 2.0
    g = tapec.compile(lambda x: x * a, inline=False)
    k = tapec.compile(lambda x: g(x) + g(x))
    for v in (2.0, 3.0, 2.0, 5.0):
        a = v
        assert np.array_equal(k(X), 2 * v * X)
        assert np.array_equal(tapec.compile(lambda x: g(x))(X), v * X)


def test_a_pull_is_of_the_state_it_was_made_in() -> None:
    w = np.ones(100)
    _, pull = tapec.vjp(lambda x: np.sum(w * x[0] ** 2), X)
    before = pull(1.0)[0]
    w[:] = 5.0
    assert np.array_equal(pull(1.0)[0], before)


def test_kernels_with_state_are_freed() -> None:
    class Model:
        def __init__(self) -> None:
            self.w = np.ones(100)
            self.run = tapec.compile(lambda x: np.sum(self.w) * x)

    gone = []
    for _ in range(3):
        m = Model()
        m.run(X)
        gone.append(weakref.ref(m))
    del m
    gc.collect()
    assert [g() for g in gone] == [None] * 3


def test_threads_change_and_call() -> None:
    state = types.SimpleNamespace(w=np.ones(1000))
    k = tapec.compile(lambda x: np.sum(state.w) * x)
    box = {"w": np.ones(1000), "a": 1.0}
    j = tapec.compile(lambda x: np.sum(box["w"]) * x * box["a"])
    wrong: list[Any] = []

    def work() -> None:
        for n in range(200):
            v = float(n % 5)
            state.w, box["w"], box["a"] = np.full(1000, v), np.full(1000, v), v
            for y in (float(k(1.0)), float(j(1.0))):
                if not (y == int(y) and y % 1000 == 0):
                    wrong.append(y)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def test_a_pickled_kernel_reads_what_it_finds() -> None:
    global SCALE
    k = tapec.compile(scaled)
    assert np.array_equal(k(X), X * 2)
    other = pickle.loads(pickle.dumps(k))
    SCALE = 3.0
    assert np.array_equal(other(X), X * 3)
    big = np.arange(100.0)
    local = tapec.compile(lambda x: np.sum(big) * x)
    local(X)
    assert np.array_equal(pickle.loads(pickle.dumps(local))(X), big.sum() * X)


def test_static_arguments_are_told_apart_by_type_and_value() -> None:
    def f(x: Any, n: Any) -> Any:
        return np.copysign(x, n) if isinstance(n, float) else x * (n + n)

    k = tapec.compile(f, static_argnums=1)
    for n in (0.0, -0.0, 2, 2.0, True, False, 0, np.float64(2.0), (0.0,), (-0.0,)):
        if isinstance(n, tuple):
            assert np.array_equal(tapec.compile(lambda x, n: np.copysign(x, n[0]), static_argnums=1)
                                  (X, n), np.copysign(X, n[0]))  # fmt: skip
        else:
            assert np.array_equal(k(X, n), f(X, n)), n


class Liar:
    """Equal to everything."""

    def __init__(self, by: float) -> None:
        self.by = by

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 1


def test_objects_are_told_apart_by_identity_and_state() -> None:
    k = tapec.compile(lambda x, o: x * o.by, static_argnums=1)
    a, b = Liar(2.0), Liar(3.0)
    assert np.array_equal(k(X, a), X * 2)
    assert np.array_equal(k(X, b), X * 3)
    a.by = 5.0
    assert np.array_equal(k(X, a), X * 5)
    free = tapec.compile(lambda x, o: x * o.by)
    assert np.array_equal(free(X, a), X * 5)
    assert np.array_equal(free(X, b), X * 3)
    b.by = -1.0
    assert np.array_equal(free(X, b), -X)


def test_the_look_is_native() -> None:
    """No Python runs in a call whose captured state is what it was."""
    a, w = 2.0, np.ones(100)
    k = tapec.compile(lambda x: x * a + np.sum(w))
    k(X)
    calls: list[Any] = []
    sys.setprofile(
        lambda frame, event, arg: calls.append(frame.f_code) if event == "call" else None
    )
    try:
        k(X)
    finally:
        sys.setprofile(None)
    assert not [c for c in calls if "tapec" in c.co_filename]


BASE = np.arange(24.0).reshape(4, 6)
VIEWS = (BASE[:, 2], BASE.T, BASE[::2], BASE[:, ::-1], BASE[1:, 1:4], BASE[::-2, ::3],
         BASE.reshape(2, 3, 4).transpose(2, 0, 1), BASE[:0, ::2])  # fmt: skip


@pytest.mark.parametrize("view", VIEWS, ids=lambda v: f"{v.shape}{v.strides}")
def test_arrays_with_gaps_are_looked_at_natively(view: Any) -> None:
    def f(x: Any) -> Any:
        return np.sum(view) * x

    kernel = tapec.compile(f)
    for k in range(24):
        assert kernel(2.0) == pytest.approx(2 * view.sum())
        BASE.ravel()[k] += 1.5
    kernel(2.0)
    assert kernel.specialization(2.0).state._watch._variable.value is not None


def test_parts_with_gaps_are_watched_with_what_lies_between() -> None:
    waves = np.exp(1j * np.arange(60.0))
    index = np.zeros((30, 2), int)
    index[:, 0] = np.arange(30) % 3

    def f(x: Any) -> Any:
        return x[index[:, 0]] * waves.real[:30]

    kernel = tapec.compile(f)
    for change in (None, (waves, 3, 5.0), (waves, 4, 2j), (index, (2, 1), 7), (index, (5, 0), 1)):
        if change is not None:
            array, at, value = change
            array[at] = value
        for _ in range(3):
            np.testing.assert_array_equal(kernel(X), f(X))


def test_numbers_where_others_were_in_memory() -> None:
    """A program that did not hold keeps no address of a number that is gone."""
    number: Any = {"n": 1.25, "kind": 2}

    def f(x: Any) -> Any:
        return x * number["n"] + (1.0 if type(number["kind"]) is int else 2.0)

    kernel = tapec.compile(f)
    for k in range(20):
        number |= {"n": float(f"{k}.5"), "kind": 2}
        kernel(X), kernel(X)
        place = id(number["n"])
        number |= {"n": float(f"{k}.25"), "kind": True}
        np.testing.assert_array_equal(kernel(X), f(X))
        made = [float(f"{k}.75") for _ in range(500)]
        number |= {"n": next((m for m in made if id(m) == place), made[0]), "kind": 2}
        np.testing.assert_array_equal(kernel(X), f(X))

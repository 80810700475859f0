"""Loops shared among threads: which ones, that they compute the same, and how they end."""

from __future__ import annotations

import ctypes
import functools
import os
import random
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.loop_support import Loops, compiled, run_native

import tapec
from tapec.backends.llvm import available
from tapec.backends.llvm.jit import compile_module
from tapec.backends.llvm.runtime_threads import threads_text
from tapec.errors import TapecError
from tapec.ir import Func, Value
from tapec.ir.nested import every
from tapec.lower.disjoint import meeting
from tapec.lower.threads import share_loops

native = pytest.mark.skipif(not available()[0], reason=available()[1])
RNG = np.random.default_rng(7)
PAIRS = RNG.random((400, 3))


def pairs(p: Any) -> Any:
    d = p[:, None] - p[None]
    return np.sum(np.exp(-np.sum(d**2, axis=2)))


def rows(x: Any) -> Any:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return np.sum(np.log(e.sum(axis=1)))


def stepped(x: Any) -> Any:
    for _ in range(4):
        x = x + 0.01 * np.sin(np.cos(x))
    return x


PROGRAMS: dict[str, tuple[Callable[..., Any], Any]] = {
    "elements": (lambda x: np.sin(x) * np.exp(-(x**2)), RNG.random(100_003)),
    "sum": (lambda x: np.sum(np.log(np.cosh(x))), RNG.random(100_000)),
    "largest": (lambda x: np.max(np.exp(np.sin(x))), RNG.random(200_001)),
    "float32": (lambda x: np.sum(np.exp(x)), RNG.random(200_000).astype(np.float32)),
    "complex": (lambda x: np.sum(np.exp(1j * x)).real, RNG.random(100_000)),
    "pairs": (pairs, PAIRS),
    "gradient": (tapec.grad(pairs), PAIRS),
    "rows": (tapec.grad(rows), RNG.random((4000, 50))),
    "vmap": (tapec.vmap(tapec.grad(lambda x: np.sum(np.sin(x) ** 2))), RNG.random((40_000, 7))),
    "steps": (stepped, RNG.random(100_000)),
    "jacobian": (tapec.jacobian(lambda x: np.exp(np.outer(x, x)).sum(0)), RNG.random(150)),
}


def kernels(f: Any, *threads: int) -> list[Any]:
    kernel = f if isinstance(f, tapec.Kernel) else tapec.compile(f)
    made = type(kernel)
    return [made(kernel.__wrapped__, threads=n) for n in threads]


@native
@pytest.mark.parametrize("name", PROGRAMS)
def test_any_number_of_threads_gives_the_same_bits(name: str) -> None:
    f, x = PROGRAMS[name]
    plain, one, two, five = kernels(f, 0, 1, 2, 5)
    expected = plain(x)
    found = one(x)
    tight = 1e-5 if x.dtype == np.float32 else 1e-12
    np.testing.assert_allclose(found, expected, rtol=tight)
    for _ in range(3):
        assert np.array_equal(two(x), found)
    assert np.array_equal(five(x), found)
    assert "parallel {" in two.ir("loops", x)
    assert "parallel {" not in plain.ir("loops", x)


def looped(body: Callable[..., None], trips: int, inner: int) -> Func:
    """A double loop over a table of 200 x 200 numbers."""
    p = Loops()
    x, y = p.buffer("f64", 200, 200), p.buffer("f64", 200, 200)

    def outer(i: Value) -> list[Value]:
        def one(j: Value) -> list[Value]:
            body(p, x, y, i, j)
            return []

        p.loop(0, inner, [], one)
        return []

    p.loop(0, trips, [], outer)
    return p.func()


PLACES: dict[str, tuple[tuple[int, int, int], bool]] = {
    # offset, stride of the outer counter, stride of the inner one
    "rows": ((0, 200, 1), True),
    "columns": ((0, 1, 200), True),
    "columns backwards": ((199, -1, 200), True),
    "every other row": ((0, 400, 1), True),
    "rows that overlap": ((0, 50, 1), False),
    "diagonals": ((0, 1, 1), False),
    "one row": ((0, 0, 1), False),
    "columns that meet": ((0, 3, 100), False),
}


@pytest.mark.parametrize("name", PLACES)
def test_places_decide(name: str) -> None:
    (offset, first, second), apart = PLACES[name]

    def body(p: Loops, x: Value, y: Value, i: Value, j: Value) -> None:
        value = p("load", x, i, j, offset=0, strides=(200, 1))
        p.op("store", value, y, i, j, offset=offset, strides=(first, second))

    func = looped(body, 90, 60 if name != "columns that meet" else 40)
    loop = func.ops[-1]
    assert (meeting(loop) == set()) is apart


@pytest.mark.parametrize("seed", range(60))
def test_disjoint_loops_touch_different_places(seed: int) -> None:
    """What is called disjoint is, place by place."""
    chance = random.Random(seed)
    strides = [(chance.choice([0, 1, 2, 7, 40]), chance.choice([0, 1, 3, 10, 20])) for _ in "ab"]
    offsets = [chance.randrange(3) for _ in "ab"]
    trips, inner = chance.randint(2, 8), chance.randint(1, 12)

    def body(p: Loops, x: Value, y: Value, i: Value, j: Value) -> None:
        value = p("load", y, i, j, offset=offsets[0], strides=strides[0])
        p.op("store", value, y, i, j, offset=offsets[1], strides=strides[1])

    loop = looped(body, trips, inner).ops[-1]
    touched = [
        {
            o + s * i + t * j
            for o, (s, t) in zip(offsets, strides, strict=True)
            for j in range(inner)
        }
        for i in range(trips)
    ]
    meet = any(a & b for k, a in enumerate(touched) for b in touched[:k])
    assert not (meeting(loop) == set() and meet)


@native
@pytest.mark.parametrize("how", ["add", "mul", "max", "min"])
def test_reductions_written_by_hand(how: str) -> None:
    ops = {"max": "maximum", "min": "minimum"}
    p, trips = Loops(), 50_001 if how != "mul" else 40_001
    x, y = p.buffer("f64", trips), p.buffer("f64")

    def one(i: Value, t: Value) -> list[Value]:
        v = p("load", x, i, offset=0, strides=(1,))
        v = p("exp", p("sin", p("exp", p("sin", v))))
        v = p("log", v) if how == "mul" else v
        return [p(ops.get(how, how), t, v)]

    (total,) = p.loop(0, trips, [p.const(0.5)], one, kind="vector", reduce=[how])
    p.op("store", total, y, offset=0, strides=())
    plain = p.func()
    func = share_loops(plain, 3)
    assert any(o.primitive.name == "parallel" for o in every(func.ops))
    x_values = RNG.random(trips)
    (found,), (plainly,) = (run_native(compiled(f, 1), x_values) for f in (func, plain))
    np.testing.assert_allclose(found, plainly, rtol=1e-12)


@native
def test_failures_in_parts_raise() -> None:
    def f(x: Any, k: Any) -> Any:
        return np.exp(np.sin(np.exp(np.sin(x[k]))))

    x, k = RNG.random(1000), np.arange(200_000) % 1000
    kernel = tapec.compile(f, threads=3)
    assert np.array_equal(kernel(x, k), tapec.compile(f, threads=1)(x, k))
    k[150_001] = 1000
    with pytest.raises(IndexError):
        kernel(x, k)


@native
def test_derivatives_keep_the_option() -> None:
    x = RNG.random(100_000)
    kernel = tapec.compile(lambda x: np.sum(np.sin(x) * np.exp(x)), threads=2)
    assert "threads=2" in kernel.grad.ir("loops", x)
    mapped = tapec.vmap(tapec.compile(lambda x: np.sin(np.exp(np.sin(x))), threads=2))
    assert "threads=2" in mapped.ir("loops", x)


@native
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_threads_wait_for_the_next_call() -> None:
    """They block signals; a child forked after a call, and one forked before, both call."""
    text = """
import os, threading, time
import numpy as np, tapec
from pathlib import Path
f = tapec.compile(lambda x: np.sin(x) * np.exp(-(x**2)), threads=3)
x = np.linspace(0.0, 1.0, 300_000)
expected = f(x)
for _ in range(3):
    child = os.fork()
    if not child:
        os._exit(0 if all(np.array_equal(f(x), expected) for _ in range(3)) else 1)
    assert np.array_equal(f(x), expected)
    assert os.waitpid(child, 0)[1] == 0
found = []
many = [threading.Thread(target=lambda: found.extend(f(x) for _ in range(5))) for _ in range(4)]
[t.start() for t in many], [t.join() for t in many]
assert all(np.array_equal(y, expected) for y in found) and len(found) == 20
tasks = Path("/proc/self/task")
for _ in range(500):
    waiting = [t for t in tasks.glob("*") if t.name != str(os.getpid())]
    if len(waiting) <= 2:
        break
    time.sleep(0.01)
else:
    raise AssertionError("more threads are left than wait")
for thread in waiting:
    (blocked,) = [line for line in (thread / "status").read_text().split("\\n") if "SigBlk" in line]
    assert int(blocked.split()[1], 16) >> 1 & 1, "SIGINT may go to a thread that waits"
"""
    done = subprocess.run(
        [sys.executable, "-c", text],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


@native
@pytest.mark.parametrize("way", ["pool", "started", "alone"])
@pytest.mark.parametrize("failing", [None, 4])
def test_every_part_is_run_once(way: str, failing: int | None) -> None:
    """All forms of the function that shares parts; a status ends it, soon but not at once."""
    library, count = kept(way), 20 if failing is None else 10_000_000
    seen: list[tuple[int, int]] = []
    part = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)

    def run(data: int, k: int, t: int) -> int:
        seen.append((k, t))
        return 3 if k == failing else 0

    kind = ctypes.CFUNCTYPE(
        ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64
    )
    call = kind(library.address("tapec.parallel"))
    callback = part(run)
    for _ in range(5):
        seen.clear()
        status = call(ctypes.cast(callback, ctypes.c_void_p), None, count, 3)
        parts = [k for k, _ in seen]
        assert status == (0 if failing is None else 3)
        assert len({*parts}) == len(parts)
        assert (len(parts) == count) is (failing is None)
        assert {t for _, t in seen} <= ({0} if way == "alone" else {0, 1, 2})


@functools.cache
def kept(way: str) -> Any:
    """The function in one of its forms; threads that wait in it need its code for good."""
    poll = "define i32 @tapec.poll(ptr %clock) {\n  ret i32 0\n}\n"
    return compile_module(poll + threads_text(way == "pool", alone=way == "alone"), {})


@pytest.mark.parametrize("threads", [-1, 1.5, True, 10**6, "2"])
def test_numbers_that_are_none(threads: Any) -> None:
    with pytest.raises(TapecError, match="threads="):
        tapec.compile(np.sin, threads=threads)

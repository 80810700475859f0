"""Branches, loops of unknown length and tapes as machine code, against the interpreter."""

from __future__ import annotations

import signal

import numpy as np
import pytest
from support.loop_support import Loops, agree, compiled, run_native

from tapec.backends.llvm import CtypesEntry, NativeEntry, available, disassemble
from tapec.ir import Func, Type

pytestmark = pytest.mark.skipif(not available()[0], reason=available()[1])


def counter_program() -> Func:
    """sum of x * i for i in range(n)"""
    p = Loops()
    n, x, out = p.buffer("i64"), p.buffer("f64"), p.buffer("f64")
    value = p.load(x)
    (total,) = p.repeat(
        p.load(n),
        [p.const(0.0)],
        lambda i, s: [p("add", s, p("mul", value, p("convert", i, dtype="f64")))],
    )
    p.store(total, out)
    return p.func()


@pytest.mark.parametrize("count", [-3, 0, 1, 2, 1000])
def test_repeat_runs_as_often_as_it_is_told(count: int) -> None:
    (total,) = agree(counter_program(), 1, count, 0.5)
    assert total == 0.5 * sum(range(count))


def collatz() -> Func:
    """Steps to 1, and the largest number on the way: a branch in a loop with a test."""
    p = Loops()
    start, steps, top = p.buffer("i64"), p.buffer("i64"), p.buffer("i64")
    one, two, three = (p.const(k, "i64") for k in (1, 2, 3))
    n = p.load(start)

    def body(n, count, largest):  # type: ignore[no-untyped-def]
        odd = p("equal", p("remainder", n, two), one)
        (n,) = p.branch(
            odd,
            lambda: [p("add", p("mul", three, n), one)],
            lambda: [p("floor_divide", n, two)],
        )
        return [n, p("add", count, one), p("maximum", largest, n)]

    _, count, largest = p.loop_while(
        [n, p.const(0, "i64"), n], lambda n, *_: [p("greater", n, one)], body
    )
    p.store(count, steps)
    p.store(largest, top)
    return p.func()


@pytest.mark.parametrize(("n", "steps", "top"), [(1, 0, 1), (6, 8, 16), (27, 111, 9232)])
def test_while_with_a_branch(n: int, steps: int, top: int) -> None:
    assert agree(collatz(), 2, n) == (steps, top)


def test_branch_writes_on_the_taken_side_only() -> None:
    p = Loops()
    x, out = p.buffer("f64", 40), p.buffer("f64", 40)
    zero = p.const(0.0)

    def body(i):  # type: ignore[no-untyped-def]
        v = p.load(x, i)
        p.store(v, out, i)

        def swap():  # type: ignore[no-untyped-def]
            p.store(p("neg", v), out, i)
            return []

        p.branch(p("less", v, zero), swap, lambda: [])
        return []

    p.loop(0, 40, [], body, kind="vector")
    xs = np.random.default_rng(0).normal(size=40)
    (out_,) = agree(p.func(), 1, xs)
    np.testing.assert_array_equal(out_, np.abs(xs))


def test_everything_nested() -> None:
    """while > repeat > if > vector loop, with carried scalars through all of them."""
    p = Loops()
    x, out = p.buffer("f64", 37), p.buffer("f64")
    one, limit = p.const(1, "i64"), p.const(5, "i64")

    def total():  # type: ignore[no-untyped-def]
        return p.loop(
            0, 37, [p.const(0.0)], lambda i, s: [p("add", s, p.load(x, i))], "vector", ["add"]
        )

    def inner(i, s):  # type: ignore[no-untyped-def]
        even = p("equal", p("remainder", i, p.const(2, "index")), p.const(0, "index"))
        (part,) = p.branch(even, total, lambda: [p("mul", s, p.const(0.5))])
        return [p("add", s, part)]

    def outer(n, s):  # type: ignore[no-untyped-def]
        (s,) = p.repeat(n, [s], inner)
        return [p("add", n, one), s]

    _, s = p.loop_while(
        [p.const(0, "i64"), p.const(1.0)], lambda n, s: [p("less", n, limit)], outer
    )
    p.store(s, out)
    agree(p.func(), 1, np.linspace(0, 1, 37), rtol=1e-12)


def test_unused_branch_results_of_every_dtype() -> None:
    p = Loops()
    flag, out = p.buffer("bool"), p.buffer("f32")
    chosen = p.branch(
        p.load(flag),
        lambda: [p.const(1.5, "f32"), p.const(True, "bool"), p.const(7, "i32")],
        lambda: [p.const(-1.5, "f32"), p.const(False, "bool"), p.const(8, "i32")],
    )
    p.store(chosen[0], out)
    for truth, value in ((True, 1.5), (False, -1.5)):
        assert agree(p.func(), 1, truth) == (value,)


# ---- tapes ----


def reversal(slots: int = 1) -> Func:
    """Push i * x for i in range(n), then pop: sum of (rank from the top) * value."""
    p = Loops()
    n, x, out = p.buffer("i64"), p.buffer("f64"), p.buffer("f64")
    tape, count, value = p("tape_open"), p.load(n), p.load(x)

    def push(i, s):  # type: ignore[no-untyped-def]
        at = p("tape_push", tape, slots=slots)
        v = p("mul", value, p("convert", i, dtype="f64"))
        p.op("tape_store", v, tape, at, offset=slots - 1, strides=(1,))
        return [p("add", s, v)]

    (s,) = p.repeat(count, [p.const(0.0)], push)

    def pop(i, s):  # type: ignore[no-untyped-def]
        at = p("tape_pop", tape, slots=slots)
        v = p("tape_load", tape, at, dtype="f64", offset=slots - 1, strides=(1,))
        return [p("add", s, p("mul", p("convert", i, dtype="f64"), v))]

    (s,) = p.repeat(count, [s], pop)
    p.store(s, out)
    return p.func()


@pytest.mark.parametrize("slots", [1, 7, 2000])
@pytest.mark.parametrize("count", [0, 3, 600])
def test_tape_gives_back_in_reverse(count: int, slots: int) -> None:
    agree(reversal(slots), 1, count, 0.25)


def test_tape_grows_over_many_pages_and_is_kept() -> None:
    kernel = compiled(reversal(), 1)
    count = 1_000_000
    i = np.arange(count, dtype=float)
    for scale in (1.0, 2.0, 3.0):
        (total,) = run_native(kernel, np.array(count), np.array(scale))
        np.testing.assert_allclose(total, scale * (i.sum() + (i * i[::-1]).sum()), rtol=1e-12)


def test_tape_without_memory_is_a_memory_error() -> None:
    kernel = compiled(reversal(slots=2**42), 1)
    for _ in range(20):
        with pytest.raises(MemoryError):
            run_native(kernel, np.array(3), np.array(1.0))
    assert run_native(kernel, np.array(0), np.array(1.0)) == (0.0,)


@pytest.mark.parametrize("dtype", ["bool", "i32", "i64", "f32", "f64"])
def test_tape_holds_every_dtype_also_by_vectors(dtype: str) -> None:
    p = Loops()
    x, out = p.buffer(dtype, 21), p.buffer(dtype, 21)
    tape = p("tape_open")
    at = p("tape_push", tape, slots=21)

    def save(i):  # type: ignore[no-untyped-def]
        p.op("tape_store", p.load(x, i), tape, at, i, offset=0, strides=(1, 1))
        return []

    def restore(i):  # type: ignore[no-untyped-def]
        v = p("tape_load", tape, at2, i, dtype=dtype, offset=20, strides=(1, -1))
        p.store(v, out, i)
        return []

    p.loop(0, 21, [], save, kind="vector")
    at2 = p("tape_pop", tape, slots=21)
    p.loop(0, 21, [], restore, kind="vector")
    xs = np.random.default_rng(1).integers(0, 2, 21)
    (got,) = agree(p.func(), 1, xs)
    np.testing.assert_array_equal(got, xs[::-1])


def test_tape_opened_in_a_loop_starts_empty_again() -> None:
    p = Loops()
    out = p.buffer("f64")

    def body(i, s):  # type: ignore[no-untyped-def]
        tape = p("tape_open")
        at = p("tape_push", tape, slots=3)
        p.op("tape_store", s, tape, at, offset=1, strides=(1,))
        again = p("tape_push", tape, slots=1)
        p.op("tape_store", p.const(1.0), tape, again, offset=0, strides=(1,))
        one = p(
            "tape_load", tape, p("tape_pop", tape, slots=1), dtype="f64", offset=0, strides=(1,)
        )
        at = p("tape_pop", tape, slots=3)
        return [p("add", one, p("tape_load", tape, at, dtype="f64", offset=1, strides=(1,)))]

    (s,) = p.loop(0, 3000, [p.const(0.0)], body)
    p.store(s, out)
    assert agree(p.func(), 1) == (3000.0,)


# ---- index checks ----


def gather_program(count: int, scale: int, shift: int) -> Func:
    """sum of x[scale * i + shift] for i in range(count), each index checked."""
    p = Loops()
    x, out = p.buffer("f64", 10), p.buffer("f64")

    def body(i, s):  # type: ignore[no-untyped-def]
        at = p("add", p("mul", i, p.const(scale, "index")), p.const(shift, "index"))
        return [p("add", s, p.load(x, p("check_index", at, size=10)))]

    (s,) = p.loop(0, count, [p.const(0.0)], body)
    p.store(s, out)
    return p.func()


@pytest.mark.parametrize(
    ("count", "scale", "shift", "tested"),
    [
        (10, 1, 0, False),
        (5, 2, 1, False),
        (10, -1, 9, False),
        (10, 1, -10, False),
        (10, 1, -5, False),
    ],
)
def test_indices_in_range_need_no_test(count: int, scale: int, shift: int, tested: bool) -> None:
    func = gather_program(count, scale, shift)
    agree(func, 1, np.arange(10.0))
    assert ("status1" in compiled(func, 1).llvm_text) == tested


@pytest.mark.parametrize(
    ("count", "scale", "shift"), [(11, 1, 0), (5, 3, 0), (10, -1, -2), (1, 1, 10)]
)
def test_indices_out_of_range_raise(count: int, scale: int, shift: int) -> None:
    kernel = compiled(gather_program(count, scale, shift), 1)
    with pytest.raises(IndexError):
        run_native(kernel, np.arange(10.0))


def test_index_from_memory_is_tested() -> None:
    p = Loops()
    at, x, out = p.buffer("i64"), p.buffer("f64", 4), p.buffer("f64")
    p.store(p.load(x, p("check_index", p("convert", p.load(at), dtype="index"), size=4)), out)
    kernel = compiled(p.func(), 1)
    for k in range(-4, 4):
        assert run_native(kernel, np.array(k), np.arange(4.0)) == (np.arange(4.0)[k],)
    for k in (-5, 4, 2**62, -(2**63)):
        with pytest.raises(IndexError):
            run_native(kernel, np.array(k), np.arange(4.0))


# ---- memory and signals ----


def big_work(count: int) -> Func:
    """x through `count` numbers of work memory."""
    p = Loops()
    x, out = p.buffer("f64"), p.buffer("f64")
    work = p("alloc", type=Type("f64", (count,)))
    p.store(p.load(x), work, count - 1)
    p.store(p.load(work, count - 1), out)
    return p.func()


def test_work_memory_too_large_is_a_memory_error() -> None:
    kernel = compiled(big_work(2**57), 1)
    for _ in range(20):
        with pytest.raises(MemoryError):
            NativeEntry(kernel.library, kernel.signature)(np.array(1.0))


@pytest.mark.parametrize("count", [10, 10_000, 2**26])
def test_work_memory_of_any_size(count: int) -> None:
    kernel = compiled(big_work(count), 1)
    for k in range(5):
        assert NativeEntry(kernel.library, kernel.signature)(np.array(float(k)))[0] == k


def test_work_memory_beyond_all_addresses_is_refused() -> None:
    with pytest.raises(MemoryError, match="work memory"):
        compiled(big_work(2**62), 1)


def test_failing_after_the_tape_grew_frees_it() -> None:
    """Status 1 in the middle of a loop that pushes; what was pushed is freed or kept once."""
    p = Loops()
    n, x, out = p.buffer("i64"), p.buffer("f64", 5), p.buffer("f64")
    tape = p("tape_open")

    def push(i, s):  # type: ignore[no-untyped-def]
        at = p("tape_push", tape, slots=10_000)
        p.op("tape_store", s, tape, at, offset=0, strides=(1,))
        return [p("add", s, p.load(x, p("check_index", i, size=5)))]

    (s,) = p.repeat(p.load(n), [p.const(0.0)], push)
    p.store(s, out)
    kernel = compiled(p.func(), 1)
    call = NativeEntry(kernel.library, kernel.signature)
    for _ in range(300):
        with pytest.raises(IndexError):
            call(np.array(6), np.ones(5))
        assert call(np.array(5), np.ones(5))[0] == 5.0
    kernel.library.close()


def endless() -> Func:
    p = Loops()
    x, out = p.buffer("f64"), p.buffer("f64")
    half, one = p.const(0.5), p.const(1.0)
    (y,) = p.loop_while(
        [p.load(x)],
        lambda y: [p("greater", y, p.const(0.0))],
        lambda y: [p("add", p("mul", half, y), one)],
    )
    p.store(y, out)
    return p.func()


def very_long(counted: bool) -> Func:
    """10**15 iterations if x is positive, known before the run or not."""
    p = Loops()
    x, out = p.buffer("f64"), p.buffer("f64")
    value, half = p.load(x), p.const(0.5)

    def body(i, y):  # type: ignore[no-untyped-def]
        return [p("add", p("mul", half, y), value)]

    def run():  # type: ignore[no-untyped-def]
        if counted:
            return p.loop(0, 10**15, [value], body)
        return p.repeat(p("convert", p("mul", value, p.const(1e15)), dtype="i64"), [value], body)

    (y,) = p.branch(p("greater", value, p.const(0.0)), run, lambda: [value])
    p.store(y, out)
    return p.func()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers")
@pytest.mark.parametrize(
    ("func", "entry"),
    [
        (endless(), NativeEntry),
        (endless(), CtypesEntry),
        (very_long(True), NativeEntry),
        (very_long(False), NativeEntry),
    ],
)
def test_signals_end_endless_loops(func: Func, entry: type) -> None:
    class Alarm(Exception):
        pass

    def ring(*_: object) -> None:
        raise Alarm

    kernel = compiled(func, 1)
    call = entry(kernel.library, kernel.signature)
    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(Alarm):
            call(np.array(1.0))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert call(np.array(-1.0))[0] == -1.0


def test_long_loops_release_the_interpreter_lock() -> None:
    assert compiled(endless(), 1).signature.nogil is False
    assert compiled(counter_program(), 1).signature.nogil is False
    p = Loops()
    out = p.buffer("f64")
    (s,) = p.loop(0, 100_000, [p.const(0.0)], lambda i, s: [p("add", s, p.const(1.0))])
    p.store(s, out)
    assert compiled(p.func(), 1).signature.nogil
    agree(p.func(), 1)


# ---- tests of loops are decided as in NumPy ----


def root() -> Func:
    """Newton's square root until the residual is tiny; the root and the number of steps."""
    p = Loops()
    a, out, steps = p.buffer("f64"), p.buffer("f64"), p.buffer("i64")
    square, two, tiny, one = p.load(a), p.const(2.0), p.const(1e-12), p.const(1, "i64")

    def residual(x):  # type: ignore[no-untyped-def]
        return p("sub", p("mul", x, x), square)

    x, n = p.loop_while(
        [square, p.const(0, "i64")],
        lambda x, n: [
            p(
                "logical_and",
                p("greater", p("abs", residual(x)), tiny),
                p("less", n, p.const(1000, "i64")),
            )
        ],
        lambda x, n: [p("sub", x, p("div", residual(x), p("mul", two, x))), p("add", n, one)],
    )
    p.store(x, out)
    p.store(n, steps)
    return p.func()


@pytest.mark.parametrize("a", [2.0, 3.0, 1e4, 4.0e4, 123456.0, 9.7e5])
def test_convergence_is_reached_in_the_same_step_as_in_numpy(a: float) -> None:
    agree(root(), 2, a, rtol=0)


def test_only_sums_that_say_so_are_fused_with_products() -> None:
    p = Loops()
    x, out = p.buffer("f64"), p.buffer("f64")
    value = p.load(x)
    exact = p("add", p("mul", value, value), value)
    p.store(p("add", p("mul", exact, value), value, fused=True), out)
    text = compiled(p.func(), 1).llvm_text
    assert text.count("fadd double") == text.count("fadd contract") == 1


# ---- large programs ----


def test_tapes_and_scalars_pass_from_function_to_function() -> None:
    """A program cut into several functions: what one pushes another one pops."""
    p = Loops()
    n, x, out = p.buffer("i64"), p.buffer("f64"), p.buffer("f64", 2)
    tape, other = p("tape_open"), p("tape_open")
    count, s = p.load(n), p.load(x)

    def push(stack):  # type: ignore[no-untyped-def]
        def body(i, s):  # type: ignore[no-untyped-def]
            at = p("tape_push", stack, slots=1)
            p.op("tape_store", s, stack, at, offset=0, strides=(1,))
            return [p("mul", s, p.const(1.001))]

        return body

    def pop(stack):  # type: ignore[no-untyped-def]
        def body(i, s):  # type: ignore[no-untyped-def]
            at = p("tape_pop", stack, slots=1)
            v = p("tape_load", stack, at, dtype="f64", offset=0, strides=(1,))
            return [p("sub", v, p("mul", s, p.const(0.5)))]

        return body

    for body in (push(tape), push(other), pop(tape), push(tape), pop(other), pop(tape)):
        (s,) = p.repeat(count, [s], body)
        for _ in range(300):
            s = p("add", p("mul", s, p.const(0.999)), p.const(1e-3))
    p.store(s, out, 0)
    p.store(p("convert", p("less", s, p.const(0.0)), dtype="f64"), out, 1)
    func = p.func()
    assert compiled(func, 1).llvm_text.count("define internal i32 @chunk") > 3
    for count_ in (0, 1, 400, 5000):
        agree(func, 1, count_, 1.5)


def test_large_bodies_that_run_often_are_optimized(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in ("OPTIMIZED_OPS", "OPTIMIZED_LOOP_OPS"):
        monkeypatch.setattr(f"tapec.backends.llvm.compile.{limit}", 1000)

    def program(trips: int) -> Func:
        p = Loops()
        x, out = p.buffer("f64"), p.buffer("f64")

        def body(i, s):  # type: ignore[no-untyped-def]
            for _ in range(600):
                s = p("add", p("mul", s, s), x0)
            return [s]

        x0 = p.load(x)
        (s,) = p.loop(0, trips, [x0], body)
        p.store(s, out)
        return p.func()

    assert compiled(program(2), 1).opt == 0
    kernel = compiled(program(5000), 1)
    assert kernel.opt == 1
    assert kernel.signature.nogil
    monkeypatch.setattr("tapec.backends.llvm.compile.OPTIMIZED_LOOP_OPS", 2000)
    assert compiled(program(2), 1).opt == 1  # most of it is in a loop


def test_hot_loops_call_nothing_and_touch_no_stack() -> None:
    """A scalar recurrence with a checked index, in a loop whose length is known at run time."""
    p = Loops()
    n, x, out = p.buffer("i64"), p.buffer("f64", 64), p.buffer("f64")

    def body(i, s):  # type: ignore[no-untyped-def]
        j = p("remainder", p("convert", i, dtype="i64"), p.const(64, "i64"))
        at = p("check_index", p("convert", j, dtype="index"), size=64)
        return [p("add", p("mul", s, p.load(x, at)), p.load(x, 3))]

    (s,) = p.repeat(p.load(n), [p.const(1.0)], body)
    p.store(s, out)
    kernel = compiled(p.func(), 1)
    assert "status1" not in kernel.llvm_text
    lines = disassemble(kernel.llvm_text, opt=kernel.opt, passes=kernel.passes).splitlines()
    calls = [line for line in lines if "call" in line.split("#")[0]]
    assert all("tapec.poll" in line for line in calls)

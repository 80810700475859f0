"""Loops of the user: what stays a loop, what is unrolled; carried values, writes, aliases."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.tracing import check, traced

import tapec
from tapec.errors import ControlFlowError, EffectError, MutationError
from tapec.trace import TracedFunction

V = np.array([0.3, 0.7, 0.2, 0.9])
U = np.random.default_rng(0).normal(size=(8, 8))


def regions(program: TracedFunction) -> list[str]:
    """The region ops at the top of a program."""
    return [op.name for op in program.func.ops if op.regions]


def test_long_loops_stay_loops_and_short_ones_are_unrolled() -> None:
    def f(x: Any, n: int) -> Any:
        s = 0
        for i in range(n):
            s = s + np.sin(x[0] * i) * x[1]
        return s

    assert regions(check(lambda x: f(x, 1000), V)) == ["scan"]
    assert regions(check(lambda x: f(x, 10), V)) == []
    (choice,) = traced(lambda x: f(x, 1000), V).choices
    assert (choice.kind, choice.length) == ("loop", 1000)
    assert str(choice).startswith("test_staging_loops.py:")


def test_choice_can_be_forced() -> None:
    def f(x: Any, items: Any) -> Any:
        s = 0.0
        for i in items:
            s = s + np.sin(x[0] * i)
        return s

    assert regions(check(lambda x: f(x, tapec.rolled(range(5))), V)) == ["scan"]
    assert regions(check(lambda x: f(x, tapec.unroll(range(400))), V)) == []
    with pytest.raises(ControlFlowError, match="a list changes its length"):
        traced(_fill, V)


def _fill(x: Any) -> Any:
    ys = [x[0]]
    for i in tapec.rolled(range(100)):
        ys.insert(0, x[0] * i)
    return ys[0]


def test_loops_over_constants_run_as_python() -> None:
    def f(x: Any) -> Any:
        n, table, names = 0, np.zeros(100), []
        for i in range(100):
            table[i] = i**2
            n += i
            names.append(str(i))
        return x[: n - 4947] * table[3] + len(names)

    assert regions(check(f, V)) == []


def test_loop_trace_time_does_not_depend_on_its_length() -> None:
    def f(x: Any) -> Any:
        for i in range(10**9):
            x = x + 1e-9 * np.sin(x * i)
        return x

    assert regions(traced(f, V)) == ["scan"]


def test_what_a_loop_carries() -> None:
    def f(x: Any) -> Any:
        pair, table, total, count = (x[0], x[1]), {"a": x[2]}, 0, 0
        parts = [x[0], 1.0]
        for i in range(700):
            a, b = pair
            pair = (b * 0.99, a + 0.001 * i)
            table["a"] *= 0.999
            parts[1] = parts[1] + parts[0]
            total += a
            count += 1
        return pair, table["a"], parts[1], total, count, float(i), a

    assert regions(check(lambda x: [*f(x)[0], *f(x)[1:]], V)) == ["scan", "scan"]


def test_writes_in_loops_reach_arguments_views_and_constants() -> None:
    def f(u: Any, x: Any) -> Any:
        history = np.zeros(600)
        row = u[3]
        for n in range(600):
            old = u.copy()
            u[1:-1] = old[1:-1] + 0.1 * (old[2:] - 2 * old[1:-1] + old[:-2])
            row[2] += 0.001 * x[0]
            history[n] = u[3, 2]
        return history, row

    program = check(f, U.copy(), V)
    assert regions(program) == ["scan"]
    assert program.mutated == (0,)


@pytest.mark.parametrize("n", [600, 601, 602])
def test_names_that_swap_their_arrays(n: int) -> None:
    def f(u: Any, w: Any) -> Any:
        v, first = np.zeros((8, 8)), u
        for _ in range(n):
            w[1:-1, 1:-1] = 0.25 * (u[1:-1, :-2] + v[1:-1, 2:] + u[2:, 1:-1])
            u, v, w = v, w, u
        first[0, 0] = 5.0
        return u, v, w

    program = check(f, U.copy(), U.T.copy())
    assert regions(program) == ["scan"]
    assert program.mutated == (0, 1)


def test_aliases_that_change_in_a_loop_are_refused_or_unrolled() -> None:
    def f(x: Any) -> Any:
        best = x.copy()
        while x.sum() < 100.0:
            x[0] += 1.0
            if x[0] > 50.0:
                best = x
        return best

    with pytest.raises((ControlFlowError, MutationError), match=r"name|variable"):
        traced(f, V)


def test_variables_of_the_body() -> None:
    def f(x: Any) -> Any:
        for i in range(600):
            t = x * i
            x = x + 0.001 * np.sin(t)
        for i in range(600):
            t = x.sum() * i
            if t > 0.5:
                last = t
            x = x + 0.001 * np.cos(t)
        return x, t, last

    assert regions(check(f, V)) == ["scan", "scan"]


def test_first_iteration_apart_where_types_change() -> None:
    def f(x: Any) -> Any:
        best, s = None, 0
        for i in range(500):
            v = np.sin(x * i)
            best = v if best is None else np.maximum(best, v)
            s = s + v
        return best, s

    program = check(f, V)
    assert regions(program) == ["scan"]
    assert "best, which is None before" in program.choices[-1].reason


def test_break_continue_return_and_else() -> None:
    def f(x: Any) -> Any:
        s = 0.0
        for i in range(1000):
            v = np.sin(x[0] * i)
            if v < 0:
                continue
            s += v
            if s > 30.0:
                break
        else:
            s = -1.0
        for k in range(1000):
            s = s * 1.01
            if s > 1000.0:
                return s, i, k
        return s, i, 0

    assert "while_loop" in regions(check(f, V))
    check(f, V * 0.0)


def test_while_loops() -> None:
    def newton(x: Any) -> Any:
        y, step, n = x[0], 1.0, 0
        while abs(step) > 1e-10:
            step = (y**3 - x[1]) / (3 * y**2)
            y = y - step
            n += 1
        return y, n

    def bisection(x: Any) -> Any:
        lo, hi = 0.0, 2.0
        while hi - lo > 1e-9:
            mid = 0.5 * (lo + hi)
            if mid**3 > x[1]:
                hi = mid
            else:
                lo = mid
        return lo

    def endless(x: Any) -> Any:
        y = x[0]
        while True:
            y = y * 1.1
            if y > 5:
                break
        return y

    for f in (newton, bisection, endless):
        assert regions(check(f, V)) == ["while_loop"]


def test_while_condition_that_assigns() -> None:
    def f(x: Any) -> Any:
        y, n = x[0], 4
        while (r := y * y - x[1]) < -1e-9:
            y = y - r / (2 * y) * 0.5
            n += 1
        return y, r, n

    assert regions(check(f, V)) == ["while_loop"]


def test_long_static_while_becomes_a_loop() -> None:
    def f(x: Any) -> Any:
        i = 0
        while i < 2000:
            x = x + 0.001 * np.sin(x * i)
            i += 1
        return x, i

    assert regions(check(f, V)) == ["while_loop"]


def test_nested_loops_and_branches() -> None:
    def f(a: Any) -> Any:
        n = a.shape[0]
        low = np.zeros((n, n))
        for i in range(n):
            for j in range(i + 1):
                s = a[i, j]
                for k in range(j):
                    s -= low[i, k] * low[j, k]
                low[i, j] = np.sqrt(s) if i == j else s / low[j, j]
        return low

    spd = U @ U.T + 8 * np.eye(8)
    check(f, spd)
    wide = np.eye(40) * 3 + 0.01
    assert regions(check(f, wide)) == ["scan"]


def test_length_known_at_run_time_only() -> None:
    def f(x: Any) -> Any:
        s = 0.0
        for i in range(1, int(x[0] * 10), 2):
            s += np.sin(x[1] * i)
        return s

    assert regions(check(f, V)) == ["fori_loop"]
    check(f, -V)


def test_loops_over_rows_pairs_and_backwards() -> None:
    big = np.random.default_rng(1).normal(size=(300, 3))

    def f(a: Any) -> Any:
        s = 0.0
        for row in a:
            s = s + np.sin(row).sum() * np.cos(s)
        for i, row in enumerate(a):
            s = s + np.tanh(row[0] * i) * s
        for p, q in zip(a[:-1], a[1:] * 1, strict=True):
            s = s * 0.5 + p @ q
        for row in reversed(a):
            s = s * 0.9 + row[1] * row[2]
        return s

    assert regions(check(f, big)) == ["scan"] * 4


def test_error_names_variable_types_and_lines() -> None:
    def f(x: Any) -> Any:
        y = x * 2
        while y.sum() < 10:
            y = np.append(y, 1.0)
        return y

    with pytest.raises(ControlFlowError) as caught:
        traced(f, V)
    text = str(caught.value)
    assert "the loop carries y, which is f64[4] before an iteration and f64[5] after it" in text
    assert "before: made at test_staging_loops.py" in text
    assert "after: made at test_staging_loops.py" in text
    assert "give it its final type and shape before the loop" in text


def test_gradients_inside_loops() -> None:
    def f(x: Any) -> Any:
        def inner(y: Any) -> Any:
            return ((y - x) ** 2).sum() + (y**4).sum()

        y = np.zeros(4)
        for _ in range(300):
            y = y - 0.1 * tapec.grad(inner)(y)
        return y

    y = tapec.compile(f, backend="numpy")(V)
    np.testing.assert_allclose(2 * (y - V) + 4 * y**3, 0.0, atol=1e-12)
    slope = tapec.jacobian(tapec.compile(f, backend="numpy"))(V)
    np.testing.assert_allclose(slope, np.diag(2 / (2 + 12 * y**2)), atol=1e-10)


def test_iterators_and_random_numbers_are_used_up_as_python_does() -> None:
    def f(x: Any) -> Any:
        rng, names = np.random.default_rng(3), iter(range(1000))
        for _ in range(300):
            x = x + rng.normal() * np.sin(x) * next(names) * 1e-3
        return x

    program = check(f, V)
    assert regions(program) == []
    assert "uses names up" in program.choices[-1].reason or "rng" in program.choices[-1].reason


def test_random_numbers_of_modules_are_refused() -> None:
    def f(x: Any) -> Any:
        for _ in range(200):
            x = x + np.random.normal() * np.sin(x) * 1e-2
        return x

    with pytest.raises(EffectError, match=r"(?s)numpy.random.normal.*argument"):
        traced(f, V)

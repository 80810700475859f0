"""Several names for one array in loops: what Python's loop would do, or an error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.tracing import check, traced

from tapec.errors import ControlFlowError, MutationError
from tapec.trace.arrays import storage

V = np.array([0.3, 0.7, 0.2, 0.9])
N = 600


def double_buffer(x: Any) -> Any:
    a, b = x.copy(), np.zeros(4)
    for _ in range(N):
        b[:] = a * 0.99 + 0.01 * np.sin(a)
        a, b = b, a
    b[0] = 3.0
    return a, b


def second_name_kept(x: Any) -> Any:
    a = x.copy()
    c = a
    for _ in range(N):
        a[0] += 0.001 * a[1]
        a[1] -= 0.001 * c[0]
    c[2] = 9
    return a, c


def new_array_then_write(x: Any) -> Any:
    y = x
    for _ in range(N):
        y = y * 0.999
        y[0] = 1.0
    y[1] = 5
    return x, y


def write_then_new_array(x: Any) -> Any:
    for _ in range(N):
        x[0] = 1.0
        x = x * 0.999
    return x


def view_written(x: Any) -> Any:
    a = np.zeros((10, 4))
    row = a[2]
    for _ in range(N):
        row += x * 0.001
        a[3] = row * 2
    return a, row


def view_left_behind(x: Any) -> Any:
    a = np.zeros((N, 4))
    a[0] = x
    for i in range(1, N):
        before = a[i - 1]
        a[i] = before * 0.99 + 0.01 * np.cos(before)
    return a, before


def either_name(x: Any) -> Any:
    a, b = x.copy(), x * 2
    for _ in range(N):
        c = a if a[0] > b[0] else b
        s = c.sum()
        a = a + 0.001 * s
        b = b * 1.001
    return a, b, s


def best_so_far(x: Any) -> Any:
    best, low = x.copy(), 1e9
    for _ in range(N):
        x -= 0.01 * np.sin(x)
        f = (x**2).sum()
        if f < low:
            best, low = x.copy(), f
    return best, low


def rows_inside_outer_writes(x: Any) -> Any:
    a, s = np.outer(x, x), 0.0
    for t in range(N):
        for i in range(4):
            row = a[i]
            s += row.sum()
        a[0] = a[0] * 0.999 + 0.001 * t
    return a, s


def normalised_then_written(x: Any) -> Any:
    for i in range(N):
        if x[0] > 0.5:
            x = x / 2
        x[1] += 0.001 * i
    return x


FUNCTIONS = [double_buffer, second_name_kept, new_array_then_write, write_then_new_array,
             view_written, view_left_behind, either_name, best_so_far,
             rows_inside_outer_writes]  # fmt: skip


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_as_python(f: Any) -> None:
    program = check(f, V.copy())
    assert [op.name for op in program.func.ops if op.regions] == ["scan"]


def test_argument_written_on_one_path() -> None:
    with pytest.raises(MutationError, match="write into a copy"):
        traced(normalised_then_written, V)


def test_stale_names_are_refused() -> None:
    def f(x: Any) -> Any:
        best, low = x.copy(), 1e9
        for _ in range(N):
            x -= 0.01 * np.sin(x)
            f = (x**2).sum()
            if f < low:
                best, low = x, f
        return best, low

    with pytest.raises(MutationError, match="read after the other was written"):
        traced(f, V)


def test_names_that_a_branch_in_a_loop_may_have_made_one() -> None:
    def read_the_other(x: Any) -> Any:
        u, w = x * 1, x * 2
        for i in range(300):
            if x[i % 4] > 0.5:
                w = u
        u[0] = 100.0
        return w.sum()

    def length_unknown(x: Any) -> Any:
        u, w, n = x * 1, x * 2, 0
        while n < x[2] * 10:
            n += 1
            if x[1] > 0:
                w = u
        u[0] = 100.0
        return w.sum()

    def write_into_either(x: Any) -> Any:
        u, w = x * 1, x * 2
        for i in range(300):
            if x[i % 4] > 0.5:
                w = u
        w[0] = 100.0
        return u.sum()

    for f in (read_the_other, length_unknown, write_into_either):
        with pytest.raises(MutationError, match="may"):
            traced(f, V)


def test_loops_whose_results_are_new_arrays_on_some_path() -> None:
    def f(x: Any) -> Any:
        u, w, n = x * 1, x * 2, 0
        while n < x[2] * 10:
            n, m = n + 1, 0
            u[0] += 1
            while m < x[1] * 10:
                m += 1
                if x[0] > 0.5:
                    u = np.tanh(w)
                else:
                    w = np.sin(w)
        u[1] = 3.0
        return u.sum() * w.sum()

    check(f, V)


def test_constant_arrays_that_branches_write_into_have_one_name() -> None:
    def f(x: Any) -> Any:
        u, n = np.zeros(4), 0
        if x[0] > 0:
            u[0] += x[1]
            while n < 5 and x[1] > 0.1:
                n += 1
                u[1:-1] = 0.4 * (u[2:] - u[:-2]) + x[0]
                u = np.tanh(u + x)
        u[2] = 1.0
        return u

    check(f, V)


def test_where_references_are_not_counted_arrays_are_never_taken_for_unshared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def f(x: Any) -> Any:
        u, n = x * 1, 0
        while n < x[2] * 10:
            n += 1
            u[0] += 1
            u = np.sin(u)
        return u

    assert storage.COUNTED
    check(f, V)
    monkeypatch.setattr(storage, "COUNTED", False)
    assert storage.holders(storage.Storage(None, None, np.zeros(1))) == storage.MANY
    with pytest.raises(ControlFlowError, match="another name"):
        traced(f, V)


def test_a_new_array_on_a_path_that_ends_is_no_alias() -> None:
    def f(x: Any) -> Any:
        u, a, n = np.zeros(4), x[0], 0
        while n < 5 and x[1] <= 2.0:
            n += 1
            if u[2] < 0.5:
                u = np.tanh(u + x)
                if a > 1.5:
                    continue
            u[1] = a * n
        return np.sum(u)

    for start in (1.0, 2.0):
        check(f, np.array([start, 1.0, 0.3, 0.4]))

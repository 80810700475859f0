"""Indices known at run time only: elements, rows, windows; reading, writing, views."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.tracing import check, traced

from tapec import grad, rolled
from tapec.backends.interpreter import run
from tapec.errors import TraceError, UnsupportedOperation
from tapec.ir.core import Block, Op

X = np.linspace(0.5, 2.0, 9)
A = np.arange(30.0).reshape(5, 6) / 7.0
TABLE = np.array([3.0, 1.0, 4.0, 1.0, 5.0])


def ops(block: Block) -> list[Op]:
    """All ops, those of regions included."""
    return [o for op in block.ops for o in (op, *(p for r in op.regions for p in ops(r)))]


def counted(f: Callable[..., Any], *args: Any) -> dict[str, int]:
    """How often each dynamic op occurs in the program of `f`."""
    names = [op.name for op in ops(traced(f, *args).func.block)]
    return {n: names.count(n) for n in names if n.startswith("dynamic")}


I = np.int64(3)  # noqa: E741


@pytest.mark.parametrize("f", [
    lambda A, i: A[i],
    lambda A, i: A[-i],
    lambda A, i: A[i, i + 1],
    lambda A, i: A[i - 1, :],
    lambda A, i: A[:, i],
    lambda A, i: A[i, 1:-1],
    lambda A, i: A[1:4, i],
    lambda A, i: A[::-2, -i],
    lambda A, i: A[..., i],
    lambda A, i: A[None, i, None, ::2],
    lambda A, i: A[i - 1 : i + 2],
    lambda A, i: A[i - 3 : 2 * i - 4 - i + 3, i : i + 3],
    lambda A, i: A[:, i - 2 : i + 3 : 2],
    lambda A, i: A[1:, i : i - 3 : -1],
    lambda A, i: A[i][2:5][1],
    lambda A, i: A[i][i] + A.T[i][i] + A[i : i + 2][0][1] + A[2][i],
    lambda A, i: A[i, [0, 2, 4]],
    lambda A, i: A[[0, i], i],
    lambda A, i: A[i - 1 : i + 1, [0, 5]],
    lambda A, i: TABLE[i] * A[i, TABLE.astype(int)[i]],
    lambda A, i: A.reshape(-1)[i],
])  # fmt: skip
def test_reading(f: Callable[..., Any]) -> None:
    check(f, A, I)


def wrote(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f` writes into a copy of its argument, which is returned."""

    def written(A: Any, i: Any) -> Any:
        B = A.copy()
        f(B, i)
        return B

    return written


def add_to_element(A: Any, i: Any) -> None:
    A[i, i - 1] += 5.0
    A[-i, 0] = 2.0


def add_to_row(A: Any, i: Any) -> None:
    A[i] += A[i - 1]
    A[i, :] -= 1.0
    A[:, i] *= 2.0


def windows(A: Any, i: Any) -> None:
    A[i - 1 : i + 2, 1:3] = A[i - 3 : i, 2:4]
    A[0, i : i - 3 : -1] = np.array([7.0, 8.0, 9.0])
    A[i : i + 1] += 1.0


def through_views(A: Any, i: Any) -> None:
    row = A[i]
    row[2] = 5.0
    row[i] += 1.0
    part = A[1:4][:, i]
    part[:] = part[::-1] * 2.0
    i = i + 1
    row[0] = -1.0


def mixed(A: Any, i: Any) -> None:
    A[i, [0, 1]] = np.array([3.0, 4.0])
    A[i - 1 : i + 1, [2, 3]] += 10.0
    A[None, i, 0] = 6.0


@pytest.mark.parametrize("f", [add_to_element, add_to_row, windows, through_views, mixed])
def test_writing(f: Callable[..., Any]) -> None:
    check(wrote(f), A, I)


def test_writes_reach_arguments_and_constants_made_in_the_function() -> None:
    def f(A: Any, i: Any) -> Any:
        A[i, 0] = 1.0
        made = np.zeros((4, 6))
        row = made[i - 2]
        made[i] = A[i] * 2.0
        row[i] = 3.0
        return made, row

    check(f, A.copy(), I)


def test_an_element_of_a_view_is_one_op() -> None:
    assert counted(lambda A, i: A[i][i], A, I) == {"dynamic_index": 1}
    assert counted(lambda A, i: A[2][i], A, I) == {"dynamic_index": 1}
    assert counted(wrote(lambda A, i: A.__setitem__((i, 0), 1.0)), A, I) == {"dynamic_update": 1}

    def row_in_place(A: Any, i: Any) -> None:
        A[i + 1, 1:3] += 1.0

    assert counted(wrote(row_in_place), A, I) == {"dynamic_index": 1, "dynamic_update": 1}


@pytest.mark.parametrize(("f", "i"), [
    (lambda A, i: A[i], 5),
    (lambda A, i: A[i], -6),
    (lambda A, i: A[i : i + 2], 4),
    (lambda A, i: A[i - 1 : i + 2], 0),
    (lambda A, i: A[i + 1 : i - 2 : -1], 1),
    (wrote(lambda A, i: A.__setitem__(i, 0.0)), 9),
])  # fmt: skip
def test_places_outside_are_index_errors_when_the_program_runs(
    f: Callable[..., Any], i: int
) -> None:
    program = traced(f, A, I)
    with pytest.raises(IndexError):
        run(program.func, [A, np.int64(i)])


def test_loops_over_places_have_right_derivatives() -> None:
    def f(x: Any) -> Any:
        y = np.zeros(9)
        y[0] = x[0]
        for i in rolled(range(1, 9)):
            y[i] = 0.5 * y[i - 1] + x[i] * x[i - 1] * TABLE[i % 5]
            y[i - 1] *= x[-i]
        window = 0.0
        for i in rolled(range(7)):
            window += np.sum(y[i : i + 3] ** 2) * x[i]
        return window

    assert_gradient(f, X)


def assert_gradient(f: Callable[..., Any], x: Any) -> None:
    """The gradient along a direction against fourth-order differences."""
    d, e = np.cos(np.arange(x.size)).reshape(x.shape), 1e-4
    ahead = [f(x + k * e * d) for k in (-2, -1, 1, 2)]
    want = (ahead[0] - 8 * ahead[1] + 8 * ahead[2] - ahead[3]) / (12 * e)
    np.testing.assert_allclose(np.sum(grad(f)(x) * d), want, rtol=1e-8)


@pytest.mark.parametrize(("f", "hint"), [
    (lambda x, i: x[::i], "constant step"),
    (lambda x, i: x[:i:2], "constant"),
    (lambda x, i: x[: i > 0], "integers"),
    (lambda x, i: x[x > 1.0][i], "np.where"),
])  # fmt: skip
def test_what_has_no_fixed_shape_is_an_error(f: Callable[..., Any], hint: str) -> None:
    with pytest.raises((UnsupportedOperation, IndexError, TraceError), match=f"(?s){hint}"):
        traced(lambda x, i: f(x, i).sum(), X, I)

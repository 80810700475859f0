"""Item reading and writing with NumPy's aliasing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.tracing import check, traced

from tapec.errors import MutationError
from tapec.trace.arrays.session import Session

V = np.array([0.3, 0.7, 0.2, 0.9])
A = np.linspace(0.1, 1.2, 12).reshape(3, 4)
S = np.sin(np.arange(24.0)).reshape(2, 3, 4)
TABLE = np.array([10.0, 20.0, 30.0])


def view_of_view(x: Any) -> Any:
    y = np.zeros((3, 4))
    rows = y[1:]
    rows[0, ::2] = x[:2]
    z = y.T
    z[3] = 7.0
    flat = y.reshape(-1)
    flat[0] = x[3]
    copied = z.reshape(-1)
    copied[1] = 100.0
    return y, z, rows, flat, copied


def write_argument(x: Any) -> Any:
    x[0] = x[1] * 2
    x *= 3
    return x.sum()


def inplace_ops(x: Any) -> Any:
    y = x.copy()
    y += 1
    y[1:] *= 2
    y[0] -= x[1]
    y[:2] /= 4
    y **= 2
    s = x[0]
    s += 5
    return y, s, x


def snapshot(x: Any) -> Any:
    a = x[0]
    b = x[:2]
    c = x[:2].copy()
    x[0] = 9.0
    return a, b, c


def fancy(x: Any) -> Any:
    y = np.zeros(4)
    y[[0, 2]] = x[[1, 3]]
    y[np.array([True, False, False, True])] += 1.0
    np.add.at(y, [0, 0, 1], x[0])
    y[x > 0.5] = -1.0
    return y


def fancy_2d(a: Any) -> Any:
    i = np.array([0, 2])
    b = np.zeros((3, 4))
    b[i, 1] = a[i, 2]
    b[:, i] = a[:, [1, 3]] * 2
    b[1] = [1.0, 2.0, 3.0, a[0, 0]]
    return b, a[i], a[:, i], a[i, i], a[i][:, i], a[i[:, None], i], a[..., i, None], a[None, i]


def fancy_3d(s: Any) -> Any:
    i = np.array([0, 1])
    return (
        s[:, i],
        s[:, i, i],
        s[i, :, i],
        s[0, :, [1, 2]],
        s[..., -1],
        s[-1, ..., 0],
        s[:, i, None],
    )


def integer_index(x: Any, i: Any) -> Any:
    k = np.argmax(x)
    y = x.copy()
    y[k] = 0.0
    return x[k], y, x[i], TABLE[i], x[i] * TABLE[np.argmin(x[:3])]


def row_loop(a: Any) -> Any:
    total = 0.0
    for row in a:
        for v in row:
            total = total + v * v
    return total


def row_views(a: Any) -> Any:
    b = a.copy()
    for i, row in enumerate(b):
        row[:] = row / (i + 1)
    return b


def becomes_traced(x: Any) -> Any:
    y = np.zeros(3)
    z = y[1:]
    y[0] = 2.0
    before = y + 1
    z[:] = x[:2]
    y.fill(1.0)
    z[0] = x[3]
    return y, z, before


def swap(x: Any) -> Any:
    x[0], x[1] = x[1], x[0]
    x[:2], x[2:] = x[2:].copy(), x[:2].copy()
    return x


def concrete_indices(x: Any) -> Any:
    order = np.arange(4)[::-1]
    k = np.zeros(2, dtype=int)
    k[0] = 3
    total = 0.0
    for i in order:
        total = total + x[i] * i
    return total, x[k], x[order], x[order[0]]


def zero_d(x: Any) -> Any:
    y = np.zeros(())
    y[()] = x[0]
    y += 1
    return y


CASES: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "view_of_view": (view_of_view, (V,)),
    "write_argument": (write_argument, (V,)),
    "inplace_ops": (inplace_ops, (V,)),
    "snapshot": (snapshot, (V,)),
    "fancy": (fancy, (V,)),
    "fancy_2d": (fancy_2d, (A,)),
    "fancy_3d": (fancy_3d, (S,)),
    "integer_index": (integer_index, (V, np.array([2, 0, -1]))),
    "row_loop": (row_loop, (A,)),
    "row_views": (row_views, (A,)),
    "becomes_traced": (becomes_traced, (V,)),
    "swap": (swap, (V,)),
    "concrete_indices": (concrete_indices, (V,)),
    "zero_d": (zero_d, (V,)),
    "slices": (lambda x: (x[1:-1], x[::-2], x[-3:], x[5:], x[3:0:-1], x[-1]), (V,)),
}


@pytest.mark.parametrize("name", CASES)
def test_mutation(name: str) -> None:
    function, args = CASES[name]
    check(function, *args)


def test_written_arguments_are_listed() -> None:
    assert traced(write_argument, V).mutated == (0,)
    assert traced(lambda x, y: x + y, V, V).mutated == ()


def test_global_arrays_are_not_written() -> None:
    def f(x: Any) -> Any:
        TABLE[0] = x[0]
        return TABLE

    with pytest.raises(MutationError, match="copy"):
        traced(f, V)


def test_writes_are_counted_by_each_trace() -> None:
    one, other = Session(), Session()
    assert Session(one).writes is one.writes
    assert other.writes is not one.writes

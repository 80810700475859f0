"""Tables that waves alone pass through lie by diagonals, and hold the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
from loop_support import Loops

import tapec
from tapec.backends.llvm import available
from tapec.ir import Func, Type, Value
from tapec.lower.skewed import skewed

pytestmark = pytest.mark.skipif(not available()[0], reason=available()[1])


def smooth(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A table of smooth minima: the reverse sweep needs numbers of every cell."""
    n, m = len(x), len(y)
    r = np.full((n + 1, m + 1), 50.0)
    r[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            a, b, c = r[i - 1, j - 1], r[i - 1, j], r[i, j - 1]
            r[i, j] = (x[i - 1] - y[j - 1]) ** 2 - np.log(np.exp(-a) + np.exp(-b) + np.exp(-c))
    return r[n, m]


def repeated(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Sweeps over a table: one table of numbers to keep for each."""
    a = x[:, None] * y[None, :]
    for _ in range(12):
        for i in range(1, len(x)):
            for j in range(1, len(y)):
                a[i, j] = np.tanh(a[i - 1, j] + a[i, j - 1] - 0.5 * a[i, j])
    return np.sum(a)


@pytest.mark.parametrize(
    ("f", "shape"),
    [(smooth, (37, 53)), (smooth, (50, 41)), (repeated, (9, 90))],
)
def test_gradients(f: object, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(8)
    x, y = (rng.normal(size=n) for n in shape)
    native = tapec.grad(f, argnums=(0, 1))
    text = str(native.ir("loops", x, y))
    rows, columns = (n - (f is repeated) for n in shape)
    assert f"{rows + columns - 1},{min(rows, columns)}]" in text
    expected = tapec.grad(tapec.compile(f, backend="numpy"), argnums=(0, 1))(x, y)
    for got, right in zip(native(x, y), expected, strict=True):
        np.testing.assert_allclose(got, right, rtol=1e-11, atol=1e-13)


def two_loops(kinds: tuple[str, str], other: bool = False) -> Func:
    """A table written by one double loop, and read by a second one backwards."""
    p = Loops()
    x, out = p.buffer("f64", 2000), p.buffer("f64", 2000)
    table = p("alloc", type=Type("f64", (40, 50)))

    def write(i: Value, j: Value) -> list[Value]:
        value = p("load", x, i, j, offset=0, strides=(50, 1))
        p.op("store", value, table, i, j, offset=0, strides=(50, 1))
        return []

    def back(i: Value, j: Value) -> list[Value]:
        value = p("load", table, i, j, offset=1999, strides=(-50, -1))
        p.op("store", value, out, i, j, offset=1999, strides=(-50, -1))
        return []

    for kind, cell in zip(kinds, (write, back), strict=True):
        rows = lambda i, cell=cell: p.loop(0, 50, [], lambda j: cell(i, j)) and []  # noqa: E731
        p.loop(0, 40, [], rows, kind=kind)
    if other:
        p.store(p("load", table, offset=3, strides=()), out, 0)
    return p.func()


@pytest.mark.parametrize(
    ("func", "expected"),
    [
        (two_loops(("wave", "wave")), True),
        (two_loops(("wave", "serial")), False),
        (two_loops(("serial", "wave")), False),
        (two_loops(("wave", "wave"), other=True), False),
    ],
)
def test_only_waves_pass_through(func: Func, expected: bool) -> None:
    types = [op.attrs["type"] for op in skewed(func).ops if op.name == "alloc"]
    assert (types == [Type("f64", (89, 40))]) is expected

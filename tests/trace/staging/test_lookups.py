"""Python lists, tuples and dictionaries looked up and written at traced places."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapec
from tapec import TapecError

TABLE = [3.0, 3.4, 3, 4.1]
SIZES = (2, 4, 8)
RATES = {0: 0.5, 1: 2.0, 7: 3.0}
X = np.array([0.3, 0.75, 1.6])


def from_a_table(x: Any) -> Any:
    return TABLE[int(x[2])] * x[1]


def from_behind(x: Any) -> Any:
    return TABLE[-int(x[2]) - 1] * x[0]


def pairs(x: Any) -> Any:
    cases = [(x[0], 1.0), (x[1], 3.0), (2.0, 4.0)]
    a, b = cases[int(x[2])]
    return a * x[2] + b


def arrays(x: Any) -> Any:
    points = [np.array([1.0, 2.0]), np.array([3.0, 4.0]), x[:2] * 2]
    s = x[0]
    for k in range(300):
        s = s + 1e-3 * np.sin(points[k % 3] @ x[1:] + s)
    return s


def traced_items(x: Any) -> Any:
    return (x[0] * 2, x[1] * 3, x[2])[int(np.argmin(x))] ** 2


def counts(x: Any) -> Any:
    bins = [0] * 4
    for k in range(200):
        bins[int(x[k % 3] * (k % 3))] += 1
        bins[k % 2] = bins[k % 2] + x[0]
    return bins[0] + 2 * bins[1] + 3 * bins[-1]


def swapped(x: Any) -> Any:
    order = [0, 1, 2]
    for i in range(3):
        for j in range(2 - i):
            if x[order[j]] < x[order[j + 1]]:
                order[j], order[j + 1] = order[j + 1], order[j]
    return x[order[0]] * 4 + x[order[1]] * 2 + x[order[2]]


def walk(x: Any) -> Any:
    following = [2, 0, 3, 1]
    place, total = 0, 0.0
    for k in range(100):
        total += TABLE[place] * np.sin(k * x[place % 3])
        place = following[place]
    return total


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize(
    "f",
    [from_a_table, from_behind, pairs, arrays, traced_items, counts, swapped, walk],
    ids=lambda f: f.__name__,
)
def test_values_and_slopes(f: Any, backend: Any) -> None:
    value, slope = tapec.compile(tapec.value_and_grad(f), backend=backend)(X)
    assert value == pytest.approx(f(X), rel=1e-12)
    for k, unit in enumerate(1e-6 * np.eye(3)):
        assert slope[k] == pytest.approx((f(X + unit) - f(X - unit)) / 2e-6, abs=1e-5)


def test_one_program_for_all_numbers() -> None:
    @tapec.compile
    def pick(x: Any, i: int) -> Any:
        return TABLE[i] * x

    assert [pick(X, i)[0] for i in (0, 3, -1)] == pytest.approx([0.9, 1.23, 1.23])
    assert len(pick._found) == 1


def test_numbers_that_python_must_know_still_come_from_arguments() -> None:
    @tapec.compile
    def zeros(x: Any, level: int) -> Any:
        return np.zeros(SIZES[level]) + RATES[level] * x[0]

    for level in (0, 1):
        np.testing.assert_allclose(
            zeros(X, level), np.zeros(SIZES[level]) + RATES[level] * 0.3, rtol=1e-15
        )


def test_there_is_no_such_place() -> None:
    with pytest.raises(IndexError):
        tapec.compile(from_a_table)(X * 4)


@pytest.mark.parametrize("key", ["items[int(x[0])]", "table[int(x[0])]", "nested[int(x[0])][0]"])
def test_items_without_anything_in_common(key: str, tmp_path: Any) -> None:
    code = f"""
def f(x):
    items = [1.0, "a"]
    table = {{0: 1.0, 1: 2.0}}
    nested = [[x[0]], [x[1]]]
    return {key} * x[1]
"""
    path = tmp_path / "lookup.py"
    path.write_text(code)
    scope: dict[str, Any] = {}
    exec(compile(code, str(path), "exec"), scope)
    with pytest.raises(TapecError, match="as an integer"):
        tapec.compile(scope["f"])(X)


def test_no_alias_is_lost() -> None:
    """An array from a list is that array: what would only write to or read a copy is refused."""

    def writes(x: Any) -> Any:
        rows = [x * 1.0, x * 2.0]
        row = rows[int(x[2])]
        row[0] = 7.0
        return rows[0] + rows[1]

    def reads(x: Any) -> Any:
        rows = [x * 1.0, x * 2.0]
        row = rows[int(x[2])]
        rows[1][0] = 7.0
        return row + rows[0]

    for f in (writes, reads):
        with pytest.raises(TapecError):
            tapec.compile(f)(X)

    def alone(x: Any) -> Any:
        row = [x * 1.0, x * 2.0][int(x[2])].copy()
        row[0] = 7.0
        return row

    np.testing.assert_allclose(tapec.compile(alone)(X), alone(X))

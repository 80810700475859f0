"""Branches on traced conditions: values, writes, early returns, connectives; the errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.tracing import check, traced

from tapec.errors import ControlFlowError, MutationError

V = np.array([0.3, 0.7, 0.2, 0.9])
POINTS = [V, -V, V + 1.0, V[::-1].copy()]


def regions(f: Any, *args: Any) -> list[str]:
    """The region ops at the top of a program."""
    return [op.name for op in traced(f, *args).func.ops if op.regions]


def agrees(f: Any, *more: Any) -> None:
    """On both sides of the conditions the program does what NumPy does."""
    for point in POINTS:
        check(f, point.copy(), *more)


def test_values_of_branches() -> None:
    def f(x: Any) -> Any:
        if x[0] > 0.5:
            y, k = x * 2, 1
        elif x[0] > 0.1:
            y, k = x - 1, 2
        else:
            y, k = -x, 2
        return y, k

    assert regions(f, V) == ["cond"]
    agrees(f)


def test_writes_in_branches_reach_every_alias() -> None:
    def f(x: Any) -> Any:
        y = np.zeros(3)
        view = y[1:]
        other = x
        if x[0] > 0.1:
            y[0] = x[0]
            other[1] = 7.0
        else:
            view[:] = x[:2]
            x *= 2
        return y, view, x.sum()

    agrees(f)


def test_early_returns() -> None:
    def f(x: Any) -> Any:
        if x[0] < 0:
            return x[0]
        y = np.sin(x)
        if y[1] > 0.5:
            return y[1] * 2
        return y[2]

    assert regions(f, V) == ["cond"]
    agrees(f)


def test_connectives_and_conditional_expressions() -> None:
    def f(x: Any) -> Any:
        a = 1.0 if x[0] > 0.1 and x[1] > 0.9 else 2.0
        b = 3.0 if x[0] > 0.9 or not x[1] > 0.9 else x[3]
        c = x[0] if 0 < x[0] < 1 else 6.0
        d = (x[1] and x[2]) or x[3]
        assert x[0] > -5, "far out"
        return a, b, c, d

    agrees(f)


def test_the_right_side_of_and_may_be_guarded_by_the_left() -> None:
    def f(x: Any) -> Any:
        k = np.argmax(x)
        return 1.0 if k > 0 and x[k - 1] > 0.2 else x[k]

    agrees(f)


def test_branch_inside_helper_closure_and_comprehension() -> None:
    def clip(v: Any) -> Any:
        if v > 0.5:
            return 0.5
        return v

    agrees(lambda x: [clip(v) * 2 for v in x])


def test_objects_and_containers_keep_their_identity() -> None:
    class Box:
        def __init__(self) -> None:
            self.total = 0.0
            self.parts = [1.0, 2.0]

    def f(x: Any) -> Any:
        box, table = Box(), {"a": x[0]}
        same = box.parts
        if x[0] > 0.1:
            box.total = x[1]
            box.parts[1] = x[2]
        else:
            table["a"] = x[3]
        return box.total, same[1], table["a"]

    agrees(f)


def test_types_that_differ_matter_only_when_used() -> None:
    def unused(x: Any) -> Any:
        if x[0] > 0.1:
            t = x * 2
            y = t[0]
        else:
            t = x[1]
            y = t
        return y

    def used(x: Any) -> Any:
        t = x * 2 if x[0] > 0.1 else x[1]
        return t + 1

    agrees(unused)
    with pytest.raises(ControlFlowError, match=r"f64\[4\] or f64\n.*:  t = x \* 2 if"):
        traced(used, V)


def test_a_value_returned_on_one_path_only() -> None:
    def f(x: Any) -> Any:
        if x[0] > 0:
            return x
        return None

    with pytest.raises(ControlFlowError, match=r"the returned value is f64\[4\] or None"):
        traced(f, V)


def test_numbers_of_branches_promote_as_python_numbers_do() -> None:
    def f(x: Any) -> Any:
        y = 0
        if x[0] > 0.1:
            y = x[1]
        return y * 2.0

    agrees(f)


def test_lists_must_keep_their_length() -> None:
    def f(x: Any) -> Any:
        ys = [x[0]]
        if x[0] > 0.1:
            ys.append(x[1])
        return ys[-1]

    with pytest.raises(ControlFlowError, match="a list changes its length in a branch"):
        traced(f, V)


def test_result_that_may_be_another_array_is_read_only() -> None:
    def aliased(x: Any) -> Any:
        a, b = x * 2, x * 3
        c = a if x[0] > 0.1 else b
        c[0] = 5.0
        return a, b, c

    def replaced(x: Any) -> Any:
        y = x * 2
        if x[0] > 0.1:
            y = y / 3
        y[0] = 5.0
        return y

    def stale(x: Any) -> Any:
        a, b = x * 2, x * 3
        c = a if x[0] > 0.1 else b
        a[0] = 5.0
        return c

    with pytest.raises(MutationError, match="another variable's too"):
        traced(aliased, V)
    with pytest.raises(MutationError, match="read after the other was written"):
        traced(stale, V)
    agrees(replaced)


def test_static_conditions_run_as_python() -> None:
    def f(x: Any, flag: Any) -> Any:
        if flag is None:
            return x
        return x.sum() if x.shape[0] > 3 and isinstance(flag, str) else x[0]

    assert regions(lambda x: f(x, "a"), V) == []
    agrees(lambda x: f(x, "a"))

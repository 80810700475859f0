"""Recursion whose depth Python knows is traced, deep as it may be."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec
from tapec.errors import ControlFlowError


def by_expression(x: Any, n: int) -> Any:
    return np.sin(x) if n == 0 else np.sin(by_expression(x, n - 1))


def by_statement(x: Any, n: int) -> Any:
    if n == 0:
        return np.sin(x)
    return np.sin(by_statement(x, n - 1))


def by_loop(x: Any, n: int) -> Any:
    for _ in range(1):
        if n > 0:
            return np.sin(by_loop(x, n - 1))
    return np.sin(x)


def by_truth(x: Any, n: int) -> Any:
    return np.sin(by_truth(x, n - 1) if n > 0 and not n < 0 else x)


def slope(x: float, n: int) -> float:
    """The derivative of n + 1 sines of each other."""
    found = 1.0
    for _ in range(n + 1):
        found, x = found * np.cos(x), np.sin(x)
    return found


# Loops take more of Python's frames than conditions.
DEEPEST: dict[Callable[..., Any], int] = {
    by_expression: 800,
    by_statement: 800,
    by_truth: 800,
    by_loop: 300,
}


@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
@pytest.mark.parametrize("f", DEEPEST)
def test_deeper_than_pythons_frames(f: Callable[..., Any], share: float) -> None:
    depth = int(DEEPEST[f] * share)
    limit = sys.getrecursionlimit()
    assert np.isclose(tapec.compile(f)(0.9, depth), f(0.9, depth), rtol=1e-13)
    assert np.isclose(tapec.grad(f)(0.9, depth), slope(0.9, depth), rtol=1e-10)
    assert sys.getrecursionlimit() == limit


def endless(x: Any, n: int) -> Any:
    return np.sin(endless(x, n + 1))


def endless_condition(x: Any) -> Any:
    return x if x > 3.0 else endless_condition(x + 1.0)


def refused() -> None:
    with pytest.raises(RecursionError):
        tapec.grad(endless)(0.9, 0)
    with pytest.raises(ControlFlowError, match="a recursion ends by a traced condition"):
        tapec.grad(endless_condition)(0.9)


def test_recursion_without_end_is_refused() -> None:
    limit = sys.getrecursionlimit()
    refused()
    threads = [threading.Thread(target=refused) for _ in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sys.getrecursionlimit() == limit


def test_a_limit_set_while_traced_stays() -> None:
    limit = sys.getrecursionlimit()

    def f(x: Any) -> Any:
        sys.setrecursionlimit(limit + 10)
        return x * 2.0

    try:
        assert tapec.compile(f)(1.0) == 2.0
        assert sys.getrecursionlimit() == limit + 10
    finally:
        sys.setrecursionlimit(limit)

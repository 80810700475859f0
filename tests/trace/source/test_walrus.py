"""Expressions that assign, within conditions; functions given as defaults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec

X = np.array([0.3, 0.4])


def counted(x: Any) -> Any:
    n = 0
    while (y := x[0] * n) < 1 and n < 10:
        n += 1
    return y * x[1]


def step(x: Any) -> Any:
    s = x[0]
    while (d := s * 0.5) > 0.01 and d < 10:
        s = s - d * x[1]
    return s + d


def second(x: Any) -> Any:
    s, d = x[0], 7.0
    while x[1] > 0 and (d := s * 0.5) > 0.01:
        s = s - d * x[1]
    return s + d


def not_reached(x: Any) -> Any:
    d = x[1]
    if x[0] > 1 and (d := x[0] * 0.5) > 0.01:
        return d * 3
    return d * x[0]


def both(x: Any) -> Any:
    if (a := x[0] * 2) > 0.1 and (b := a * x[1]) < 5:
        return a * b
    return a


def either(x: Any) -> Any:
    b = 1.0
    if (a := x[0] * 2) > 5 or (b := a * x[1]) < 5:
        return a * b
    return a


def chained(x: Any) -> Any:
    s = x[0]
    while 0.01 < (d := s * 0.5) < 10:
        s = s - d * x[1]
    return s + d


def negated(x: Any) -> Any:
    s = x[0]
    while not (d := s * 0.5) < 0.01:
        s = s - d * x[1]
    return s + d


def chosen(x: Any) -> Any:
    a = x[1]
    y = (a := x[0] * 2) if x[0] > 0.1 else x[1]
    return a * y


def of_a_lambda(x: Any) -> Any:
    f = lambda v: (a := v * 2) * a  # noqa: E731
    return f(x[0]) * x[1]


def rule(y: Any) -> Any:
    if y[0] > 0:
        return y * 2
    return y


def default(x: Any, g: Callable[[Any], Any] = rule) -> Any:
    return np.sum(g(x) ** 2)


def keyword_default(x: Any, *, g: Callable[[Any], Any] = rule) -> Any:
    return np.sum(g(x) ** 2)


def inner_default(x: Any) -> Any:
    def inner(y: Any, g: Callable[[Any], Any] = rule) -> Any:
        return g(y) * g(y)

    return np.sum(inner(x))


@pytest.mark.parametrize(
    "f",
    [counted, step, second, not_reached, both, either, chained, negated, chosen, of_a_lambda,
     default, keyword_default, inner_default],
)  # fmt: skip
def test_value_and_gradient(f: Callable[[Any], Any]) -> None:
    kernel = tapec.compile(f, backend="numpy")
    for x in (X, X[::-1] * 4, -X):
        if f is negated and x[0] < 0:
            continue
        np.testing.assert_allclose(kernel(x), f(x), rtol=1e-13)
        slopes = [(f(x + 1e-6 * e) - f(x - 1e-6 * e)) / 2e-6 for e in np.eye(2)]
        np.testing.assert_allclose(kernel.grad(x), slopes, rtol=1e-6, atol=1e-8)

"""Classes of the user and of Python in traced code: what they are, their properties and methods."""

from __future__ import annotations

import functools
import numbers
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from support.tracing import check, traced

from tapec.errors import ControlFlowError

V = np.array([0.3, 0.7, 0.2, 0.9])


class Gauge:
    """Properties with branches."""

    def __init__(self, value: Any) -> None:
        self._value = value

    @property
    def value(self) -> Any:
        return self._value if self._value > 0.25 else 0.0

    @value.setter
    def value(self, new: Any) -> None:
        if new > 0.5:
            new = new * 0.5
        self._value = new

    @functools.cached_property
    def clipped(self) -> Any:
        return 1.0 if self._value > 0.5 else self._value


KNOWN = Gauge(1.0)


@dataclass(frozen=True)
class Point:
    """Frozen: attributes cannot be assigned."""

    x: float
    y: float

    def larger(self) -> Any:
        return self.x if self.x > self.y else self.y


@functools.singledispatch
def kind(a: Any) -> Any:
    return 1.0


@kind.register
def _(a: np.ndarray) -> Any:
    return a.sum()


@kind.register
def _(a: float) -> Any:
    return a * 3 if a > 0 else a


def test_the_class_of_a_traced_value() -> None:
    def f(x: Any, n: Any) -> Any:
        made = float(x[0])
        assert type(x) is np.ndarray
        assert type(x) == np.ndarray  # noqa: E721
        assert type(x[0]) is np.float64
        assert type(x[0]) is not float
        assert type(made) is float
        assert type(n) is np.int64
        assert type(int(n)) in (int, float)
        assert type(x).__name__ == "ndarray"
        return {np.ndarray: 1.0, float: 2.0}[type(x)] * x + type(x[0])(2)

    check(f, V, np.int64(3))


def test_numbers_are_no_sequences() -> None:
    def f(x: Any, n: Any) -> Any:
        assert isinstance(x[0], numbers.Real)
        assert isinstance(n, numbers.Integral)
        assert isinstance(x, Iterable)
        assert isinstance(float(x[0]), (int, float))
        assert not isinstance(x, (numbers.Number, float))
        assert not isinstance(x[0], Iterable)
        assert not hasattr(x[0], "__len__")
        assert hasattr(x, "__len__")
        assert hasattr(x[0], "shape")
        assert not hasattr(float(x[0]), "shape")
        assert np.isscalar(x[0])
        return x * 2

    check(f, V, np.int64(3))


def test_the_class_of_an_object() -> None:
    def f(x: Any) -> Any:
        assert type(KNOWN) is Gauge
        assert type(Gauge(1.0)) is Gauge
        assert type(Gauge(1.0)) is type(KNOWN)
        assert isinstance(KNOWN, Gauge)
        return x * {Gauge: 2.0}[type(KNOWN)]

    check(f, V)


def test_properties_with_branches() -> None:
    def f(x: Any) -> Any:
        g = Gauge(x[0])
        before = g.value
        g.value = x[1]
        g.value += x[2]
        return before, g.value, g.clipped, g.clipped * 2

    check(f, V)


def test_methods_of_frozen_dataclasses() -> None:
    check(lambda x: Point(x[0], x[1]).larger() + Point(x[2], x[1]).larger(), V)


def test_functions_chosen_by_class() -> None:
    check(lambda x: kind(x) + kind(float(x[0])) + kind("a"), V)


def endless(v: Any) -> Any:
    return v if v > 3 else endless(v + 1.0)


def test_a_recursion_of_traced_depth_is_refused() -> None:
    with pytest.raises(ControlFlowError, match=r"(?s)recursion.*test_python_classes\.py:\d+"):
        traced(lambda x: endless(x[0]), V)

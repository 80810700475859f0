"""Objects of the user's under the usual names of modules: their members are looked at by the call."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy
import pytest

import tapec


class Space:
    """A namespace that hands on what a module has."""

    def __init__(self, of: Any) -> None:
        self._of = of

    def __getattr__(self, name: str) -> Any:
        return getattr(self._of, name)


def tenth(x: Any) -> Any:
    return x / 10.0 if x > 0 else x


np = Space(numpy)
math = types.SimpleNamespace(sin=tenth, pi=3.0)
X = numpy.array([1.0, 2.0])


def made(x: Any) -> Any:
    y = np.zeros(2)
    y[0] = x[0] ** 2
    return np.sum(y)


def scalar(x: Any) -> Any:
    return x[0] * (2.0 if np.isscalar(x[0]) else 1.0)


def other_function(x: Any) -> Any:
    return math.sin(x[0]) * math.pi


def nested(x: Any) -> Any:
    return sum([np.where(v > 1.5, np.square(v), math.sin(v)) for v in x])


def inner(x: Any) -> Any:
    def part(v: Any) -> Any:
        w = np.ones(3)
        w[1:] *= v
        return np.prod(w)

    return part(x[0]) + part(x[1])


def given(x: Any, np: Any = np) -> Any:
    y = np.zeros(2)
    y[1] = x[1] ** 3
    return y.sum() * (2.0 if np.isscalar(x[0]) else 1.0)


def closed(np: Any) -> Callable[[Any], Any]:
    def f(x: Any) -> Any:
        return x[0] * (2.0 if np.isscalar(x[0]) else 1.0)

    return f


def unbound(x: Any) -> Any:
    known = numpy.ndarray.cumsum(numpy.arange(1.0, 3.0))
    return numpy.ndarray.sum(numpy.ndarray.reshape(x, (2, 1)) * known, axis=0).max()


USES = [unbound, made, scalar, other_function, nested, inner, given, closed(np), closed(numpy)]


@pytest.mark.parametrize("f", USES, ids=lambda f: f.__qualname__)
def test_members_of_objects_are_followed(f: Callable[[Any], Any]) -> None:
    assert numpy.allclose(tapec.compile(f)(X), f(X), rtol=1e-14)
    h = 1e-6 * numpy.eye(2)
    slopes = [(f(X + step) - f(X - step)) / 2e-6 for step in h]
    assert numpy.allclose(tapec.grad(f)(X), slopes, rtol=1e-6, atol=1e-8)

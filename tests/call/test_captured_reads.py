"""State that is read by unusual ways is looked at again on each call."""

from __future__ import annotations

import os
import types
from collections import ChainMap
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import tapec

X = np.array([1.0, 2.0])


def by_name() -> Iterator[Any]:
    place, names = types.SimpleNamespace(a=1.0, b=2.0), ["a"]
    yield lambda x: x * getattr(place, names[0])
    names[0] = "b"
    yield
    place.b = 7.0
    yield


def where_absent() -> Iterator[Any]:
    place = types.SimpleNamespace()
    yield lambda x: x * 2 if hasattr(place, "flag") else x
    place.flag = True
    yield


def with_default() -> Iterator[Any]:
    place = types.SimpleNamespace()
    yield lambda x: x * getattr(place, "rate", 1.0)
    place.rate = 3.0
    yield
    del place.rate
    yield


def of_the_function() -> Iterator[Any]:
    def f(x: Any) -> Any:
        f.count = getattr(f, "count", 0) + 1  # type: ignore[attr-defined]
        return x * f.count  # type: ignore[attr-defined]

    yield f
    yield


def of_a_chain() -> Iterator[Any]:
    first, second = {"k": 1.0}, {"k": 2.0, "j": 3.0}
    both = ChainMap(first, second)
    yield lambda x: x * both["k"] + both["j"]
    first["k"] = 9.0
    yield
    del first["k"]
    yield


def through_a_proxy() -> Iterator[Any]:
    items = {"k": 1.0}
    shown = types.MappingProxyType(items)
    yield lambda x: x * shown["k"]
    items["k"] = 4.0
    yield


def of_the_environment() -> Iterator[Any]:
    os.environ["TAPEC_TEST_RATE"] = "1"
    yield lambda x: x * float(os.environ["TAPEC_TEST_RATE"])
    os.environ["TAPEC_TEST_RATE"] = "2"
    yield
    del os.environ["TAPEC_TEST_RATE"]


def by_a_hook() -> Iterator[Any]:
    class Hooked:
        def __init__(self) -> None:
            self.__dict__["known"] = {"a": 1.0}

        def __getattr__(self, name: str) -> Any:
            return self.known[name]

    place = Hooked()
    yield lambda x: x * place.a
    place.known["a"] = 3.0
    yield


@pytest.mark.parametrize(
    "case",
    [by_name, where_absent, with_default, of_the_function, of_a_chain, through_a_proxy,
     of_the_environment, by_a_hook],
)  # fmt: skip
def test_reads(case: Any) -> None:
    found: list[list[Any]] = []
    for wrap in (lambda f: f, lambda f: tapec.compile(f, backend="numpy")):
        steps = case()
        call = wrap(next(steps))
        found.append([call(X), *(call(X) for _ in steps)])
    np.testing.assert_array_equal(found[1], found[0])

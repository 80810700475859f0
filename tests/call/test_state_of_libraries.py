"""Captured objects of the standard library, and classes that override: read as they are now."""

from __future__ import annotations

import argparse
import array
import collections
import configparser
import contextvars
import ctypes
import decimal
import fractions
import types
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec

X = np.array([0.3, 0.7, 1.1])
HELD: list[Any] = []


class Thing:
    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)
        HELD.append(self)


def of_weak_keys() -> Any:
    made: Any = weakref.WeakKeyDictionary({Thing(): 2.0})
    made.key = next(iter(made))
    return made


def variable() -> Any:
    made: Any = contextvars.ContextVar("made")
    made.set(2.0)
    return made


def parser() -> Any:
    made = configparser.ConfigParser()
    made.read_dict({"s": {"a": "2"}})
    return made


def function() -> Any:
    numbers = [2.0]

    def f() -> float:
        return numbers[0]

    f.numbers = numbers  # type: ignore[attr-defined]
    return f


def put(key: Any) -> Callable[[Any, float], None]:
    return lambda o, v: o.__setitem__(key, v)


def set_to(name: str) -> Callable[[Any, float], None]:
    return lambda o, v: setattr(o, name, v)


# How an object is made, what the function reads of it, and how that is changed.
CASES: dict[str, tuple[Any, Any, Any]] = {
    "weak reference": (lambda: weakref.ref(Thing(w=2.0)), lambda o: o().w,
                       lambda o, v: setattr(o(), "w", v)),
    "weak values": (lambda: weakref.WeakValueDictionary(a=Thing(w=2.0)), lambda o: o["a"].w,
                    lambda o, v: setattr(o["a"], "w", v)),
    "weak keys": (of_weak_keys, lambda o: o[o.key], lambda o, v: o.__setitem__(o.key, v)),
    "context variable": (variable, lambda o: o.get(), lambda o, v: o.set(v)),
    "array.array": (lambda: array.array("d", [2.0]), lambda o: o[0], put(0)),
    "bytearray": (lambda: bytearray(b"\2"), lambda o: o[0], lambda o, v: put(0)(o, int(v))),
    "memoryview": (lambda: memoryview(np.full(2, 2.0)), lambda o: o[1], put(1)),
    "ctypes array": (lambda: (ctypes.c_double * 2)(2.0, 2.0), lambda o: o[0], put(0)),
    "ctypes number": (lambda: ctypes.c_double(2.0), lambda o: o.value, set_to("value")),
    "UserDict": (lambda: collections.UserDict(a=2.0), lambda o: o["a"], put("a")),
    "UserList": (lambda: collections.UserList([2.0]), lambda o: o[0], put(0)),
    "more of a UserList": (lambda: collections.UserList([2.0]), len, lambda o, v: o.append(v)),
    "parser": (parser, lambda o: o.getfloat("s", "a"), lambda o, v: o.set("s", "a", str(v))),
    "fraction": (lambda: [fractions.Fraction(2)], lambda o: float(o[0]),
                 lambda o, v: put(0)(o, fractions.Fraction(v))),
    "decimal": (lambda: [decimal.Decimal(2)], lambda o: float(o[0]),
                lambda o, v: put(0)(o, decimal.Decimal(v))),
    "namespace": (lambda: argparse.Namespace(w=2.0), lambda o: o.w, set_to("w")),
    "missing attribute": (lambda: types.ModuleType("made"), lambda o: getattr(o, "w", 2.0),
                          set_to("w")),
    "function's attribute": (function, lambda o: o.numbers[0], lambda o, v: put(0)(o.numbers, v)),
    "both ways": (function, lambda o: o.numbers[0] + o(), lambda o, v: put(0)(o.numbers, v)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_read_as_they_are_now(name: str, backend: Any) -> None:
    make, get, change = CASES[name]
    held = make()

    def f(x: Any) -> Any:
        return np.sum(x**2) * get(held)

    kernel = tapec.compile(f, backend=backend)
    gradient = tapec.grad(kernel)
    for value in (2.0, 3.0, 4.0, 4.0, 7.0):
        np.testing.assert_allclose(kernel(X), f(X), rtol=1e-14)
        np.testing.assert_allclose(gradient(X), 2 * X * get(held), rtol=1e-14)
        change(held, value)


class Base:
    scale: Any = 1.0

    def step(self, x: Any) -> Any:
        return x * 2.0

    @property
    def size(self) -> float:
        return 5.0

    def __call__(self, x: Any) -> Any:
        return self.step(x) * self.size * self.scale


class Tripled:
    def __call__(self, x: Any) -> Any:
        return x * 3.0


class ByObject(Base):
    step: Any = Tripled()
    size: Any = 7.0


class ByUfunc(Base):
    step: Any = staticmethod(np.sin)


class ByBuiltin(Base):
    step: Any = abs
    size: Any = None

    def __call__(self, x: Any) -> Any:
        return self.step(x) * (3.0 if self.size is None else self.size)


@pytest.mark.parametrize("kind", [ByObject, ByUfunc, ByBuiltin])
def test_what_overrides_a_method_need_not_be_one(kind: type[Base]) -> None:
    np.testing.assert_allclose(tapec.compile(kind())(X), kind()(X), rtol=1e-14)


def test_a_number_of_a_class_that_hides_a_changed_one() -> None:
    class Inner(Base):
        pass

    made = Inner()
    kernel = tapec.compile(made)
    try:
        for scale in (1.0, 2.0, 3.0):
            Base.scale = scale
            np.testing.assert_allclose(kernel(X), made(X))
        Inner.scale = 5.0
        np.testing.assert_allclose(kernel(X), made(X))
    finally:
        Base.scale = 1.0

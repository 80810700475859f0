"""What random programs call beside NumPy: classes, generators, contexts and matching."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import functools
import itertools
import operator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = [
    "Prop",
    "Rec",
    "Sub",
    "contextlib",
    "copy",
    "dataclasses",
    "early",
    "functools",
    "halves",
    "itertools",
    "keyed",
    "kind",
    "matched",
    "operator",
    "ravelled",
    "recur",
    "rows",
    "scaled",
    "star",
    "walk",
]


class Prop:
    """Properties, operators and a context over arrays."""

    scale = 0.5
    names = ()

    def __init__(self, a: Any, m: Any) -> None:
        self._a, self.m, self.log = a, m, []

    @property
    def a(self) -> Any:
        return self._a

    @a.setter
    def a(self, value: Any) -> Any:
        self._a = value
        self.log.append(value[0])

    @property
    def half(self) -> Any:
        return self._a[:2]

    @property
    def double(self) -> Any:
        return self._a * 2.0

    def __getitem__(self, k: Any) -> Any:
        return self._a[k]

    def __setitem__(self, k: Any, value: Any) -> Any:
        self._a[k] = value

    def __len__(self) -> int:
        return len(self._a)

    def __iter__(self) -> Any:
        return iter((self._a, self.m[0]))

    def __call__(self, z: Any) -> Any:
        return self._a * z

    def __iadd__(self, z: Any) -> Any:
        self._a += z
        return self

    def __mul__(self, z: Any) -> Any:
        return Prop(self._a * z, self.m)

    def __contains__(self, z: Any) -> bool:
        return True

    @classmethod
    def make(cls, a: Any, m: Any) -> Any:
        return cls(a * cls.scale, m)

    @staticmethod
    def twice(a: Any) -> Any:
        return a + a

    def __enter__(self) -> Any:
        self._a *= 0.5
        return self._a

    def __exit__(self, *e: Any) -> bool:
        self._a += 0.25
        return False


class Sub(Prop):
    """Overrides some of them."""

    scale = 0.75

    def __call__(self, z: Any) -> Any:
        return super().__call__(z) + 0.1

    @property
    def half(self) -> Any:
        return super().half[::-1]


@dataclass
class Rec:
    """A record with a list of its own."""

    a: Any
    m: Any
    k: int = 1
    z: float = 0.5
    more: list = field(default_factory=list)


@contextlib.contextmanager
def scaled(a: Any, z: Any) -> Any:
    a *= z
    try:
        yield a
    finally:
        a += 0.125


def halves(a: Any) -> Any:
    for e in a:
        yield 0.5 * e


def rows(m: Any) -> Any:
    for k, r in enumerate(m):
        if k == 1:
            r += 0.1
        yield r


def star(*args: Any, **kw: Any) -> Any:
    out = args[0] * 1.0
    for a in args[1:]:
        out = out + 0.5 * a
    for a in kw.values():
        out = out - 0.25 * a
    return out


def keyed(a: Any, /, b: Any, *, c: Any = 0.5) -> Any:
    return a - c * b


def recur(a: Any, n: Any) -> Any:
    if n == 0:
        return a
    a[n % 4] += 0.1 * n
    return recur(a[::-1], n - 1)


def early(a: Any, z: Any) -> Any:
    for k in range(4):
        if a[k] > z:
            return a[k] * 0.5
        a[k] += 0.1
    else:
        a[0] = -a[0]
    return a[3]


def kind(v: Any) -> Any:
    match v:
        case [a, b]:
            return a + b
        case {"k": a}:
            return a
        case Rec(a=a):
            return a
        case int():
            return 1.0
        case _:
            return 0.25 * v


def matched(b: Any) -> Any:
    match b:
        case [a0, _]:
            return a0
        case [a0, *_]:
            return a0 * 0.5


def walk(t: Any) -> Any:
    if isinstance(t, dict):
        return [b for k, a in t.items() for b in walk(a)]
    if isinstance(t, (list, tuple)):
        return [b for a in t for b in walk(a)]
    return [t]


def ravelled(things: Any) -> Any:
    return [np.ravel(a) for a in walk(things)]

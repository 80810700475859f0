"""Stores outside a function that happen on some paths only, at places of every kind.

Between calls every place is given other objects. Plain Python runs in a world of its own, and both
worlds must show the same values after every call, and the same objects where Python has those.
"""

from __future__ import annotations

import itertools
import linecache
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec

WORLD = """
import collections, types
import numpy as np
class Free: pass
class Slotted: __slots__ = ("p",)
class Managed:
    @property
    def p(self): return self._p
    @p.setter
    def p(self, value): self._p = value
class Base: p = 1.0
class Shared(Base): pass
free, slotted, managed, inherits = Free(), Slotted(), Managed(), Shared()
table, items, queue = {"p": 1.0}, [1.0, 2.0], collections.deque([1.0, 2.0])
module = types.ModuleType("module")
G = 1.0
def enclosing():
    cell = 1.0
    def get(): return cell
    def put(value):
        nonlocal cell
        cell = value
    return get, put
get, put = enclosing()
def helper(value): free.p = value
first, second = np.ones(3), np.zeros(3)
"""
PLACES = {  # what stores a value, and what shows the place
    "attribute": ("free.p = {}", "free.p"),
    "slot": ("slotted.p = {}", "slotted.p"),
    "property": ("managed.p = {}", "managed.p"),
    "class default": ("inherits.p = {}", "inherits.p"),
    "class": ("type(inherits).p = {}", "Shared.p"),
    "module": ("module.p = {}", "module.p"),
    "function": ("helper.p = {}", "helper.p"),
    "setattr": ("setattr(free, 'p', {})", "free.p"),
    "dictionary": ("free.__dict__['p'] = {}", "free.p"),
    "entry": ("table['p'] = {}", "table['p']"),
    "item": ("items[0] = {}", "items[0]"),
    "end of a deque": ("queue[0] = {}", "queue[0]"),
    "global": ("G = {}", "G"),
    "cell": ("put({})", "get()"),
    "in a helper": ("helper({})", "free.p"),
}
VALUES = ["x", "x * 2", "x[0]", "1.0", "None", "first"]
PATHS = [
    "if np.sum(x) > 9.0: {0}",
    "if np.sum(x) > 9.0: {0}\nelse: {1}",
    "if np.sum(x) > 9.0:\n    if x[0] < 30.0: {0}",
    "if np.sum(x) <= 9.0: return np.sum(x)\n{0}",
    "if np.sum(x) > 90.0: raise ValueError\nif np.sum(x) > 9.0: {0}",
    "try:\n    y = x * 2\nfinally:\n    if np.sum(x) > 9.0: {0}",
    "i = 0.0\nwhile i < x[0] - 1.0:\n    {0}\n    i = i + 10.0",
    "for i in range(12):\n    if x[i % 3] > 10.0: {0}",
]
REBOUND = ["first", "second", "7.5", "1.0", "first * 3.0"]
POINTS = [0.5, 20.0, 40.0, 0.25]
_count = itertools.count()


def world(place: str, path: str, values: tuple[str, str]) -> dict[str, Any]:
    """The namespace of a program, with its source where tracing finds it."""
    store, shown = PLACES[place]
    body = path.format(*(store.format(v) for v in values))
    lines = ["global G", *body.split("\n"), "return np.sum(x * x)"]
    source = WORLD + "def f(x):\n    " + "\n    ".join(lines) + "\n"
    source += f"def rebind(value):\n    global G\n    {store.format('value')}\n"
    source += f"def show(): return {shown}\n"
    name = f"<conditional store {next(_count)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    space: dict[str, Any] = {"__name__": "stores"}
    exec(compile(source, name, "exec"), space)
    return space


def seen(space: dict[str, Any], x: Any) -> tuple[str, Any]:
    """What the place holds: which of the objects it may be, and the value."""
    now = space["show"]()
    known = {"x": x, "first": space["first"], "second": space["second"]}
    name = next((n for n, v in known.items() if v is now), "another")
    return name, now.copy() if isinstance(now, np.ndarray) else now


def history(make: Callable[[Any], Any], space: dict[str, Any]) -> list[Any]:
    """What the place shows after every call, up to the first refusal."""
    kernel, found = make(space["f"]), []
    for value in REBOUND:
        space["rebind"](eval(value, space))
        for point in POINTS:
            x = np.full(3, point)
            try:
                kernel(x)
            except tapec.errors.TapecError:
                return found
            except ValueError:
                pass
            found.append(seen(space, x))
    return found


def same(a: tuple[str, Any], b: tuple[str, Any]) -> bool:
    number = all(isinstance(v, float | np.generic) for _, v in (a, b))
    return a[0] == b[0] and (number or type(a[1]) is type(b[1])) and np.array_equal(a[1], b[1])


def check(place: str, path: str, values: tuple[str, str]) -> int:
    """Compare a program with Python; how many calls were not refused."""
    plain = history(lambda f: f, world(place, path, values))
    for make in (tapec.compile, tapec.grad):
        got = history(make, world(place, path, values))
        for k, (a, b) in enumerate(zip(plain, got, strict=False)):
            text = path.format(*(PLACES[place][0].format(v) for v in values))
            assert same(a, b), f"call {k} of\n{text}\nleaves {b}, not {a}"
    return len(got)


ALL = [
    (place, path, (a, b))
    for place in PLACES
    for path in PATHS
    for a in VALUES
    for b in (VALUES if "{1}" in path else ["1.0"])
]


@pytest.mark.parametrize("k", range(0, len(ALL), len(ALL) // 14))
def test_some_places_paths_and_values(k: int) -> None:
    check(*ALL[k])


def test_most_programs_are_not_refused() -> None:
    for place in ("attribute", "global", "cell", "slot"):
        assert check(place, PATHS[0], ("x", "1.0")) == len(REBOUND) * len(POINTS)


def test_nothing_is_compiled_again_for_what_is_not_read() -> None:
    space = world("attribute", "if np.sum(x) > 9.0: {0}", ("x * 2", ""))
    kernel = tapec.compile(space["f"])
    space["rebind"](np.ones(3))
    for k in range(40):
        kernel(np.full(3, 20.0 * (k % 2)))
        space["rebind"](np.ones(3) * k)
    assert sum(kernel.specialization(np.ones(3)).changes.values()) <= 3


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_all_paths_and_values(place: str) -> None:
    for case in ALL:
        if case[0] == place:
            check(*case)

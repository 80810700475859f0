"""What functions called in loops and branches change beside the variables of the statement."""

from __future__ import annotations

import collections
import dataclasses
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from support.tracing import traced

import tapec
from tapec.errors import ControlFlowError, EffectError

X = np.array([0.3, 0.4])


@dataclasses.dataclass(slots=True)
class Slotted:
    n: float = 0.0


class Counter:
    total = 0
    items: list[float]

    def __init__(self) -> None:
        self.rng, self.n, self.table = np.random.default_rng(1), 0, np.zeros(2)

    def draw(self) -> float:
        self.n += 1
        return self.rng.normal() + self.n

    def note(self) -> float:
        self.table[0] += 1
        return float(self.table[0])


count = 0
notes: list[int] = []
bag: set[int] = set()
sums: dict[str, int] = collections.defaultdict(int)
last: collections.deque[int] = collections.deque(maxlen=3)
rng = np.random.default_rng(0)
numbers: Iterator[int] = iter(range(0))
counter = Counter()
inner_count: Callable[[], int]


def fresh() -> None:
    """Everything hidden as it is at the start."""
    global count, rng, numbers, counter, inner_count
    count, rng, numbers, counter = 0, np.random.default_rng(0), iter(range(1000)), Counter()
    for container in (notes, bag, sums, last, by_default.__defaults__[0]):  # type: ignore[index]
        container.clear()
    Counter.total, Counter.items, by_attribute.n = 0, [], 0  # type: ignore[attr-defined]
    random.seed(3)
    np.random.seed(4)
    inner_count = make_count()


def make_count() -> Callable[[], int]:
    n = 0

    def inner() -> int:
        nonlocal n
        n += 1
        return n

    return inner


def by_global() -> int:
    global count
    count += 1
    return count


def by_default(seen: list[int] = []) -> int:  # noqa: B006
    seen.append(1)
    return len(seen)


def by_attribute() -> int:
    by_attribute.n += 1  # type: ignore[attr-defined]
    return by_attribute.n  # type: ignore[attr-defined, no-any-return]


def by_class() -> int:
    Counter.total += 1
    return Counter.total


def by_list_of_class() -> int:
    Counter.items.append(1.0)
    return len(Counter.items)


def by_list() -> int:
    notes.append(1)
    return len(notes)


def by_dictionary() -> int:
    sums["a"] += 1
    return sums["a"]


def by_new_keys() -> int:
    sums[str(len(sums))] = 1
    return len(sums)


def by_set() -> int:
    bag.add(len(bag))
    return len(bag)


def by_deque() -> int:
    last.append(by_global())
    return len(last) + last[-1]


WORKS: dict[str, Callable[[], Any]] = {
    f.__name__: f
    for f in (
        by_global,
        by_default,
        by_attribute,
        by_class,
        by_list_of_class,
        by_list,
        by_dictionary,
        by_new_keys,
        by_set,
        by_deque,
    )
} | {
    "generator": lambda: rng.normal(),
    "global numbers": lambda: np.random.normal(),
    "numbers of Python": lambda: random.random(),
    "iterator": lambda: next(numbers),
    "nonlocal": lambda: inner_count(),
    "method": lambda: counter.draw(),
    "array of an object": lambda: counter.note(),
    "in map": lambda: sum(map(lambda q: by_global() * q, (1, 2))),
}
RANDOM = ("generator", "global numbers", "numbers of Python", "iterator", "method")


def same_as_python(f: Callable[[Any], Any]) -> None:
    fresh()
    expected = f(X.copy())
    fresh()
    kernel = tapec.compile(f, backend="numpy")
    np.testing.assert_allclose(kernel(X), expected, rtol=1e-12)


@pytest.mark.parametrize("name", [n for n in WORKS if n not in RANDOM])
def test_iterations_change_it_as_python_does(name: str) -> None:
    work = WORKS[name]

    def f(x: Any) -> Any:
        for _ in range(100):
            x = np.sin(x) + 1e-3 * work()
        return x

    same_as_python(f)


@pytest.mark.parametrize("name", RANDOM)
def test_what_each_call_would_use_up_is_refused(name: str) -> None:
    work = WORKS[name]

    def f(x: Any) -> Any:
        for _ in range(100):
            x = np.sin(x) + 1e-3 * work()
        return x

    fresh()
    with pytest.raises(EffectError, match=r"(?s)test_effects\.py:\d+.*argument"):
        tapec.compile(f)(X)


@pytest.mark.parametrize("name", [n for n in WORKS if n not in RANDOM])
def test_loops_of_unknown_length_carry_or_refuse_it(name: str) -> None:
    work = WORKS[name]

    def f(x: Any) -> Any:
        while np.sum(x) < 5:
            x = x + 0.3 + 0.01 * work()
        return x

    try:
        same_as_python(f)
    except ControlFlowError:
        assert name not in ("by_global", "by_class", "nonlocal", "by_attribute")


@pytest.mark.parametrize("name", RANDOM)
def test_what_is_used_up_is_refused_where_the_length_is_unknown(name: str) -> None:
    work = WORKS[name]

    def f(x: Any) -> Any:
        for _ in range(int(x[0] * 10)):
            x = x + work()
        return x

    def g(x: Any) -> Any:
        while x[0] < 5:
            x = x + work()
        return x

    for h in (f, g):
        fresh()
        with pytest.raises(ControlFlowError, match="up"):
            traced(h, X)


def test_branches_change_it_where_they_are_taken() -> None:
    def f(x: Any) -> Any:
        if x[0] > 0:
            y = x * by_global()
        else:
            y = x * by_global() * 2
            y += by_class()
        return y * by_global() + by_class()

    same_as_python(f)


def test_slots_and_kinds_of_dictionaries_are_carried() -> None:
    def f(x: Any) -> Any:
        s, d, q = Slotted(x[0]), collections.defaultdict(float), collections.deque([x[0], x[1]], 2)
        for i in range(100):
            s.n = np.sin(s.n) + 0.1
            d["a"] += x[0] * i
            q.append(np.cos(q[0]))
        if x[0] < 0:
            s.n = 2.0
        return x * s.n + d["a"] + q[0]

    same_as_python(f)


def test_keys_that_exist_on_one_path_only_are_refused() -> None:
    def f(x: Any) -> Any:
        d: dict[str, float] = {}
        if x[0] > 0:
            d["a"] = 2.0
        return x * d.get("a", 1.0)

    with pytest.raises(ControlFlowError, match="exists on one path only"):
        traced(f, X)


def test_what_is_only_mentioned_stays_out_of_the_way() -> None:
    scale = [2.0]

    def f(x: Any) -> Any:
        for _ in range(1000):
            x = np.sin(x) * scale[0]
        return x + count

    assert [op.name for op in traced(f, X).func.ops if op.regions] == ["scan"]

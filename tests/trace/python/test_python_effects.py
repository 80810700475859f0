"""What branches change beside numbers: followed however deep it lies, or refused."""

from __future__ import annotations

import functools
import itertools
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from support.tracing import traced

from tapec import compile as tapec_compile
from tapec import rolled
from tapec.errors import ControlFlowError

POINTS = [np.array([0.3, -0.7, 0.2, 0.9]), np.array([-0.3, 0.4, 1.2, -0.1])]


class Cell:
    """One number, and another cell."""

    def __init__(self, v: Any, after: Any = None) -> None:
        self.v, self.after = v, after


class Controller:
    """Attributes that an object has from its class until it is given its own."""

    total = 0.0
    calls = 0

    def step(self, error: Any) -> Any:
        self.total += error * 0.1
        self.calls += 1
        return self.total


def defaults_of_the_class(x: Any) -> Any:
    c, d, e, s = Controller(), Controller(), Controller(), 0.0
    for i in rolled(range(20)):
        s += c.step(x[i % 4])
        if x[i % 4] > 0:
            d.calls += 1
    if x[0] > 0:
        e.total += 1.0
    while e.total < 2.0:
        e.total += 0.25
        e.calls += 1
    return s + c.calls + d.calls + getattr(e, "total", 7.0) + e.calls


def through_methods(x: Any) -> Any:
    a, b, c, d = Controller(), Controller(), Controller(), Controller()
    step, table, late = a.step, [b.step], functools.partial(Controller.step, c, 2.0)

    def run(callback: Any) -> None:
        if x[1] > 0:
            callback(1.0)

    if x[0] > 0:
        step(1.0)
        table[0](3.0)
        late()
    run(d.step)
    for i in rolled(range(5)):
        step(x[i % 4])
    return a.total + 2 * b.total + 3 * c.total + 4 * d.total


def truths_of_python(x: Any) -> Any:
    positive = bool(x[0] > 0)
    s = 1.0 if positive is True else 2.0
    if positive is not False:
        s += 10.0
    return s if (x[1] > 0) is not True else -s


def items_until(x: Any) -> Any:
    p, q, r = Cell(1.0), Cell(2.0), Cell(3.0)
    for k, c in enumerate([p, q, r]):
        c.v = 5.0
        if x[3] > k:
            break
    return p.v + 2 * q.v + 3 * r.v


def deep(x: Any) -> Any:
    d: dict[str, Any] = {"h": [1.0]}
    for name in "gfedcba":
        d = {name: d}
    if x[0] > 0:
        d["a"]["b"]["c"]["d"]["e"]["f"]["g"]["h"][0] = 5.0
    return d["a"]["b"]["c"]["d"]["e"]["f"]["g"]["h"][0]


def linked(x: Any) -> Any:
    first = None
    for i in range(12):
        first = Cell(1.0 * i, first)
    if x[0] > 0:
        c = first
        while c is not None:
            c.v = c.v + 1.0
            c = c.after
    total, c = 0.0, first
    while c is not None:
        total, c = total + c.v, c.after
    return total


def tree(depth: int) -> Any:
    return None if depth == 0 else [tree(depth - 1), 1.0, tree(depth - 1)]


def raised(node: Any) -> None:
    if node is not None:
        raised(node[0])
        node[1] += 1.0
        raised(node[2])


def total(node: Any) -> Any:
    return 0.0 if node is None else total(node[0]) + node[1] + total(node[2])


def trees(x: Any) -> Any:
    t = tree(8)
    if x[0] > 0:
        raised(t)
    return total(t)


def called_by_and(x: Any) -> Any:
    n, k = 0, 0.0

    def count(v: Any) -> Any:
        nonlocal n
        n += 1
        return v > 0

    if (x[0] > 0 and count(1.0)) or count(x[1]):
        k = 1.0
    return n + 10 * k


def counted_in_the_condition(x: Any) -> Any:
    b, k = x[1], 0

    def go_on() -> Any:
        nonlocal b
        b = b + 0.01
        return k < 5

    while go_on():
        k += 1
        for j in rolled(range(4)):
            b = b * 1.0 + 0.0 * j
    return b


def swaps_on_both_sides(x: Any) -> Any:
    a, b = [1.0], [2.0]
    if x[0] > 0:
        a, b = b, a
    else:
        b, a = a, b
    return a[0] + 10 * b[0]


@pytest.mark.parametrize(
    "f",
    [
        defaults_of_the_class,
        through_methods,
        truths_of_python,
        items_until,
        deep,
        linked,
        trees,
        called_by_and,
        counted_in_the_condition,
        swaps_on_both_sides,
    ],
)
def test_effects_are_those_of_python(f: Callable[..., Any]) -> None:
    kernel = tapec_compile(f, backend="numpy")
    for x in POINTS:
        np.testing.assert_allclose(kernel(x), f(x), rtol=1e-12)


def iterator(x: Any) -> Any:
    it = iter([1.0, 2.0, 3.0])
    a = next(it) if x[0] > 0 else 0.0
    return a + next(it)


def counter(x: Any) -> Any:
    c = itertools.count()
    if x[0] > 0:
        next(c)
    return next(c) * x[1]


def mapped(x: Any) -> Any:
    m = map(lambda v: v * 2, [1.0, 2.0, 3.0])
    if x[0] > 0:
        next(m)
    return next(m)


def numbers(x: Any) -> Any:
    source = np.random.default_rng(1)
    a = source.normal() if x[0] > 0 else 0.0
    return a + source.normal()


def numbers_of_python(x: Any) -> Any:
    source = random.Random(1)
    a = 0.0
    if x[0] > 0:
        a = source.random()
    return a + source.random()


def used_by_and(x: Any) -> Any:
    it = iter([1.0, 2.0])
    f = x[0] > 0 and next(it) > 0
    return next(it) + (1.0 if f else 0.0)


def doubling(y: Any) -> Iterator[Any]:
    for i in range(4):
        y[i] = y[i] * 2
        yield y[i]


def changed_by_a_generator(x: Any) -> Any:
    y, s = x.copy(), 0.0
    for v in doubling(y):
        s += v
        if s > 0:
            break
    return s + y.sum()


def order_of_keys(x: Any) -> Any:
    d = {"a": x[0], "b": x[1]}
    if x[0] > 0:
        d["a"] = d.pop("a")
    return next(iter(d.values()))


def attribute_asked_for(x: Any) -> Any:
    c = Cell(1.0)
    if x[0] > 0:
        c.w = 5.0
    return getattr(c, "w", 1.0)


def attribute_of_a_loop(x: Any) -> Any:
    c = Cell(x[0])
    while c.v < 1:
        c.v += 0.5
        c.w = 1.0
    return 1.0 if hasattr(c, "w") else 2.0


def attribute_deleted(x: Any) -> Any:
    c = Cell(1.0)
    if x[0] > 0:
        del c.v
    return 1.0 if hasattr(c, "v") else 2.0


class Lenient:
    """Makes up what it lacks."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return 2.0


def made_up(x: Any) -> Any:
    c = Lenient()
    if x[0] > 0:
        c.w = 5.0
    return c.w


def appended_by_a_method(x: Any) -> Any:
    xs = [1.0]
    more = xs.append
    if x[0] > 0:
        more(2.0)
    return x[0] * len(xs)


@pytest.mark.parametrize("f", [
    made_up, appended_by_a_method, iterator, counter, mapped, numbers, numbers_of_python, used_by_and, changed_by_a_generator,
    order_of_keys, attribute_asked_for, attribute_of_a_loop, attribute_deleted,
])  # fmt: skip
def test_effects_that_cannot_be_undone_are_refused(f: Callable[..., Any]) -> None:
    with pytest.raises(ControlFlowError, match=r"test_python_effects\.py:\d+"):
        traced(f, POINTS[0])

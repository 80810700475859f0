"""Programs whose functions are reached through objects, containers and parameters."""

from __future__ import annotations

import abc
import dataclasses
import functools
import math
import types
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, NamedTuple

import numpy as np
from scipy import stats

import tapec

Array = Any
POINTS = [np.array([0.3, -0.7, 1.2]), np.array([-0.4, 0.9, 0.6])]


def bend(x: Array) -> Array:
    """A branch, an array made and written item by item, a loop."""
    out = np.zeros(3)
    for i in range(3):
        if x[i] > 0:
            out[i] = x[i] ** 2
        else:
            out[i] = -0.5 * x[i] + math.sin(x[0])
    return out


def flip(x: Array) -> Array:
    return -x if x[0] > 0 else x * x


def scaled(k: float, x: Array) -> Array:
    return k * x if x[1] > 0 else x / k


class Solver:
    """Holds functions of others."""

    kind = staticmethod(flip)
    shared = bend  # becomes a method when looked up

    def __init__(self, rhs: Callable[[Array], Array]) -> None:
        self.rhs, self.steps = rhs, 3

    def run(self, y: Array) -> Array:
        for _ in range(self.steps):
            y = y + 0.1 * self.rhs(y)
        return y

    def twice(self, y: Array) -> Array:
        return self.inner(self.inner(y))

    def inner(self, y: Array) -> Array:
        return self.rhs(y) if y[0] < 5 else y


@dataclasses.dataclass(frozen=True)
class Problem:
    """A dataclass with functions."""

    rhs: Callable[[Array], Array]
    parts: tuple[Callable[[Array], Array], ...] = (bend, flip)

    def total(self, x: Array) -> Array:
        return sum((p(x) for p in self.parts), self.rhs(x))


class Slotted:
    """A class without dictionaries."""

    __slots__ = ("f", "k")

    def __init__(self, f: Any, k: float) -> None:
        self.f, self.k = f, k

    def __call__(self, x: Array) -> Array:
        return self.scaled(self.f(x))

    def scaled(self, x: Array) -> Array:
        return x * self.k if x[0] > 0 else x


class Pair(NamedTuple):
    """A tuple of functions."""

    first: Callable[[Array], Array]
    second: Callable[[Array], Array]

    def both(self, x: Array) -> Array:
        return self.second(self.first(x))


class Layer(abc.ABC):
    """An abstract layer."""

    @abc.abstractmethod
    def forward(self, x: Array) -> Array: ...

    def __call__(self, x: Array) -> Array:
        return self.forward(x)


class Dense(Layer):
    """A layer with state."""

    def __init__(self, w: Array) -> None:
        self.w = w

    @property
    def weights(self) -> Array:
        return self.w if self.w[0, 0] > 0 else -self.w

    def forward(self, x: Array) -> Array:
        out = np.zeros(3)
        for i in range(3):
            out[i] = self.weights[i] @ x
        return out


class Leaky(Layer):
    """A layer that branches, and calls its parent's method."""

    slope: ClassVar[float] = 0.1

    def forward(self, x: Array) -> Array:
        return np.array([v if v > 0 else self.slope * v for v in (x[0], x[1], x[2])])

    def __call__(self, x: Array) -> Array:
        y = super().__call__(x)
        return y if y[2] > 0 else 2 * y


class Vector:
    """Operators of the user's."""

    def __init__(self, data: Array) -> None:
        self.data = data

    def __add__(self, other: Any) -> Any:
        return Vector(bend(self.data) + other.data)

    def __getitem__(self, i: int) -> Array:
        return self.data[i] if self.data[i] > 0 else -self.data[i]

    def moved(self, by: Array) -> Any:
        return self + Vector(by)

    @property
    def norm(self) -> Array:
        return sum(self[i] for i in range(3))

    @classmethod
    def of(cls, x: Array) -> Any:
        return cls(x if x[0] > 0 else 2 * x)


class Recursive:
    """Calls itself through an attribute that is set later."""

    def __init__(self) -> None:
        self.again: Callable[[Array, int], Array] = self.step

    def step(self, x: Array, depth: int) -> Array:
        if depth == 0:
            return flip(x)
        return self.again(bend(x), depth - 1)

    def parts(self, x: Array) -> Iterator[Array]:
        for i in range(3):
            yield x[i] * i

    def generated(self, x: Array) -> Array:
        return sum(self.parts(x)) + self.step(x, 1)


def make(power: int) -> Callable[[Array], Array]:
    def f(x: Array) -> Array:
        return x**power if x[0] > 0 else bend(x)

    return f


def apply(f: Callable[[Array], Array], x: Array) -> Array:
    return f(x)


def optional(x: Array, f: Any = flip, *, g: Any = bend) -> Array:
    return f(g(x))


def many(*functions: Any) -> Callable[[Array], Array]:
    def f(x: Array) -> Array:
        for g in functions:
            x = g(x)
        return x

    return f


class Base:
    """Three classes, each method calling its parent's."""

    def f(self, x: Array) -> Array:
        return x if x[0] > 0 else -x

    @classmethod
    def of(cls, x: Array) -> Array:
        return cls().f(x)


class Middle(Base):
    """The second."""

    def f(self, x: Array) -> Array:
        return 1 + 2 * super().f(x)


class Leaf(Middle):
    """The third."""

    def f(self, x: Array) -> Array:
        return super().f(x) + 1 if x[1] > 0 else super(Leaf, self).f(x) - 1  # noqa: UP008


class Late:
    """Makes its function when asked."""

    def __init__(self) -> None:
        self.made = 0

    def function(self, power: int) -> Callable[[Array], Array]:
        self.made += 1
        return make(power)

    @property
    def rhs(self) -> Callable[[Array], Array]:
        return flip


class Bound:
    """A descriptor that gives a function of the object."""

    def __get__(self, owner: Any, cls: Any = None) -> Any:
        return functools.partial(Base.f, owner)


class Curried:
    """Methods that are made by descriptors."""

    base = Bound()

    def scaled(self, k: float, x: Array) -> Array:
        return scaled(k, x)

    half = functools.partialmethod(scaled, 0.5)

    @functools.cached_property
    def weights(self) -> Array:
        return np.arange(3.0)

    def with_weights(self, x: Array) -> Array:
        return self.half(x) + self.weights


SOLVER, PROBLEM, LATE, RECURSIVE = Solver(bend), Problem(flip), Late(), Recursive()
LEAF, KINDS, CURRIED = Leaf(), {"leaf": Leaf}, [Curried()]
TABLE = {"a": bend, "b": {"c": [flip, functools.partial(scaled, 2.0)]}}
LAYERS = [Dense(np.arange(9.0).reshape(3, 3) / 9 - 0.4), Leaky(), Dense(np.eye(3) * 0.7)]
SPACE = types.SimpleNamespace(
    f=flip,
    solver=SOLVER,
    zeros=np.zeros,
    prior=stats.norm,
    frozen=stats.norm(1.0, 2.0),
    exp=np.exp,
    number=float,
)
NESTED = Solver(Solver(functools.partial(scaled, 3.0)).twice)
CACHED = types.SimpleNamespace(f=functools.lru_cache(lambda v: v if v > 0 else v * v))
SLOTTED = [Slotted(bend, 2.0), Slotted(Slotted(flip, 0.5), 3.0)]


def layers(x: Array) -> Array:
    for layer in LAYERS:
        x = layer(x)
    return x


def forwards(x: Array) -> Array:
    return sum(layer.forward(x) for layer in LAYERS)


def constructors(x: Array) -> Array:
    out = SPACE.zeros(3)
    out[1] = SPACE.number(x[0]) * 2
    out[2:] = SPACE.exp(x[2:])
    return out


def mapped(x: Array) -> Array:
    a, b = map(SPACE.f, [x, 2 * x])
    return a + b


def in_a_comprehension(x: Array) -> Array:
    found = {f.__name__: f(x) for f in (TABLE["a"], TABLE["b"]["c"][0])}
    return found["bend"] + found["flip"] + sum(g(x) for g in TABLE["b"]["c"])


def in_a_loop(x: Array) -> Array:
    for _ in tapec.rolled(range(4)):
        x = 0.5 * TABLE["a"](x) + 0.1 * SPACE.solver.rhs(x)
    return x


def state(x: Array) -> Array:
    counter = Late()
    for _ in range(2):
        x = counter.function(2)(x)
    return x * counter.made


def class_from_outside(x: Array) -> Array:
    makers = types.SimpleNamespace(cls=Vector).cls
    v = makers(x) + makers.of(x)
    return v.norm * v.data


def vectors(x: Array) -> Array:
    held = [Vector(np.array([0.1, 0.2, -0.3]))]
    return held[0].moved(x).norm * x


OUTSIDE = [Vector(np.array([0.1, 0.2, -0.3]))]


def vectors_outside(x: Array) -> Array:
    return OUTSIDE[0].moved(x).norm * x * OUTSIDE[0].norm


FORMS: dict[str, Callable[[Array], Array]] = {
    "attribute": lambda x: SOLVER.rhs(x),
    "method": SOLVER.run,
    "methods": lambda x: SOLVER.twice(x) + SPACE.solver.run(x),
    "static": lambda x: SOLVER.kind(x) + SPACE.solver.kind(x),
    "class_level": lambda x: Solver.shared(x),
    "dataclass": lambda x: PROBLEM.rhs(x),
    "dataclass_method": PROBLEM.total,
    "dict": lambda x: TABLE["a"](x),
    "containers": lambda x: TABLE["b"]["c"][0](x) + TABLE["b"]["c"][1](x),
    "namespace": lambda x: SPACE.f(x),
    "nested": NESTED.run,
    "nested_attribute": lambda x: NESTED.rhs(x),
    "slots": lambda x: SLOTTED[0](x) + SLOTTED[1](x),
    "slots_method": lambda x: SLOTTED[0].scaled(x),
    "named_tuple": lambda x: Pair(bend, flip).both(x),
    "returned": lambda x: LATE.function(3)(x) + make(2)(x),
    "property": lambda x: LATE.rhs(x),
    "parameter": lambda x: apply(SPACE.f, x) + apply(TABLE["a"], x),
    "default": optional,
    "variadic": many(bend, flip, SPACE.f),
    "cached": lambda x: x * CACHED.f(x[0]),
    "recursive": lambda x: RECURSIVE.step(x, 2),
    "generator": RECURSIVE.generated,
    "chosen": lambda x: (SPACE.f if len(x) > 5 else TABLE["a"])(x),
    "layers": layers,
    "forwards": forwards,
    "constructors": constructors,
    "mapped": mapped,
    "comprehension": in_a_comprehension,
    "loop": in_a_loop,
    "state": state,
    "class": class_from_outside,
    "supers": lambda x: LEAF.f(x) + KINDS["leaf"].f(LEAF, x),
    "supers_of_new_objects": lambda x: KINDS["leaf"]().f(x) + KINDS["leaf"].of(x),
    "partial_method": lambda x: CURRIED[0].half(x) + CURRIED[0].with_weights(x),
    "descriptor": lambda x: CURRIED[0].base(x),
    "density": lambda x: SPACE.prior.logpdf(x) + SPACE.frozen.logpdf(x),
    "operators": vectors,
    "operators_outside": vectors_outside,
}

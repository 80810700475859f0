"""What a piece of the user's code may change: its variables, and what lists, dictionaries and
objects reachable from them hold.

A `Slot` names one such place: the number of a variable, or a container and a key in it.
"""

from __future__ import annotations

import functools
import math
import types
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np

from tapec.trace.growing import UNDEFINED, Growing, Undefined
from tapec.trace.storage import SNAPSHOTS
from tapec.trace.tracer import Tracer

Slot = tuple[int, Any]  # (0, position of a variable), or (id of a container, key)
VARIABLE = 0


class State(Protocol):
    """The variables a statement assigns, and those through which it may change objects."""

    @property
    def names(self) -> tuple[str, ...]:
        """Their names."""

    def get(self) -> tuple[Any, ...]:
        """Their values; UNDEFINED where one is not bound."""

    def set(self, values: tuple[Any, ...]) -> None:
        """Bind them; UNDEFINED unbinds."""


class Cells:
    """A state of one's own: variables that exist for a form only."""

    def __init__(self, **values: Any) -> None:
        self.names = tuple(values)
        self.values = list(values.values())

    def get(self) -> tuple[Any, ...]:
        """The values."""
        return tuple(self.values)

    def set(self, values: tuple[Any, ...]) -> None:
        """Replace them."""
        self.values = list(values)


class World:
    """A snapshot of everything a state leads to, to compare with and to go back to."""

    def __init__(self, state: State) -> None:
        SNAPSHOTS.add(self)
        self.state = state
        self.values = state.get()
        self.containers: dict[int, tuple[Any, dict[Any, Any]]] = {}
        self._paths: dict[int, str] = {}
        for name, value in zip(state.names, self.values, strict=True):
            self._walk(value, name, 6)

    def _walk(self, value: Any, path: str, depth: int) -> None:
        inner = _inside(value)
        if inner is None or depth == 0:
            return
        container, items = inner
        if container is not None:
            if id(container) in self.containers:
                return
            self.containers[id(container)] = (container, items)
            self._paths[id(container)] = path if container is value else f"{path}."
        for key, item in items.items():
            if type(item) not in _PLAIN:
                below = f"{path}[{key!r}]" if container is value else f"{path}.{key}"
                self._walk(item, below, depth - 1)

    def held(self) -> Iterator[Any]:
        """Every reference to a tracer that the snapshot has."""
        held = [*self.values, *(x for _, items in self.containers.values() for x in items.values())]
        return (x for x in held if type(x) is Tracer)

    def restore(self) -> None:
        """Everything as it was when the snapshot was taken."""
        self.state.set(self.values)
        for container, items in self.containers.values():
            if not _equal(_contents(container), items):
                _fill(container, items)

    def slots(self) -> Iterator[tuple[Slot, Any]]:
        """All slots with what they held at the snapshot."""
        for k, value in enumerate(self.values):
            yield (VARIABLE, k), value
        for ident, (_, items) in self.containers.items():
            for key, value in items.items():
                yield (ident, key), value

    def read(self) -> dict[Slot, Any]:
        """The present values of all slots that differ from the snapshot."""
        found: dict[Slot, Any] = {}
        for k, (old, new) in enumerate(zip(self.values, self.state.get(), strict=True)):
            if not same(old, new):
                found[VARIABLE, k] = new
        for ident, (container, items) in self.containers.items():
            present = _contents(container)
            for key in {**items, **present}:
                new = present.get(key, UNDEFINED)
                if not same(items.get(key, UNDEFINED), new):
                    found[ident, key] = new
        return found

    def old(self, slot: Slot) -> Any:
        """What the slot held at the snapshot."""
        where, key = slot
        return self.values[key] if where == VARIABLE else self.containers[where][1].get(
            key, UNDEFINED
        )  # fmt: skip

    def write(self, values: Mapping[Slot, Any]) -> None:
        """Set slots, the same containers being kept."""
        variables = list(self.state.get())
        contents: dict[int, dict[Any, Any]] = {}
        for (where, key), value in values.items():
            if where == VARIABLE:
                variables[key] = value
                continue
            items = contents.get(where)
            if items is None:
                items = contents[where] = _contents(self.containers[where][0])
            if value is UNDEFINED:
                items.pop(key, None)
            else:
                items[key] = value
        self.state.set(tuple(variables))
        for where, items in contents.items():
            _fill(self.containers[where][0], items)

    def name(self, slot: Slot) -> str:
        """How the user writes the slot."""
        where, key = slot
        if where == VARIABLE:
            return self.state.names[key]
        path = self._paths[where]
        return f"{path}{key}" if path.endswith(".") else f"{path}[{key!r}]"

    def grows(self, slot: Slot) -> bool:
        """Whether the slot is an element appended to (or taken from) a list."""
        where, key = slot
        if where == VARIABLE:
            return False
        container, items = self.containers[where]
        return type(container) is list and (key >= len(items) or len(container) != len(items))


def one_way(state: State, body: Any) -> str:
    """What every iteration uses up (an iterator, random numbers): its name, or ""."""
    for name, value in zip(state.names, state.get(), strict=True):
        if hasattr(type(value), "__next__") or type(value) in _RANDOM:
            return name
    code = getattr(body, "__code__", None)
    scope = getattr(body, "__globals__", {})
    scope = getattr(scope, "_real", scope)
    names = _global_names(code) if code is not None else set()
    for name in names:
        if type(scope.get(name)) in _RANDOM:
            return name
    return "np.random" if "random" in names and any(scope.get(n) is np for n in names) else ""


def _global_names(code: types.CodeType) -> set[str]:
    """The globals and attributes that code mentions, nested functions included."""
    inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return set(code.co_names).union(*map(_global_names, inner))


_RANDOM = (np.random.Generator, np.random.RandomState)


def same(a: Any, b: Any) -> bool:
    """Whether a slot may count as unchanged: the same object, or an equal plain constant."""
    if a is b:
        return True
    if type(a) is not type(b) or type(a) not in _CONSTANTS:
        return False
    if type(a) is float:
        return (a == b and math.copysign(1, a) == math.copysign(1, b)) or (a != a and b != b)
    return bool(a == b)


def _inside(value: Any) -> tuple[Any, dict[Any, Any]] | None:
    """The mutable container of a value (None for tuples), and what it holds by key."""
    if isinstance(value, Growing):
        value = value.added
    kind = type(value)
    if kind in _PLAIN or kind is Tracer:
        return None
    if kind is list or kind is dict:
        return value, _contents(value)
    if isinstance(value, tuple):
        return None, dict(enumerate(value))
    if isinstance(value, _OPAQUE) or _is_library(kind.__mro__):
        return None
    attributes = getattr(value, "__dict__", None)
    return (attributes, dict(attributes)) if type(attributes) is dict else None


@functools.lru_cache(maxsize=1024)
def _is_library(bases: tuple[type, ...]) -> bool:
    """Whether a class is NumPy's or our own; a class of clones has the user's among its bases."""
    return all(c.__module__.partition(".")[0] in _LIBRARIES for c in bases)


def _contents(container: Any) -> dict[Any, Any]:
    return dict(enumerate(container)) if type(container) is list else dict(container)


def _fill(container: Any, items: dict[Any, Any]) -> None:
    if type(container) is list:
        container[:] = [items[k] for k in sorted(items)]
    else:
        container.clear()
        container.update(items)


def _equal(a: dict[Any, Any], b: dict[Any, Any]) -> bool:
    return len(a) == len(b) and all(k in b and b[k] is v for k, v in a.items())


_LIBRARIES = ("tapec", "numpy", "builtins", "typing", "abc", "collections")
_CONSTANTS = frozenset([bool, int, float, str, bytes, complex, type(None)])
_PLAIN = frozenset([*_CONSTANTS, Undefined, range, slice, np.float64, np.int64, np.dtype])
_OPAQUE = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType,
           types.MethodType, np.ndarray, np.generic, BaseException)  # fmt: skip

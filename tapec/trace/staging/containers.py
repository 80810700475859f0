"""Contents of lists, dictionaries, sets and objects: snapshots to compare and restore."""

from __future__ import annotations

import enum
import functools
import operator
import types
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from tapec.trace.arrays.tracer import Tracer
from tapec.trace.source.state import UNDEFINED, Undefined
from tapec.trace.staging.growing import Growing

CONSTANTS = frozenset([bool, int, float, str, bytes, type(None)])
PLAIN = frozenset([*CONSTANTS, Undefined, range, slice, np.float64, np.int64, np.dtype])
# Objects of these classes are immutable and refer to nothing else.
ATOMS = PLAIN | {Tracer}
_BOUND = frozenset([types.MethodType, types.BuiltinFunctionType, functools.partial])
OWNER = "__self__"
ARRAY_BYTES = "..."  # the key of the content of a NumPy array
_LIBRARIES = ("tapec", "numpy", "builtins", "typing", "abc", "collections")
_OPAQUE = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType,
           types.MethodType, np.ndarray, np.generic, BaseException, enum.Enum)  # fmt: skip


# The content of a container: by key, or in order.
Contents = dict[Any, Any] | Sequence[Any]


def pairs_of(items: Contents) -> Iterable[tuple[Any, Any]]:
    """Keys and values."""
    return items.items() if isinstance(items, dict) else enumerate(items)


def values_of(items: Contents) -> Iterable[Any]:
    """Values without keys."""
    return items.values() if isinstance(items, dict) else items


def found_in(items: Contents, key: Any, missing: Any) -> Any:
    """The value under a key."""
    if isinstance(items, dict):
        return items.get(key, missing)
    return items[key] if 0 <= key < len(items) else missing


def inside(value: Any) -> tuple[Any, Contents] | None:
    """The mutable container of a value (None for tuples), and its content."""
    if isinstance(value, Growing):
        value = value.added
    kind = type(value)
    if kind in PLAIN or kind is Tracer:
        return None
    if isinstance(value, (list, dict, set, deque)):
        return value, contents(value)
    if isinstance(value, tuple):
        return None, value
    if kind is np.ndarray:
        return (value, contents(value)) if value.flags.writeable else None
    if kind in _BOUND:
        return _known_to(value)
    if isinstance(value, _OPAQUE) or _is_library(kind.__mro__):
        return None
    if _members(kind.__mro__):
        return value, contents(value)
    attributes = getattr(value, "__dict__", None)
    return (attributes, dict(attributes)) if type(attributes) is dict else None


def _known_to(function: Any) -> tuple[None, dict[Any, Any]] | None:
    """What a bound method or partial function refers to, and may change when it is called."""
    if isinstance(function, functools.partial):
        return None, {"func": function.func, **dict(enumerate(function.args)), **function.keywords}
    owner = function.__self__
    if type(function) is types.MethodType or isinstance(owner, (list, dict, set, deque)):
        return None, {OWNER: owner}
    return None


@functools.lru_cache(maxsize=1024)
def _is_library(bases: tuple[type, ...]) -> bool:
    """Whether a class is of a library; a cloned class is not, as it derives from the user's."""
    return all(home_of(c) in _LIBRARIES for c in bases)


def home_of(kind: type) -> str:
    """The top package of a class; "" for one that code run by `exec` defines without a name."""
    name = kind.__module__.partition(".")[0]
    made_at_run_time = kind.__flags__ >> 9 & 1  # Py_TPFLAGS_HEAPTYPE
    return "" if name == "builtins" and made_at_run_time else name


@functools.lru_cache(maxsize=1024)
def _members(bases: tuple[type, ...]) -> tuple[str, ...]:
    """The names of the slots that a class of the user declares."""
    return tuple(
        name
        for c in bases
        if "__slots__" in vars(c) and home_of(c) not in _LIBRARIES
        for name, member in vars(c).items()
        if isinstance(member, types.MemberDescriptorType)
    )


def contents(container: Any) -> Contents:
    """The content of a container: items of lists in order, others by key, element or attribute."""
    if isinstance(container, dict):
        return dict(container)
    if isinstance(container, (list, deque)):
        return list(container)
    return attributes(container)


def attributes(container: Any) -> dict[Any, Any]:
    """The content of a set, an array or an object, by element, index or attribute."""
    if isinstance(container, set):
        return {x: x for x in container}
    if isinstance(container, np.ndarray):
        if container.dtype.hasobject:
            return dict(enumerate(container.flat))
        return {ARRAY_BYTES: container.tobytes()}
    names = _members(type(container).__mro__)
    slots = {n: getattr(container, n) for n in names if hasattr(container, n)}
    return slots | getattr(container, "__dict__", {})


def refill(container: Any, items: Any) -> None:
    """Replace the content of a container."""
    if isinstance(container, list):
        container[:] = items
    elif isinstance(container, deque):
        container.clear()
        container.extend(items)
    elif isinstance(container, (dict, set)):
        container.clear()
        container.update(items)
    elif isinstance(container, np.ndarray):
        _set_elements(container, items)
    else:
        _set_attributes(container, items)


def _set_elements(array: np.ndarray[Any, Any], items: dict[Any, Any]) -> None:
    if array.dtype.hasobject:
        for k, value in items.items():
            array.flat[k] = value
    elif isinstance(items[ARRAY_BYTES], bytes):
        array[...] = np.frombuffer(items[ARRAY_BYTES], array.dtype).reshape(array.shape)
    else:
        items[ARRAY_BYTES]._fail()  # poison: its elements differ between the branches


def _set_attributes(thing: Any, items: dict[str, Any]) -> None:
    for name in attributes(thing).keys() - items:
        object.__delattr__(thing, name)
    for name, value in items.items():
        object.__setattr__(thing, name, value)


def has_keys(container: Any) -> bool:
    """Whether code may test for the container's keys; attributes count as always present."""
    return isinstance(container, (list, dict, set, deque, np.ndarray))


def equal(a: Contents, b: Contents) -> bool:
    """Whether the same objects are under the same keys."""
    if not (isinstance(a, dict) and isinstance(b, dict)):
        return len(a) == len(b) and all(map(operator.is_, values_of(a), values_of(b)))
    return len(a) == len(b) and all(k in b and _unchanged(b[k], v) for k, v in a.items())


def _unchanged(a: Any, b: Any) -> bool:
    return a is b or (type(a) is bytes and type(b) is bytes and a == b)


def all_keys(old: Contents, new: Contents) -> Iterable[Any]:
    """The keys of both contents, those of the snapshot first."""
    if isinstance(old, dict):
        return {**old, **dict(pairs_of(new))}
    return range(max(len(old), len(new)))


def set_item(items: Any, key: Any, value: Any) -> None:
    """Set the value under a key; UNDEFINED deletes."""
    if not isinstance(items, dict):
        items += [UNDEFINED] * (key + 1 - len(items))
        items[key] = value
    elif value is UNDEFINED:
        items.pop(key, None)
    else:
        items[key] = value


def is_reordered(now: dict[Any, Any], before: Any) -> bool:
    """Whether the keys that a dictionary still has are in another order."""
    if [*now] == [*before]:
        return False
    return [k for k in now if k in before] != [k for k in before if k in now]

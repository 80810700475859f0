"""Nested values as leaves and trees: lists, dictionaries, tuples and objects of the user's."""

from __future__ import annotations

import enum
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tapec.trace.arrays.tracer import Tracer
from tapec.trace.source.state import UNDEFINED
from tapec.trace.staging.containers import PLAIN, attributes, home_of, inside
from tapec.trace.staging.growing import Growing
from tapec.trace.tuning import OBJECT_DEPTH
from tapec.tree import LEAF, Tree, flatten, is_complex

_EXACT = (list, dict)
_NOTHING = Tree(type(None))


@dataclass(slots=True)
class Unpacked:
    """The leaves and tree of a variable's content at one moment, kept while it may be mutated."""

    value: Any
    leaves: list[Any]
    tree: Tree | None
    parts: list[Any]  # the changeable ones, in order

    @staticmethod
    def of(value: Any) -> Unpacked:
        """The present leaves and tree of a value."""
        return Unpacked(value, *structure(value), list(containers_of(value)))


def structure(value: Any) -> tuple[list[Any], Tree | None]:
    """Leaves and tree of a slot's content; no tree where it is not bound."""
    if value is UNDEFINED:
        return [], None
    leaves: list[Any] = []
    return leaves, _down(value, leaves, 0)


def _down(value: Any, leaves: list[Any], depth: int) -> Tree:
    parts = _parts(value) if depth < OBJECT_DEPTH else None
    if parts is None:
        leaves.append(value)
        return LEAF
    keys, children = parts
    kind = complex if is_complex(value) else type(value)
    return Tree(kind, keys, tuple(_down(c, leaves, depth + 1) for c in children))


def _parts(value: Any) -> tuple[tuple[Any, ...], list[Any]] | None:
    """Keys and children of a node, None for a leaf."""
    kind = type(value)
    if value is None:
        return (), []
    if kind in PLAIN or kind is Tracer or isinstance(value, Growing):
        return None
    if is_object(value):
        items = attributes(value)
        names = tuple(sorted(items))
        return names, [items[n] for n in names]
    if isinstance(value, (list, dict)) and kind not in _EXACT:
        return None  # a subclass may have state beside its items
    children, tree = flatten(value, lambda v: v is not value)
    return None if tree.kind is None else (tree.keys, children)


def is_object(value: Any) -> bool:
    """Whether a value is an object of a user's class that consists of its attributes."""
    kind: Any = type(value)
    return (
        _is_plain(kind)
        and not isinstance(value, (list, dict, tuple, set, enum.Enum))
        and inside(value) is not None
    )


@functools.lru_cache(maxsize=1024)
def _is_plain(kind: Any) -> bool:
    """Whether an instance can be made from attributes alone."""
    return (
        getattr(kind, "__new__", None) is object.__new__
        and not hasattr(kind, "__next__")
        and not hasattr(kind, "__enter__")
        and home_of(kind) != "builtins"
    )


def changeable(value: Any) -> bool:
    """Whether a value is mutable in place."""
    if type(value) in _EXACT:
        return True
    frozen = getattr(getattr(type(value), "__dataclass_params__", None), "frozen", False)
    return not frozen and is_object(value)


def containers_of(value: Any) -> Iterator[Any]:
    """The mutable parts of a value, itself included, in the order of its tree."""
    return () if value is UNDEFINED else _containers(value, 0)  # type: ignore[return-value]


def _containers(value: Any, depth: int) -> Iterator[Any]:
    parts = _parts(value) if depth < OBJECT_DEPTH else None
    if parts is None:
        return
    if changeable(value):
        yield value
    for child in parts[1]:
        yield from _containers(child, depth + 1)

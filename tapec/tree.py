"""Nested arguments and results: flatten to leaves and back.

Containers are tuple, list, dict, namedtuple, dataclass instances and None; all else is a leaf.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Tree:
    """The structure of a flattened object; hashable, so that it can be part of a cache key.

    `kind` is the container's type (None for a leaf), `keys` its names where it has any.
    """

    kind: type | None
    keys: tuple[Any, ...] = ()
    children: tuple[Tree, ...] = ()

    def unflatten(self, leaves: Iterable[Any]) -> Any:
        """The object with this structure and these leaves."""
        return _build(self, iter(leaves))

    def maker(self, leaves: Iterable[Callable[[Any], Any]]) -> Callable[[Any], Any]:
        """A function that builds the object from what `leaves` take out of its argument."""
        return _maker(self, iter(leaves))

    @property
    def size(self) -> int:
        """Number of leaves."""
        return 1 if self.kind is None else sum(child.size for child in self.children)


LEAF = Tree(None)


def is_record(kind: type | None) -> bool:
    """Whether a container is a plain named tuple, which lies in memory as a tuple does."""
    return kind is not None and kind.__bases__ == (tuple,) and hasattr(kind, "_fields")


def flatten(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> tuple[list[Any], Tree]:
    """The leaves of an object in order, and its structure."""
    leaves: list[Any] = []
    return leaves, _flatten(tree, leaves, is_leaf)


def _flatten(tree: Any, leaves: list[Any], is_leaf: Callable[[Any], bool] | None) -> Tree:
    parts = None if is_leaf is not None and is_leaf(tree) else _parts(tree)
    if parts is None:
        leaves.append(tree)
        return LEAF
    keys, values = parts
    return Tree(type(tree), keys, tuple(_flatten(v, leaves, is_leaf) for v in values))


def _parts(tree: Any) -> tuple[tuple[Any, ...], list[Any]] | None:
    """Names and children of a container, None for a leaf."""
    if tree is None:
        return (), []
    if isinstance(tree, tuple | list):
        return (), list(tree)
    if isinstance(tree, dict):
        return tuple(tree), list(tree.values())
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        names = tuple(f.name for f in dataclasses.fields(tree))
        return names, [getattr(tree, name) for name in names]
    return None


def _maker(tree: Tree, leaves: Iterator[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    if tree.kind is None:
        return next(leaves)
    parts = [_maker(child, leaves) for child in tree.children]
    if tree.kind is tuple:
        return lambda source: tuple([part(source) for part in parts])
    if tree.kind is list:
        return lambda source: [part(source) for part in parts]
    shallow = Tree(tree.kind, tree.keys, (LEAF,) * len(parts))
    return lambda source: shallow.unflatten([part(source) for part in parts])


def _build(tree: Tree, leaves: Iterator[Any]) -> Any:
    if tree.kind is None:
        return next(leaves)
    children = [_build(child, leaves) for child in tree.children]
    if tree.kind is type(None):
        return None
    if issubclass(tree.kind, dict):
        return tree.kind(zip(tree.keys, children, strict=True))
    if issubclass(tree.kind, tuple) and hasattr(tree.kind, "_fields"):
        return tree.kind(*children)
    if issubclass(tree.kind, tuple | list):
        return tree.kind(children)
    made = object.__new__(tree.kind)
    for name, child in zip(tree.keys, children, strict=True):
        object.__setattr__(made, name, child)
    return made

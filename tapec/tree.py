"""Nested arguments and results: flatten to leaves and back.

Containers are tuple, list, dict, namedtuple, dataclass instances, complex numbers and arrays (of
their real and imaginary parts) and None; all else is a leaf.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided


@dataclass(frozen=True, slots=True)
class Tree:
    """The structure of a flattened object; hashable, so that it can be part of a cache key.

    `kind` is the container's type (None for a leaf, `complex` for numbers and arrays of such),
    `keys` its names where it has any.
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


@functools.lru_cache(maxsize=1024)
def complex_leaves(tree: Tree) -> frozenset[int]:
    """The numbers of the leaves that are parts of complex numbers or arrays."""
    found: set[int] = set()
    count = 0
    for child in tree.children:
        found |= {count + k for k in complex_leaves(child)}
        count += child.size
    return frozenset(range(2) if tree.kind is complex else found)


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
    kind = complex if is_complex(tree) else type(tree)
    return Tree(kind, keys, tuple(_flatten(v, leaves, is_leaf) for v in values))


def _parts(tree: Any) -> tuple[tuple[Any, ...], list[Any]] | None:
    """Names and children of a container, None for a leaf."""
    if tree is None:
        return (), []
    if is_complex(tree):
        return (), [tree.real, tree.imag]
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
    if tree.kind is complex:
        return joined(*children)
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


# -- complex numbers: pairs of real ones, as programs compute with the parts alone ----------------


class ComplexParts:
    """A complex number or array as its real and its imaginary part."""

    __slots__ = ("imag", "real")

    def __init__(self, real: Any, imag: Any) -> None:
        self.real, self.imag = real, imag


# By the class of a part that is traced: what makes a traced complex value of two parts.
TRACED: dict[type, Callable[[Any, Any], Any]] = {}


def is_complex(x: Any) -> bool:
    """Whether this is a complex number or array, traced or not."""
    if isinstance(x, np.ndarray | np.generic):
        return x.dtype.kind == "c"
    return isinstance(x, complex | ComplexParts)


def parts_of(x: Any) -> tuple[Any, Any]:
    """The real and the imaginary part of a number or array, which is 0 for a real one."""
    return (x.real, x.imag) if is_complex(x) else (x, 0.0)


def joined(real: Any, imag: Any) -> Any:
    """The complex number or array with these parts; `ComplexParts` where they are no numbers."""
    traced = TRACED.get(type(real)) or TRACED.get(type(imag))
    if traced is not None:
        return traced(real, imag)
    if isinstance(real, np.ndarray) and isinstance(imag, np.ndarray):
        return _array(real, imag)
    if isinstance(real, np.generic) or isinstance(imag, np.generic):
        return np.result_type(real, imag, np.complex64).type(complex(real, imag))
    if isinstance(real, float | int) and isinstance(imag, float | int):
        return complex(real, imag)
    return ComplexParts(real, imag)


def _array(real: Any, imag: Any) -> Any:
    """An array with these parts: that of which they are views, or a fresh one."""
    if _halves(real, imag):
        whole = real.base
        if whole.dtype.kind == "c" and whole.shape == real.shape and whole.strides == real.strides:
            return whole  # views of its memory keep the array that owns it
        pairs = as_strided(real, (*real.shape, 2), (*real.strides, real.itemsize))
        return pairs.view(np.result_type(real, np.complex64))[..., 0]
    made = np.empty_like(real, np.result_type(real, imag, np.complex64))
    made.real, made.imag = real, imag
    return made


def _halves(real: Any, imag: Any) -> bool:
    """Whether two arrays are the parts of one complex array."""
    if real.base is None or imag.base is None or real.dtype != imag.dtype:
        return False
    first, second = (x.__array_interface__["data"][0] for x in (real, imag))
    return bool(second - first == real.itemsize and real.strides == imag.strides)

"""Values on their way into a program and out of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tapec.tree import Tree

Array = np.ndarray[Any, Any]


def nested(tree: Tree, numbers: Iterator[int]) -> Any:
    """A tree of tuples as nested tuples of these numbers."""
    if tree.kind is None:
        return next(numbers)
    return tuple(nested(child, numbers) for child in tree.children)


def only_tuples(tree: Tree) -> bool:
    """Whether a structure has no containers but plain tuples."""
    return tree.kind is None or (tree.kind is tuple and all(map(only_tuples, tree.children)))


def boxed(value: Array, python: bool) -> Any:
    """A result of the interpreter in the form that native code returns: an array or a scalar."""
    if value.ndim:
        return value
    return value.item() if python else value[()]


def prepared(x: Any) -> Any:
    """An input as native code wants it: an exact, C-contiguous, aligned ndarray, or a number."""
    if isinstance(x, np.ndarray | np.generic):
        return (
            np.require(np.asarray(x), requirements=("C", "A"))
            if type(x) is not np.ndarray or not (x.flags.c_contiguous and x.flags.aligned)
            else x
        )
    return x


def owned(y: Array) -> Array:
    """A result that the caller owns: fresh, C-contiguous, writable."""
    if y.base is not None or not y.flags.c_contiguous or not y.flags.writeable:
        return np.array(y, order="C")
    return y

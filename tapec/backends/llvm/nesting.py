"""How results and arguments nest: containers, the keys of dictionaries, classes of named tuples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tapec.tree import LEAF, Tree, is_record

# A result: the number of an output (-1 - k: argument k itself), None, or a tuple (or named tuple),
# list or dictionary of results.
Result = int | None | tuple["Result", ...] | list["Result"] | dict[Any, "Result"]


def inner(tree: Result) -> Sequence[Result]:
    """The results in a container."""
    if tree is None or isinstance(tree, int):
        return ()
    return list(tree.values()) if isinstance(tree, dict) else tree


def leaves(tree: Result) -> Iterator[int]:
    """The output numbers of a result, in order."""
    if isinstance(tree, int):
        yield tree
    for part in inner(tree):
        yield from leaves(part)


def assemble(tree: Result, values: Sequence[Any]) -> Any:
    """Build a result from the values of all outputs."""
    if tree is None or isinstance(tree, int):
        return None if tree is None else values[tree]
    made = [assemble(part, values) for part in inner(tree)]
    if isinstance(tree, dict):
        return dict(zip(tree, made, strict=True))
    return type(tree)(*made) if is_record(type(tree)) else type(tree)(made)


def shape_of(tree: Result) -> Tree:
    """The nesting of a result as that of an argument."""
    if tree is None or isinstance(tree, int):
        return LEAF if tree is not None else Tree(type(None))
    keys = tuple(tree) if isinstance(tree, dict) else ()
    return Tree(type(tree), keys, tuple(map(shape_of, inner(tree))))


def result_keys(tree: Result) -> Iterator[Any]:
    """The keys of dictionaries in a result: first those of a container, then those inside."""
    if isinstance(tree, dict):
        yield from tree
    for part in inner(tree):
        yield from result_keys(part)


def result_records(tree: Result) -> Iterator[type]:
    """The classes of named tuples in a result."""
    if is_record(type(tree)):
        yield type(tree)
    for part in inner(tree):
        yield from result_records(part)


def keys_of(tree: Tree) -> Iterator[Any]:
    """The keys of dictionaries: first those of a container, then those inside."""
    yield from tree.keys
    for child in tree.children:
        yield from keys_of(child)


def records_of(tree: Tree) -> Iterator[type]:
    """The classes of named tuples."""
    if is_record(tree.kind):
        assert tree.kind is not None
        yield tree.kind
    for child in tree.children:
        yield from records_of(child)


def is_passed(tree: Tree) -> bool:
    """Whether native code takes arguments apart that nest like this."""
    known = tree.kind in (None, tuple, list, type(None)) or is_record(tree.kind)
    named = tree.kind is dict and all(type(key) is str for key in tree.keys)
    return (known or named) and all(map(is_passed, tree.children))


def is_returned(tree: Tree) -> bool:
    """Whether native code makes results that nest like this."""
    known = tree.kind in (None, tuple, list, dict, type(None)) or is_record(tree.kind)
    return known and all(map(is_returned, tree.children))

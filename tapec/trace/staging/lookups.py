"""Lists, tuples and dictionaries looked up at a traced place: ``table[i]``, ``counts[k] += 1``.

The rewritten source has ``indexed(xs)[k]`` for ``xs[k]``, which sees both container and key. At a
traced integer the items become an array, if they have a common type.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from tapec.trace.arrays.operands import deps_of
from tapec.trace.arrays.session import Session, current
from tapec.trace.arrays.storage import MaybeShared
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.staging.list_arrays import NeedListArray, known_outside
from tapec.trace.staging.objects import structure
from tapec.trace.staging.values import Kind, kind_of, memory_of, merged, traced
from tapec.tree import Tree


class IndexedList:
    """A list or tuple about to be indexed, maybe by a traced integer."""

    __slots__ = ("items",)

    def __init__(self, items: Any) -> None:
        self.items = items

    def __getitem__(self, key: Any) -> Any:
        session = _session(key)
        found = None if session is None else _selected(session, self.items, key)
        return self.items[key] if found is None else found[0]

    def __setitem__(self, key: Any, value: Any) -> None:
        session = _session(key)
        new = None if session is None else _replaced(session, self.items, key, value)
        if new is None:
            self.items[key] = value
        else:
            self.items[:] = new


class IndexedDict:
    """A dictionary about to be indexed: traced keys must be known from static arguments."""

    __slots__ = ("items",)

    def __init__(self, items: dict[Any, Any]) -> None:
        self.items = items

    def __getitem__(self, key: Any) -> Any:
        return self.items[_known(key)]

    def __setitem__(self, key: Any, value: Any) -> None:
        self.items[_known(key)] = value


_INDEXED: dict[type, type] = {list: IndexedList, tuple: IndexedList, dict: IndexedDict}


def indexed(container: Any) -> Any:
    """The wrapper of a container about to be indexed."""
    made = _INDEXED.get(type(container))
    if made is None:
        return container
    session = current()
    known = session.list_arrays.get(id(container)) if session is not None else None
    return made(container) if known is None else known


def _known(key: Any) -> Any:
    if type(key) is Tracer and not key._shape:
        return float(key) if key._dtype[0] == "f" else operator.index(key)
    return key


def _session(key: Any) -> Session | None:
    """The running trace where a key is a traced integer."""
    if type(key) is not Tracer or key._dtype[0] != "i" or key._shape:
        return None
    return None if key._storage.array is not None else current()


def _selected(session: Session, items: Sequence[Any], key: Tracer) -> tuple[Any] | None:
    """The item at a traced index; None where the items have no common type."""
    parts = [structure(x) for x in items]
    if not parts or any(tree != parts[0][1] or not _is_fixed(tree) for _, tree in parts):
        return None
    columns = list(zip(*(leaves for leaves, _ in parts), strict=True))
    kinds = [_common(column) for column in columns]
    if None in kinds:
        return None
    tree = parts[0][1]
    assert tree is not None
    picked = [_picked(session, c, k, key) for c, k in zip(columns, kinds, strict=True) if k]
    return (tree.unflatten(picked),)


def _is_fixed(tree: Tree | None) -> bool:
    """Whether a structure consists of tuples, which are immutable."""
    if tree is None or tree.kind not in (None, tuple):
        return False
    return all(map(_is_fixed, tree.children))


def _common(column: Sequence[Any]) -> Kind | None:
    """The kind that a column of leaves can be converted to."""
    found, *others = [kind_of(x) for x in column]
    for kind in others:
        found = merged(found, kind) if found and kind else None
    return found


def _picked(session: Session, column: Sequence[Any], kind: Kind, key: Tracer) -> Tracer:
    """One of several leaves, by a traced index; writable where nothing else refers to them."""
    rows = TABLE["array"](list(column), dtype=kind.type.numpy)
    made = rows[key]
    deps = None if kind.shape else deps_of([key, *column])
    memory = [m for m in map(memory_of, column) if m is not None]
    found = traced(session, made._value(session), kind, MaybeShared(memory) if memory else "")
    found._deps = deps
    return found


def _replaced(session: Session, items: Any, key: Tracer, value: Any) -> list[Any] | None:
    """All items after a write at a traced index; None where they have no common type."""
    kind = _common([*items, value]) if type(items) is list else None
    if kind is None or kind.shape or kind.boxed:
        return None
    if known_outside(items):
        raise NeedListArray(items, kind)
    row = TABLE["array"](list(items), dtype=kind.type.numpy)
    row[key] = value
    return [traced(session, row[j]._value(session), kind) for j in range(len(items))]

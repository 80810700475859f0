"""A table of words in memory by which native code detects changes of captured state.

An entry with captured state compares, before it runs its kernel, a table of words with what they
are expected to be: pointers in dictionaries, cells, lists and objects, then ranges of bytes of
arrays whose content is part of the program. Each word is read through objects that were compared
before it, and is checked here when the table is made; state that words cannot describe leaves the
table empty, and calls go through Python. The layouts are those of CPython 3.11 to 3.13.
"""

from __future__ import annotations

import contextlib
import ctypes
import types
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapec.backends.llvm import capi
from tapec.backends.llvm.tuning import FEWEST_SPANNED, MOST_RUNS, MOST_SPANNED

STATE = "tapec.state"  # variable: the table below, null where calls must pass through Python
HEADER = 5  # words: number and address of pairs, of ranges, and the owner of the inputs' data

# PyDictObject after its head, PyDictKeysObject, PyListObject, PyCellObject.
_USED, _KEYS, _VALUES = capi.HEAD, capi.HEAD + 16, capi.HEAD + 24
_KIND, _ENTRIES, _INDICES = 10, 24, 32
_LAYOUT = 3  # an unaligned word whose last bytes are the sizes and the kind of a table of keys
_SIZE, _ITEMS = capi.HEAD, capi.HEAD + 8
_CELL = capi.HEAD
_PARTS = {"__code__": 48, "__defaults__": 56, "__kwdefaults__": 64}
_MEMBER = 40  # of a member descriptor: its definition, which has the offset at 16
_GENERAL, _SPLIT = 0, 2

Words = list[tuple[int, int]]
_CHECK = ctypes.PYFUNCTYPE(ctypes.c_bool, ctypes.c_void_p)


class Unwatched(Exception):
    """State that a table of words cannot describe."""


def _word(address: int) -> int:
    return int(ctypes.c_uint64.from_address(address).value)


class Watch:
    """The table of one library; `check` is the address of the function that compares."""

    def __init__(self, library: Any, check: int) -> None:
        self._variable = ctypes.c_void_p.from_address(library.address(STATE))
        self._unchanged = _CHECK(check)
        self._kept: list[Any] = []
        self._held: list[Any] = []  # the arrays whose addresses are the inputs
        self._pairs = np.zeros((0, 2), np.uint64)
        self._slots: dict[Any, int] = {}  # the number of the word that describes a place

    def update(self, state: Any, edges: Sequence[Any]) -> None:
        """Update the words of edges whose value is another object now, and the numbers."""
        known = [self._slots.get(edge.place) for edge in edges]
        told = self._variable.value is not None and None not in known
        if told:
            for k, edge in zip(known, edges, strict=True):
                self._pairs[k, 1] = id(edge.value)
            for given, held in zip(state.inputs, self._held, strict=True):
                if given.number:
                    held[...] = given.value
        if not (told and self._unchanged(self._variable.value)):
            self.renew(state)

    def drop(self) -> None:
        """Let calls pass through Python until the next update."""
        self._variable.value = None

    def renew(self, state: Any) -> None:
        """Build the table for the state as it is now."""
        kept: list[Any] = [None]
        with contextlib.suppress(Unwatched):
            kept = self._table(state)
        self._variable.value = None if kept[0] is None else kept[0].ctypes.data
        self._kept = kept  # the old table stayed until the new one was in its place

    def _table(self, state: Any) -> list[Any]:
        words: Words = []
        ranges: list[tuple[int, int, int]] = []
        kept: list[Any] = []
        last: dict[Any, tuple[int, int]] = {}
        for edge in state.edges:
            count = len(words)
            rule: Rule = _RULES.get(edge.holder, _untold)
            rule(edge, words, ranges, kept)
            if len(words) > count and words[-1][1] == id(edge.value):
                last[edge.place] = words[-1]
        for array, content in state.constants:
            words += _array(array)
            span = None if self._kept else _span(array, content)
            kept.append(np.ascontiguousarray(content) if span is None else span[1])
            whole = span and [(span[0], kept[-1].ctypes.data, kept[-1].nbytes)]
            ranges += whole or _runs(array, kept[-1])
        data, self._held = [], []
        for given in state.inputs:
            held = given.value
            if isinstance(held, np.ndarray):
                words += _array(held)
            else:
                held = np.array(held, given.type.numpy)
            self._held.append(held)
            data.append(held.ctypes.data)
        words = list(dict.fromkeys(words))
        if any(_word(address) != value for address, value in words):
            raise Unwatched
        pairs = self._pairs = np.array(words, np.uint64).reshape(-1, 2)
        index = {word: k for k, word in enumerate(words)}
        self._slots = {place: index[word] for place, word in last.items()}
        triples = np.array(ranges, np.uint64).reshape(-1, 3)
        keeper = tuple(self._held)
        head = [len(words), pairs.ctypes.data, len(ranges), triples.ctypes.data, id(keeper)]
        return [np.array([*head, *data], np.uint64), pairs, triples, keeper, *kept]


def _array(array: Any) -> Words:
    """The address of an array's data, and the properties that the program assumes."""
    at = id(array)
    dims = _word(at + capi.DIMS)
    extents = [(dims + 8 * k, n) for k, n in enumerate(array.shape)]
    head = [(at + o, _word(at + o)) for o in (capi.DATA, capi.DIMS, capi.DESCR)]
    return head + extents


def _span(array: Any, content: Any) -> tuple[int, Any] | None:
    """The address of all memory from the first element to the last, and what it should hold.

    Many short runs, as of real parts, are compared at once with what lies between them. Where that
    changes, the table is built anew from the runs alone; None where they are few, or far apart.
    """
    if array.flags.c_contiguous or array.dtype.hasobject or array.size < FEWEST_SPANNED:
        return None
    low, high = np.lib.array_utils.byte_bounds(array)
    if high - low > MOST_SPANNED * array.nbytes or array.strides[-1] == array.itemsize:
        return None
    memory: Any = (ctypes.c_uint8 * (high - low)).from_address(low)
    held = np.frombuffer(memory, np.uint8).copy()
    first = array.ctypes.data - low
    np.ndarray(array.shape, array.dtype, held.data, first, array.strides)[...] = content
    return low, held


def _runs(array: Any, content: Any) -> list[tuple[int, int, int]]:
    """The stretches of memory in which an array has its elements, and those of its content."""
    if array.dtype.hasobject:
        raise Unwatched
    if array.flags.c_contiguous:
        return [(array.ctypes.data, content.ctypes.data, array.nbytes)]
    row = array.strides[-1] == array.itemsize
    outer = array.ndim - row
    size = array.itemsize * (array.shape[-1] if row else 1)
    places = np.zeros((1,) * outer, np.int64)
    for axis, (n, stride) in enumerate(zip(array.shape[:outer], array.strides, strict=False)):
        places = places + (stride * np.arange(n)).reshape(-1, *(1,) * (outer - axis - 1))
    if places.size > MOST_RUNS:
        raise Unwatched
    at, first = array.ctypes.data, content.ctypes.data
    return [(at + p, first + k * size, size) for k, p in enumerate(places.reshape(-1).tolist())]


Rule = Callable[[Any, Words, list[tuple[int, int, int]], list[Any]], None]


def _item(edge: Any, words: Words, ranges: Any, kept: Any) -> None:
    words += _table_of(edge.owner)
    words += _slot_of(edge.owner, edge.key, edge.value)


def _table_of(owner: dict[Any, Any]) -> Words:
    at = id(owner)
    keys = _word(at + _KEYS)
    return [
        (at + _KEYS, keys),
        (at + _VALUES, _word(at + _VALUES)),
        (keys + _LAYOUT, _word(keys + _LAYOUT)),
    ]


def _slot_of(owner: dict[Any, Any], key: Any, value: Any) -> Words:
    """The entry of a key; where there is none, how many there are."""
    at = id(owner)
    keys = _word(at + _KEYS)
    layout = _word(keys + _KIND) & 0xFF
    count = _word(keys + _ENTRIES)
    start = keys + _INDICES + (1 << ((_word(keys + 9)) & 0xFF))
    width = 3 if layout == _GENERAL else 2
    memory: Any = (ctypes.c_uint64 * (count * width)).from_address(start)
    entries = np.frombuffer(memory, np.uint64)
    column = entries[width - 2 :: width]
    found = np.flatnonzero(column == _stored(owner, key))
    if not len(found):
        if key in owner:
            raise Unwatched
        return [(keys + _ENTRIES, count), (at + _USED, len(owner))]
    k = int(found[-1])
    place = start + 8 * (width * k + width - 2)
    words = [(place, _word(place))]
    if layout == _SPLIT:
        place = _word(at + _VALUES) + 8 * k - 8
    present = id(value) if key in owner else 0
    slot = place + 8
    if layout == _SPLIT and _word(slot) != present:
        slot += 8  # skip the word of sizes
    return [*words, (slot, present)]


def _stored(owner: dict[Any, Any], key: Any) -> int:
    """The id of the key object in the dictionary."""
    if type(key) is str:
        return id(key)
    return next((id(k) for k in owner if k == key), id(key))


def _keys(edge: Any, words: Words, ranges: Any, kept: Any) -> None:
    keys = _word(id(edge.owner) + _KEYS)
    words += _table_of(edge.owner)
    words += [(keys + _ENTRIES, _word(keys + _ENTRIES)), (id(edge.owner) + _USED, len(edge.owner))]


def _entry(edge: Any, words: Words, ranges: Any, kept: Any) -> None:
    if type(edge.owner) is list:
        items = _word(id(edge.owner) + _ITEMS)
        words += [(id(edge.owner) + _ITEMS, items), (items + 8 * edge.key, id(edge.value))]
    elif type(edge.owner) is not tuple:
        raise Unwatched


def _length(edge: Any, words: Words, ranges: Any, kept: Any) -> None:
    if type(edge.owner) is not list:
        raise Unwatched
    words.append((id(edge.owner) + _SIZE, len(edge.owner)))


def _items(edge: Any, words: Words, ranges: Any, kept: Any) -> None:
    _length(edge, words, ranges, kept)
    items = _word(id(edge.owner) + _ITEMS)
    words.append((id(edge.owner) + _ITEMS, items))
    ranges.append((items, id(edge.value) + capi.HEAD + 8, 8 * len(edge.value)))
    kept.append(edge.value)


def _cell(edge: Any, words: Words, ranges: Any, kept: Any) -> None:
    words.append((id(edge.owner) + _CELL, _word(id(edge.owner) + _CELL)))


def _dict(edge: Any, words: Words, ranges: Any, kept: Any) -> None:
    at, wanted = id(edge.owner), id(edge.value)
    offset = type(edge.owner).__dictoffset__
    for place in (at - 24, *([at + offset] if offset > 0 else ())):
        if _word(place) == wanted:
            words.append((place, wanted))
            return
    raise Unwatched


def _slot(edge: Any, words: Words, ranges: Any, kept: Any) -> None:
    offset = _word(_word(id(edge.key) + _MEMBER) + 16)
    if not 0 < offset < type(edge.owner).__basicsize__:
        raise Unwatched
    place = id(edge.owner) + offset
    if edge.read() is not edge.value or (_word(place) not in (id(edge.value), 0)):
        raise Unwatched
    words.append((place, _word(place)))


def _class(edge: Any, words: Words, ranges: Any, kept: Any) -> None:
    words.append((id(edge.owner) + capi.TYPE, id(edge.value)))


def _part(edge: Any, words: Words, ranges: Any, kept: Any) -> None:
    present = 0 if edge.value is None else id(edge.value)
    if type(edge.owner) is not types.FunctionType:
        raise Unwatched
    words.append((id(edge.owner) + _PARTS[edge.key], present))


def _untold(edge: Any, words: Words, ranges: Any, kept: Any) -> None:
    raise Unwatched


_RULES: dict[str, Rule] = {
    "item": _item,
    "entry": _entry,
    "cell": _cell,
    "dict": _dict,
    "slot": _slot,
    "class": _class,
    "part": _part,
    "keys": _keys,
    "length": _length,
    "items": _items,
}

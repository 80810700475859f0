"""One read of captured state: the owner of a value, its key, and the value when it was traced."""

from __future__ import annotations

import functools
import struct
import types
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Roots = Sequence[tuple[str, Any]]  # title and object
Places = Sequence[tuple[Any, Any, str]]  # owner, key and title
Names = frozenset[str]


class Nothing:
    """The result of reading a place that does not exist."""

    def __repr__(self) -> str:
        return "nothing"


ABSENT: Any = Nothing()


class Edge:
    """A captured value and where it is read; `read` reads it again.

    `deep`: the values inside have edges of their own. `hooked`: traced code gets the value
    through a stand-in, which can replace it by an input.
    """

    __slots__ = ("deep", "holder", "hooked", "key", "owner", "title", "value")

    def __init__(
        self, holder: str, owner: Any, key: Any, title: str, value: Any, hooked: bool
    ) -> None:
        self.holder, self.owner, self.key, self.title = holder, owner, key, title
        self.value, self.hooked, self.deep = value, hooked, False

    def read(self) -> Any:
        """The value as it is now."""
        return READ[self.holder](self.owner, self.key)

    @property
    def place(self) -> tuple[int, Any]:
        """The identity of the place."""
        return id(self.owner), self.key


def _item(owner: dict[Any, Any], key: Any) -> Any:
    return owner.get(key, ABSENT)


def _shown(owner: Any, key: Any) -> Any:
    try:
        return owner[key]
    except KeyError:
        return ABSENT


def _entry(owner: Any, key: int) -> Any:
    return owner[key] if key < len(owner) else ABSENT


def _content(owner: types.CellType, key: Any) -> Any:
    try:
        return owner.cell_contents
    except ValueError:
        return ABSENT


def _attributes(owner: Any, key: Any) -> Any:
    return getattr(owner, "__dict__", None)


def _slot(owner: Any, key: types.MemberDescriptorType) -> Any:
    try:
        return key.__get__(owner)
    except AttributeError:
        return ABSENT


def _part(owner: Any, key: str) -> Any:
    return getattr(owner, key)


def _hashed(value: Any) -> Any:
    """A plain value for an element of a set: equal for elements that no program can tell apart."""
    return repr(exact(value)) if is_plain(value) else id(value)


READ: dict[str, Callable[[Any, Any], Any]] = {
    "item": _item,  # of a dictionary: globals, attributes, attributes of classes, too
    "entry": _entry,  # of a list or a tuple
    "cell": _content,
    "dict": _attributes,  # the dictionary of an object
    "slot": _slot,
    "class": lambda owner, key: type(owner),
    "part": _part,  # `__code__`, `__defaults__`, `__kwdefaults__` of a function
    "keys": lambda owner, key: tuple(owner),  # of a dictionary, in order
    "shown": _shown,  # of what shows dictionaries without being one
    "shown keys": lambda owner, key: tuple(map(_hashed, owner)),
    "bytes": lambda owner, key: memoryview(owner).tobytes(),  # of a buffer
    "referent": lambda owner, key: owner(),  # of a weak reference
    "value": lambda owner, key: owner.get(ABSENT),  # of a context variable
    "length": lambda owner, key: len(owner),
    "members": lambda owner, key: frozenset(map(_hashed, owner)),  # of a set
    "items": lambda owner, key: tuple(owner),  # all at once, of a container of plain values
}

PLAIN: frozenset[type] = frozenset(
    [bool, int, float, complex, str, bytes, type(None), type(...), range, slice, types.CodeType]
)
# Classes of values that their texts tell apart, by module and name: most programs load none.
_TEXTS = frozenset([("fractions", "Fraction"), ("decimal", "Decimal"), ("datetime", "date"),
                    ("datetime", "datetime"), ("datetime", "timedelta")])  # fmt: skip


def is_plain(value: Any) -> bool:
    """Whether a value is told apart by its type and its content alone: it cannot change."""
    kind = type(value)
    if kind is tuple or kind is frozenset:
        return all(map(is_plain, value))
    return kind in PLAIN or isinstance(value, np.generic | np.dtype) or _has_text(kind)


def _has_text(kind: type) -> bool:
    return (kind.__module__, kind.__name__) in _TEXTS


@functools.singledispatch
def _bits(value: Any) -> Any:
    return repr(value) if _has_text(type(value)) else value


@_bits.register
def _(value: float) -> Any:
    return struct.pack("d", value)


@_bits.register
def _(value: complex) -> Any:
    return struct.pack("dd", value.real, value.imag)


@_bits.register
def _(value: np.generic) -> Any:
    return value.dtype.str, value.tobytes() if value.dtype.kind != "O" else id(value)


@_bits.register
def _(value: slice) -> Any:
    return tuple(map(exact, (value.start, value.stop, value.step)))


@_bits.register
def _(value: range) -> Any:
    return value.start, value.stop, value.step


@_bits.register
def _(value: tuple) -> Any:  # type: ignore[type-arg]
    return tuple(map(exact, value))


@_bits.register
def _(value: frozenset) -> Any:  # type: ignore[type-arg]
    return frozenset(map(exact, value))


def exact(value: Any) -> Any:
    """A key that is equal for plain values that no program can tell apart: 0.0 and -0.0 can."""
    return type(value), _bits(value)


def same_content(a: Array, b: Array) -> bool:
    """Whether two arrays have the same type, shape and bytes."""
    if type(a) is not type(b) or a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype.hasobject:
        return all(x is y for x, y in zip(a.flat, b.flat, strict=True))
    if a.flags.c_contiguous and b.flags.c_contiguous:
        return bool(np.array_equal(a.reshape(-1).view(np.uint8), b.reshape(-1).view(np.uint8)))
    return a.tobytes() == b.tobytes()

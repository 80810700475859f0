"""The stand-in of a list inside a loop that appends to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tapec.errors import ControlFlowError
from tapec.trace.arrays.session import where
from tapec.trace.source.state import UNDEFINED

CURE = "fill an array made before the loop: a = np.zeros(n)"


class Growing:
    """Accepts appends and gives the last element; other uses would need the length and fail."""

    __slots__ = ("_first", "added", "name")

    def __init__(self, name: str, first: Any) -> None:
        self.name, self._first = name, first
        self.added: list[Any] = []

    def append(self, item: Any) -> None:
        """``list.append``."""
        self.added.append(item)

    def extend(self, items: Iterable[Any]) -> None:
        """``list.extend``."""
        self.added.extend(items)

    def __iadd__(self, items: Iterable[Any]) -> Growing:
        self.extend(items)
        return self

    @property
    def tail(self) -> Any:
        """The last element."""
        return self.added[-1] if self.added else self._first

    def __getitem__(self, key: Any) -> Any:
        if type(key) is int and key == -1 and self.tail is not UNDEFINED:
            return self.tail
        return self._fail()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return self._fail()

    def _fail(self, *args: Any, **kwargs: Any) -> Any:
        raise ControlFlowError(
            f"a loop looks at the list {self.name}, to which it appends",
            where=where(),
            hint=f"use {self.name}[-1] only, or {CURE}",
        )

    __len__ = __iter__ = __bool__ = __contains__ = __eq__ = __setitem__ = __delitem__ = _fail
    __mul__ = __array__ = __reversed__ = __lt__ = _fail
    __hash__ = None  # type: ignore[assignment]

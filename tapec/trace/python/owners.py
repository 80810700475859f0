"""What a function may change outside itself: containers, cells, objects and classes."""

from __future__ import annotations

import io
import types
from collections.abc import Iterator, Mapping
from typing import Any

from tapec.trace.python.classes import class_dict
from tapec.trace.python.reads import Reads
from tapec.trace.staging.randomness import is_consumable

_BOUND = (types.MethodType, types.BuiltinMethodType, types.MethodWrapperType)


class Owners:
    """The places that a walk has met.

    A list to which code only appends, and that it reads nowhere, is a *log*: what is in it
    already means nothing to the function.
    """

    def __init__(self) -> None:
        self.found: dict[int, tuple[Any, str]] = {}  # by identity, with a title
        self.used: list[tuple[str, Any]] = []  # iterators and random generators
        self.logs: frozenset[int] = frozenset()
        self._pending: list[tuple[str, Any, bool]] = []
        self._appended: set[str] = set()
        self._read: set[str] = set()
        self._stored: set[str] = set()
        self._scopes: dict[int, dict[str, Any]] = {}

    def mention(self, found: Reads, scope: dict[str, Any]) -> None:
        """Take note of the names in some code, and of its globals."""
        self._stored |= found.stored
        self._scopes[id(scope)] = scope
        self._appended |= found.appended
        self._read |= found.read

    def stored_in(self, members: Mapping[str, Any]) -> set[str]:
        """The names that some code assigns."""
        return self._stored & members.keys()

    def add(self, title: str, owner: Any) -> None:
        """Note a container, cell or class."""
        if type(owner) is not tuple:
            self.found.setdefault(id(owner), (owner, title))

    def add_object(self, title: str, thing: Any) -> None:
        """Note the places in an object: its dictionary, and its slots."""
        own = getattr(thing, "__dict__", None)
        if isinstance(own, dict):
            self.add(f"{title}.", own)
        if isinstance(thing, type) or any("__slots__" in vars(c) for c in type(thing).__mro__):
            self.add(f"{title}.", thing)

    def use(self, title: str, value: Any) -> None:
        """Note an iterator or a random generator, also behind its bound method."""
        source = value.__self__ if isinstance(value, _BOUND) else value
        if is_consumable(source) and not isinstance(source, io.IOBase):
            self.used.append((title, source))

    def assigned(self) -> Iterator[tuple[dict[str, Any], str, str]]:
        """Globals and attributes that the code may assign: dictionary, key and title."""
        places = [(own, title) for own, title in self.found.values() if title.endswith(".")]
        places += [(scope, "") for scope in self._scopes.values()]
        for owner, title in places:
            own = class_dict(owner) if isinstance(owner, type) else owner
            if isinstance(own, dict):
                for name in sorted(self._stored & own.keys()):
                    yield own, name, f"{title}{name}"

    # -- logs ------------------------------------------------------------------------------

    def is_log(self, title: str, value: Any, hooked: bool) -> bool:
        """Whether this is a list that, as far as is known, is only appended to."""
        if type(value) is not list or not self._only_appended(title):
            return False
        self._pending.append((title, value, hooked))
        return True

    def _only_appended(self, title: str) -> bool:
        name = title.rpartition(".")[2]
        return name in self._appended and name not in self._read

    def read_after_all(self) -> tuple[str, Any, bool] | None:
        """A list taken for a log that more code turned out to read."""
        for k, (title, _, _) in enumerate(self._pending):
            if not self._only_appended(title):
                return self._pending.pop(k)
        return None

    def confirm_logs(self, read: dict[int, Any]) -> None:
        """All code is known: logs are the lists that nothing read under another name."""
        for title, log, _ in self._pending:
            self.add(title, log)
        self.logs = frozenset(id(log) for _, log, _ in self._pending if id(log) not in read)


__all__ = ["Owners"]

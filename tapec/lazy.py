"""Modules that are imported when one of their names is first used.

`import tapec`, and a call whose program is in the cache on disk, load little. What traces, derives
and compiles stands behind `deferred` modules and packages whose names are `exported`; type
checkers read ordinary imports beside them:

    if TYPE_CHECKING:
        from tapec.call import tracing
    else:
        tracing = deferred("tapec.call.tracing")
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

# When tapec was imported: files written since may say something else than the code in memory.
STARTED = time.time()
# Held during these imports, since Python's own import locks are not renewed in a forked child.
IMPORTING = threading.RLock()


def loaded(name: str) -> ModuleType:
    """A module, imported where it is not yet."""
    found = sys.modules.get(name)
    # One that is being imported is waited for.
    if found is None or getattr(found.__spec__, "_initializing", False):
        with IMPORTING:
            found = import_module(name)
    return found


class deferred:
    """Stands for a module, and imports it when one of its names is read."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(loaded(self.__name__), attribute)


class named(Mapping[str, Any]):
    """Functions by name, each imported when it is first looked up.

    `homes` says in which module of a package each is; a home "module:name" gives another name's.
    """

    def __init__(self, package: str, homes: Mapping[str, str]) -> None:
        self._package, self._homes = package, homes
        self._found: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._found:
            module, _, attribute = self._homes[name].partition(":")
            self._found[name] = getattr(loaded(f"{self._package}.{module}"), attribute or name)
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._homes)

    def __len__(self) -> int:
        return len(self._homes)


def exported(package: str, homes: Mapping[str, str], first: str = "") -> Callable[[str], Any]:
    """The `__getattr__` of a package: `homes` says in which module each of its names is.

    A home "module:name" gives the name there, where it is another. The module `first` is imported
    before any of them.
    """

    def find(attribute: str) -> Any:
        if attribute not in homes:
            raise AttributeError(f"module {package!r} has no attribute {attribute!r}")
        if first:
            loaded(first)
        module, _, name = homes[attribute].partition(":")
        value = getattr(loaded(module), name or attribute)
        setattr(sys.modules[package], attribute, value)
        return value

    return find

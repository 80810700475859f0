"""Stand-ins of the namespaces of traced code: globals and modules."""

from __future__ import annotations

import builtins
import math
import types
from collections.abc import Callable
from typing import Any

from tapec.trace.arrays.session import Session
from tapec.trace.python.builtin import MEMBERS
from tapec.trace.source import MODULES

# Makes a stand-in from owner, key, object and trace.
Placed = Callable[[Any, Any, Any, Session], Any]

# What rewritten source calls, by name; see `runtime`.
RUNTIME: dict[str, Callable[[Session], Any]] = {}


class Globals(dict[str, Any]):
    """Globals of a clone: those of the original, substituted when looked up."""

    def __init__(self, real: dict[str, Any], session: Session, placed: Placed) -> None:
        def importer(*args: Any, **kwargs: Any) -> Any:
            """`import numpy` inside the function gives the stand-in too."""
            return placed(None, None, builtins.__import__(*args, **kwargs), session)

        members = {**vars(builtins), **MEMBERS, "__import__": importer}
        super().__init__(
            __builtins__=members,
            __name__=real.get("__name__", ""),
            **{name: make(session) for name, make in RUNTIME.items()},
        )
        self._real, self._session, self._placed = real, session, placed

    def __missing__(self, name: str) -> Any:
        return self._placed(self._real, name, self._real[name], self._session)


class ModuleProxy(types.ModuleType):
    """A module whose members are substituted when looked up."""

    def __init__(self, real: types.ModuleType, session: Session, placed: Placed) -> None:
        super().__init__(real.__name__)
        self.__dict__.update(_real=real, _session=session, _placed=placed)

    def __getattr__(self, name: str) -> Any:
        found = self._placed(vars(self._real), name, getattr(self._real, name), self._session)
        self.__dict__[name] = found
        return found

    def __dir__(self) -> list[str]:
        return dir(self._real)


def under_names_of_modules(function: types.FunctionType) -> frozenset[str]:
    """The usual names of modules that are something else to this function."""
    known = function.__globals__
    named = (n for n in MODULES if not isinstance(known.get(n, math), types.ModuleType))
    return frozenset([*named, *MODULES.intersection(function.__code__.co_freevars)])

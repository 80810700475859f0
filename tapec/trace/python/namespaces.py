"""Stand-ins of the namespaces of traced code: globals and modules."""

from __future__ import annotations

import builtins
import cmath
import math
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tapec.trace.arrays.frames import is_hidden
from tapec.trace.arrays.session import Session
from tapec.trace.python.builtin import MEMBERS
from tapec.trace.python.classes import STDLIB
from tapec.trace.source import MODULES
from tapec.trace.source.state import UNDEFINED

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
        self._ours = frozenset(self)
        session.shadows.append((real, self, {}, ""))

    def __missing__(self, name: str) -> Any:
        return self._placed(self._real, name, self._real[name], self._session)

    def stored(self) -> dict[str, Any]:
        """The globals that the code has assigned."""
        given = {k: self[k] for k in self.keys() - self._ours}
        return {k: v for k, v in sorted(given.items()) if not self.is_as_before(k, v)}

    def is_as_before(self, name: str, value: Any) -> bool:
        """Whether this is what a name meant before the trace."""
        known = name in self._real
        return self.__missing__(name) is value if known else value is UNDEFINED


class ModuleProxy(types.ModuleType):
    """A module whose members are substituted when looked up."""

    def __init__(self, real: types.ModuleType, session: Session, placed: Placed) -> None:
        super().__init__(real.__name__)
        own(self).update(_real=real, _session=session, _placed=placed, _stored={})
        session.shadows.append((vars(real), self, {}, f"{real.__name__}."))

    def __getattr__(self, name: str) -> Any:
        found = self._placed(vars(self._real), name, getattr(self._real, name), self._session)
        own(self)[name] = found
        return found

    def __setattr__(self, name: str, value: Any) -> None:
        own(self)[name] = self._stored[name] = value

    def is_as_before(self, name: str, value: Any) -> bool:
        """Whether this is what a member was before the trace."""
        real = getattr(self._real, name, UNDEFINED)
        return self._placed(vars(self._real), name, real, self._session) is value

    def __dir__(self) -> list[str]:
        return dir(self._real)

    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        """The members, as `vars` of the module gives them."""
        return Members(self)


def own(proxy: ModuleProxy) -> dict[str, Any]:
    """The dictionary of a proxy itself."""
    found: dict[str, Any] = vars(types.ModuleType)["__dict__"].__get__(proxy)
    return found


class Members(Mapping[str, Any]):
    """The dictionary of a module: its members are substituted when looked up."""

    def __init__(self, proxy: ModuleProxy) -> None:
        self._proxy, self._names = proxy, vars(proxy._real)

    def __getitem__(self, name: str) -> Any:
        if name in self._proxy._stored or name in self._names:
            return getattr(self._proxy, name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def under_names_of_modules(function: types.FunctionType) -> frozenset[str]:
    """The usual names of modules that are something else to this function."""
    known = function.__globals__
    named = (n for n in MODULES if not isinstance(known.get(n, math), types.ModuleType))
    return frozenset([*named, *MODULES.intersection(function.__code__.co_freevars)])


def has_members_to_follow(module: types.ModuleType) -> bool:
    """Whether members of a module have stand-ins: NumPy's, SciPy's, packages' and the user's."""
    file = getattr(module, "__file__", None) or ""
    if module in (math, cmath) or module.__name__.split(".")[0] == "numpy":
        return True
    if file.endswith(".py") and ("site-packages" in file or not file.startswith(STDLIB)):
        return not is_hidden(file)
    return module.__name__.startswith("scipy")


def cells_of(function: types.FunctionType, code: types.CodeType) -> list[types.CellType]:
    """The variables of enclosing functions, in the order of the clone's code."""
    named = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    return [named[n] for n in code.co_freevars]


def known_cell(cell: types.CellType, session: Session) -> types.CellType:
    """The stand-in of a variable, one for all functions that share it."""
    known = session._wrapped.get(id(cell)) or session.cells.get(id(cell))
    if known is None:  # empty until the first of the functions is complete
        known = session.cells[id(cell)] = (cell, types.CellType())
    made: types.CellType = known[1]
    return made

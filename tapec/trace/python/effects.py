"""Side effects of calls in a statement: globals, variables of other functions, class attributes,
defaults and objects that the called functions may change.

`widened` finds those places by looking at the code that the statement can reach, and makes them
variables of its state: so changes by an iteration or a branch are carried or refused as those of
the statement itself.
"""

from __future__ import annotations

import dis
import functools
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tapec.trace.arrays.session import Session, current
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.python.classes import KEPT, follows
from tapec.trace.python.clone import clone, scope_of, substitute
from tapec.trace.python.namespaces import Globals, ModuleProxy
from tapec.trace.source.state import UNDEFINED
from tapec.trace.staging.containers import inside
from tapec.trace.staging.randomness import any_source, generators, is_consumable
from tapec.trace.staging.state import ExtendedState, ExtraVariable, State
from tapec.trace.tuning import REACHABLE_OBJECTS

_STORES = ("STORE_GLOBAL", "STORE_DEREF", "STORE_ATTR")
_DRAWS = frozenset(["rvs", "default_rng"])  # functions that draw from hidden generators
_OURS = "__tapec"
_SKIPPED = ("numpy", "scipy", "tapec")


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """The names that a code object reads and assigns."""

    names: frozenset[str]
    stored_globals: frozenset[str]
    stored_cells: frozenset[str]
    stored_attributes: frozenset[str]


@functools.lru_cache(maxsize=4096)
def facts(code: types.CodeType) -> CodeFacts:
    """The facts of a code object, nested functions included.

    Code that assigns one of its names counts as assigning all, as unchanged variables are free.
    """
    ops, names = frozenset(code.co_code[::2]), frozenset(code.co_names)
    cells = frozenset(code.co_freevars)
    none = frozenset[str]()
    stores = [s if dis.opmap[n] in ops else none
              for n, s in zip(_STORES, (names, cells, names), strict=True)]  # fmt: skip
    parts = [facts(c) for c in code.co_consts if isinstance(c, types.CodeType)]
    return CodeFacts(
        names.union(*(p.names for p in parts)),
        stores[0].union(*(p.stored_globals for p in parts)),
        stores[1].union(*(p.stored_cells for p in parts)),
        stores[2].union(*(p.stored_attributes for p in parts)),
    )


def widened(state: State, *functions: Any) -> State:
    """The state of a statement, extended by all that running these functions may change."""
    session = current()
    if session is None:
        return state
    reachable = ReachableState(session, {id(c) for c in getattr(state, "cells", list)()})
    for f in functions:
        reachable.visit("", f)
    for name, value in zip(state.names, state.get(), strict=True):
        reachable.visit(name, value)
    reachable.finish()
    return ExtendedState(state, [*reachable.places.values()]) if reachable.places else state


@dataclass(slots=True)
class ReachableState:
    """The variables and objects that some functions can reach."""

    session: Session
    own: set[int]  # cells that the state knows
    places: dict[Any, ExtraVariable] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    stored: set[str] = field(default_factory=set)  # attributes that are assigned
    seen: dict[int, Any] = field(default_factory=dict)
    spaces: dict[str, list[Any]] = field(default_factory=dict)
    asked: dict[tuple[int, str], Any] = field(default_factory=dict)

    # -- from value to value ---------------------------------------------------------------

    def visit(self, name: str, value: Any) -> None:
        """Follow a value that the code can reach."""
        kind = type(value)
        if kind in _PLAIN or id(value) in self.seen or len(self.seen) > REACHABLE_OBJECTS:
            return
        rule = _RULES.get(kind)
        if rule is None and is_consumable(value):
            self._add((id(value),), name, value)
        elif rule is not None or kind not in (np.ndarray, Tracer):
            self.seen[id(value)] = value
            (rule or ReachableState._object)(self, name, value)

    def _function(self, name: str, function: Any) -> None:
        code = function.__code__
        if not follows(code) or _root(function) in _SKIPPED:
            return
        if function.__closure__ and type(function.__globals__) is not Globals:
            function = clone(function, self.session)
        found = facts(code)
        self.names |= found.names
        self.stored |= found.stored_attributes
        self._globals(function.__globals__, found)
        self._cells(function, found)
        for value in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            self._content(name, value)
        if function.__dict__.keys() - {KEPT} or found.stored_attributes:
            self._content(name, function.__dict__)

    def _globals(self, real: dict[str, Any], found: CodeFacts) -> None:
        scope = real if type(real) is Globals else scope_of(real, self.session)
        for name in sorted(found.names):
            if (name not in scope and name not in scope._real) or name.startswith(_OURS):
                continue
            if name in found.stored_globals:
                self._variable((id(scope), name), name, scope, name)
            else:
                self._content(name, scope[name])

    def _variable(self, key: Any, title: str, scope: Any, name: str) -> None:
        def get() -> Any:
            return scope[name] if name in scope or name in scope._real else UNDEFINED

        def bind(value: Any) -> None:
            scope[name] = value

        self.places.setdefault(key, ExtraVariable(title, get, bind, (id(scope), name)))
        self.visit(title, get())

    def _cells(self, function: Any, found: CodeFacts) -> None:
        pairs = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        for name, cell in pairs:
            value = _content_of(cell)
            if id(cell) in self.own or name not in found.stored_cells:
                (self.visit if id(cell) in self.own else self._content)(name, value)
                continue
            get, bind = functools.partial(_content_of, cell), functools.partial(_bind, cell)
            self.places.setdefault(id(cell), ExtraVariable(name, get, bind, (id(cell), None)))
            self.visit(name, value)

    def _bound(self, name: str, method: Any) -> None:
        """A method of a random generator's, or of the user's."""
        if isinstance(method.__self__, generators()):
            self.visit(name, method.__self__)
        elif type(method) is types.MethodType:
            self.visit(name, method.__func__)
            self._content(name, method.__self__)

    def _partial(self, name: str, partial: Any) -> None:
        for value in (partial.func, *partial.args, *partial.keywords.values()):
            self._content(name, value)

    def _items(self, name: str, container: Any) -> None:
        items = container.values() if isinstance(container, dict) else container
        for value in items:
            self.visit(name, value)

    def _object(self, name: str, thing: Any) -> None:
        """Keep an object: the attributes that the code mentions are followed in `finish`."""
        root = _root(thing)
        if root in _SKIPPED and not (root == "numpy" and isinstance(thing, types.ModuleType)):
            if root == "scipy" and hasattr(thing, "rvs"):
                self._add((id(thing),), f"{name}.rvs", any_source())
            return
        self.spaces.setdefault(name, []).append(thing)

    # -- attributes ------------------------------------------------------------------------

    def finish(self) -> None:
        """Follow attributes until nothing new is reached."""
        count = -1
        while count != len(self.asked):
            count = len(self.asked)
            for title, things in [*self.spaces.items()]:
                for thing in [*things]:
                    for name in sorted(self._not_asked(thing)):
                        self.asked[id(thing), name] = thing
                        self._attribute(title, thing, name)

    def _not_asked(self, thing: Any) -> set[str]:
        return {n for n in self.names if (id(thing), n) not in self.asked}

    def _attribute(self, title: str, thing: Any, name: str) -> None:
        found = _looked_up(thing, name)
        if found is UNDEFINED:
            return
        path = f"{title}.{name}" if title else name
        shared = isinstance(thing, (type, types.ModuleType))
        if name in self.stored and not name.startswith("__"):
            # `type(thing).name = ...` assigns an attribute of its class.
            owner = thing if shared else _class_with(type(thing), name)
            if owner is not None:
                self._shared(path, owner, name)
        if name in _DRAWS and callable(found):
            self._add((id(thing), name), path, any_source())
        elif shared:
            self._content(path, found)
        else:
            self.visit(path, found)

    def _shared(self, path: str, thing: Any, name: str) -> None:
        """An attribute of a class or module that some code assigns."""
        if isinstance(thing, types.ModuleType) and _root(thing) in _SKIPPED:
            return
        held = substitute(thing, self.session)
        plain = isinstance(held, types.ModuleType) and not isinstance(held, ModuleProxy)
        owner = vars(held) if plain else held

        def get() -> Any:
            return getattr(held, name, UNDEFINED)

        def bind(value: Any) -> None:
            setattr(held, name, value)

        self.places.setdefault((id(thing), name), ExtraVariable(path, get, bind, (id(owner), name)))

    # -- places ----------------------------------------------------------------------------

    def _content(self, name: str, value: Any) -> None:
        """Follow a value that is not rebound, but may be changed in place."""
        inner = inside(value) if type(value) not in _PLAIN else None
        if inner is not None and inner[0] is not None:
            self._add((id(inner[0]),), name, value)
        self.visit(name, value)

    def _add(self, key: Any, name: str, value: Any) -> None:
        self.places.setdefault(key, ExtraVariable(name, lambda: value))


def _looked_up(thing: Any, name: str) -> Any:
    """An attribute as stored; properties are not evaluated."""
    if isinstance(thing, types.ModuleType):
        real = thing._real if isinstance(thing, ModuleProxy) else thing
        return getattr(real, name, UNDEFINED) if name in vars(real) else UNDEFINED
    kinds = thing.__mro__ if isinstance(thing, type) else type(thing).__mro__
    places = [] if isinstance(thing, type) else [getattr(thing, "__dict__", {})]
    for place in (*places, *map(vars, kinds)):
        if name in place:
            found = place[name]
            if isinstance(found, types.MemberDescriptorType):
                return getattr(thing, name, UNDEFINED)
            if isinstance(found, (staticmethod, classmethod)):
                return found.__func__
            return found.fget if isinstance(found, property) else found
    return UNDEFINED


def _class_with(cls: type, name: str) -> type | None:
    """The class whose attribute the objects of a class see under a name, if it is data."""
    found = next((vars(c)[name] for c in cls.__mro__ if name in vars(c)), UNDEFINED)
    return None if found is UNDEFINED or hasattr(type(found), "__get__") else cls


def _root(thing: Any) -> str:
    """The package that a function, module or object comes from."""
    if isinstance(thing, types.ModuleType):
        return thing.__name__.partition(".")[0]
    owner = thing if hasattr(thing, "__code__") or isinstance(thing, type) else type(thing)
    return (getattr(owner, "__module__", "") or "").partition(".")[0]


def _content_of(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return UNDEFINED


def _bind(cell: types.CellType, value: Any) -> None:
    cell.cell_contents = value


_PLAIN = frozenset([bool, int, float, str, bytes, complex, type(None), range, slice, np.ufunc,
                    type(UNDEFINED), np.float64, np.int64, np.dtype, Tracer])  # fmt: skip
_RULES: dict[type, Callable[[ReachableState, str, Any], None]] = {
    types.FunctionType: ReachableState._function,
    types.MethodType: ReachableState._bound,
    types.BuiltinFunctionType: ReachableState._bound,
    functools.partial: ReachableState._partial,
    list: ReachableState._items,
    tuple: ReachableState._items,
    dict: ReachableState._items,
}

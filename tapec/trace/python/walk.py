"""The captured state of a function, found by following references from it.

A walk goes where the code goes: globals, variables of enclosing functions, defaults, items, and the
attributes whose names occur in the code reached. It over-approximates the reads.
Installed packages are assumed constant, but the content of objects of their classes is not.
"""

from __future__ import annotations

import functools
import os
import sys
import types
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.trace.python import held
from tapec.trace.python.classes import (
    KEPT,
    class_dict,
    follows,
    is_library,
    may_be_another,
)
from tapec.trace.python.edges import READ, Edge, Names, Places, Roots, is_plain
from tapec.trace.python.owners import Owners
from tapec.trace.python.packages import has_stand_in, state_of
from tapec.trace.python.plan import COPIED
from tapec.trace.python.reads import DYNAMIC, reads
from tapec.trace.python.users import inside, is_looked_into, is_open, is_users
from tapec.trace.tuning import MOST_READS

_ENVIRONMENT = frozenset(["environ", "getenv"])
_INNER = ("__wrapped__", "fget", "fset", "fdel", "func", "pyfunc")
_SPECIAL = frozenset(["__dict__", "__weakref__", "__doc__", "__module__", "__class__", "__slots__"])


class Walk:
    """The reads of a function and of the objects it is given, in a fixed order.

    Globals and attributes named in `stored` count as read wherever code stores to them.
    """

    def __init__(self, roots: Roots, places: Places = (), stored: Names = frozenset()) -> None:
        self.edges: list[Edge] = []
        self.names, self.globals = set[str](), set[str]()
        self._dynamic = set[str]()  # what reads attributes by name, and what these may be
        self.owners = Owners()
        self._stored = stored
        self._titles: Counter[str] = Counter()
        self._seen: dict[int, Any] = {}
        self._places: set[tuple[str, int, Any]] = set()
        self._things: list[tuple[str, Any, bool]] = []
        for title, root in roots:
            self._root(title, root)
        self._finish()
        for owner, key, title in places:
            self.edge("item", owner, key, title, False)

    def _root(self, title: str, root: Any) -> None:
        if isinstance(root, types.FunctionType) and follows(root.__code__):
            self._seen[id(root)] = root
            if root.__defaults__ or root.__kwdefaults__:
                self._defaults(title, root)
            self._body(title, root)
            self._own_attributes(title, root)
        else:
            self.visit(title, root, True)

    # -- edges -----------------------------------------------------------------------------

    def edge(self, holder: str, owner: Any, key: Any, title: str, hooked: bool) -> Any:
        """Note a read, follow its value, and return it."""
        place = (holder, id(owner), key)
        made = Edge(holder, owner, key, title, None, hooked)
        made.value = value = made.read()
        if place in self._places or len(self.edges) > MOST_READS:
            return value
        self._places.add(place)
        if isinstance(value, types.ModuleType) and not is_users(value):
            if value is os and self.names & _ENVIRONMENT:
                held.mapping(self, "os.environ", os.environ, False)
            return value
        made.title = self._unique(title)
        self.edges.append(made)
        made.deep = self.visit(title, value, hooked)
        return value

    def _unique(self, title: str) -> str:
        """A unique title: equal names in different modules are numbered in order."""
        self._titles[title] += 1
        count = self._titles[title]
        return title if count == 1 else f"{title} ({count})"

    def visit(self, title: str, value: Any, hooked: bool) -> bool:
        """Follow a value; whether what it holds has reads of its own."""
        kind: Any = type(value)
        rule = None if has_stand_in(value) else _rule(kind)
        if is_plain(value) or isinstance(value, np.ndarray | np.ufunc):
            return False
        if id(value) in self._seen or self.owners.is_log(title, value, hooked):
            return True
        self.owners.use(title, value)
        if rule is None and not is_looked_into(value):
            return False
        self._seen[id(value)] = value
        follow = rule or type(self)._object
        follow(self, title, value, hooked and (rule is None or kind in _COPIED))
        if rule in _CONTAINERS and hasattr(value, "__dict__"):
            self._object(title, value, False)
        # Of objects of packages it is not known what of them is read: another one is another.
        return rule is not None or has_stand_in(value) or is_open(value)

    # -- functions -------------------------------------------------------------------------

    def _function(self, title: str, function: Any, hooked: bool) -> None:
        if not follows(function.__code__) or is_library(function.__code__):
            self._enclosed(title, function)
            return
        self.edge("part", function, "__code__", f"the code of {title}", False)
        self._defaults(title, function)
        self._body(title, function)
        self.owners.add(f"{title}.", function.__dict__)
        self._own_attributes(title, function)

    def _own_attributes(self, title: str, function: Any) -> None:
        found = reads(function.__code__)
        if function.__dict__.keys() - {KEPT} or (found.stored and found.dynamic):
            self._things.append((title, function, False))

    def _enclosed(self, title: str, function: Any) -> None:
        """The user's functions in the closure of a function of a package or of ours."""
        for cell in function.__closure__ or ():
            content = READ["cell"](cell, None)
            if callable(content) and not isinstance(content, type):
                self.visit(title, content, True)

    def _defaults(self, title: str, function: Any) -> None:
        for part in ("__defaults__", "__kwdefaults__"):
            self.edge("part", function, part, f"defaults of {title}", True)

    def _body(self, title: str, function: Any) -> None:
        found = reads(function.__code__).counting(self._stored)
        self.names |= found.attributes
        self._dynamic |= found.dynamic
        self.globals |= found.globals
        self.owners.mention(found, function.__globals__)
        scope = function.__globals__
        for name in sorted(found.globals):
            if name in scope or scope.get("__name__") == "__main__":
                self.edge("item", scope, name, name, True)
        for name in sorted(found.imports):
            module = sys.modules.get(name)
            if module is not None and is_users(module):
                self.visit(name, module, True)
        cells = function.__closure__ or ()
        for name, cell in zip(function.__code__.co_freevars, cells, strict=True):
            self.owners.add(name, cell)
            self.edge("cell", cell, None, name, True)

    def _method(self, title: str, method: Any, hooked: bool) -> None:
        self.visit(title, method.__func__, True)
        self.visit(title.rpartition(".")[0] or "self", method.__self__, True)

    def _partial(self, title: str, partial: Any, hooked: bool) -> None:
        self.visit(title, partial.func, True)
        self.visit(f"{title}.args", partial.args, hooked)
        self.visit(f"{title}.keywords", partial.keywords, hooked)

    def _wrapper(self, title: str, wrapper: Any, hooked: bool) -> None:
        """What has a function inside: `staticmethod`, `property`, `lru_cache` and others."""
        for inner in filter(None, (getattr(wrapper, name, None) for name in _INNER)):
            self.visit(title, inner, True)

    # -- objects, classes, modules: when all names are known -------------------------------

    def _object(self, title: str, thing: Any, hooked: bool) -> None:
        for part in (parts := inside(thing)) or ():
            self.visit(title, part, True)
        if parts is None:
            self.owners.add_object(title, thing)
            self._things.append((title, thing, hooked))

    def _finish(self) -> None:
        self._follow_attributes()
        while (items := self.owners.read_after_all()) is not None:
            self.visit(*items)
            self._follow_attributes()
        self.owners.confirm_logs(self._seen)

    def _follow_attributes(self) -> None:
        done: dict[int, set[str]] = {}
        asked: set[int] = set()
        count = None
        while count != (count := (len(self._things), len(self.names), len(self._dynamic))):
            for title, thing, hooked in list(self._things):
                new = (self.names | self._dynamic | state_of(thing)) - done.setdefault(
                    id(thing), set()
                )
                if new or id(thing) not in asked:
                    asked.add(id(thing))
                    done[id(thing)] |= new
                    self._attributes(title, thing, new, hooked)

    def _attributes(self, title: str, thing: Any, names: set[str], hooked: bool) -> None:
        if isinstance(thing, types.ModuleType):
            by_name = bool((self.names | names) & DYNAMIC)  # then absence is read, too
            for name in sorted(names if by_name else names & vars(thing).keys()):
                self.edge("item", vars(thing), name, f"{title}.{name}", hooked)
        elif isinstance(thing, type):
            self._members(title, thing, names, None)
        else:
            self._state(title, thing, names, hooked)

    def _state(self, title: str, thing: Any, names: set[str], hooked: bool) -> None:
        cls = type(thing)
        self.edge("class", thing, None, f"the class of {title}", False)
        own = getattr(thing, "__dict__", None)
        if type(own) is dict:
            self.edge_of_dict(title, thing, own, names, hooked)
        if is_users(cls) or has_stand_in(thing):
            self._members(title, cls, names, own if type(own) is dict else None)
            self._slots(title, thing, cls)

    def edge_of_dict(
        self, title: str, thing: Any, own: dict[str, Any], names: set[str], hooked: bool
    ) -> None:
        """The attributes in an object's dictionary."""
        hooked = hooked and not (names & DYNAMIC) and may_be_another(type(thing), thing)
        place = ("dict", id(thing), None)
        if place not in self._places:
            self._places.add(place)
            name = self._unique(f"attributes of {title}")
            made = Edge("dict", thing, None, name, own, False)
            made.deep = True
            self.edges.append(made)
        by_name, known = bool(names & DYNAMIC), names & own.keys()
        if by_name and isinstance(thing, types.FunctionType):
            known = names  # kernels are among the attributes: their absence is no read
        elif by_name:
            self.edge("keys", own, None, f"the attributes of {title}", False)
            known = set(own)
        for name in sorted(known):
            if name != KEPT:
                self.edge("item", own, name, f"{title}.{name}", hooked)

    def _members(self, title: str, cls: type, names: set[str], own: dict[str, Any] | None) -> None:
        """Attributes of classes, as far as their names are read; special methods always."""
        bases = [c for c in cls.__mro__[:-1] if is_users(c)]
        for k, c in enumerate(bases):
            members = class_dict(c)
            if "vars" in names:
                self.edge("keys", members, None, f"the attributes of {c.__name__}", False)
                names = names | {n for n in members if not n.startswith("__")}
            special = {n for n in members if n.startswith("__")} - _SPECIAL
            special |= {n for n in self.owners.stored_in(members) if hasattr(members[n], "__set__")}
            for name in sorted((names | special) & members.keys()):
                if own is not None and name not in own:
                    self.edge("item", own, name, f"{title}.{name}", False)
                for earlier in bases[:k]:
                    self.edge("item", class_dict(earlier), name, f"{title}.{name}", False)
                self.edge("item", members, name, f"{c.__name__}.{name}", True)

    def _slots(self, title: str, thing: Any, cls: type) -> None:
        for c in cls.__mro__[:-1]:
            for name, member in vars(c).items():
                if isinstance(member, types.MemberDescriptorType):
                    self.edge("slot", thing, member, f"{title}.{name}", False)


@functools.lru_cache(maxsize=1024)
def _rule(kind: type) -> Callable[[Walk, str, Any, bool], None] | None:
    """The rule of a class, or of the builtin class that it derives from."""
    found = next((_RULES[c] for c in kind.__mro__ if c in _RULES), None)
    return found or held.rule_of(kind)


_RULES: dict[type, Callable[[Walk, str, Any, bool], None]] = {
    types.FunctionType: Walk._function,
    types.MethodType: Walk._method,
    functools.partial: Walk._partial,
    staticmethod: Walk._wrapper,
    classmethod: Walk._wrapper,
    type(functools.lru_cache(lambda: None)): Walk._wrapper,
    np.vectorize: Walk._wrapper,
    property: Walk._wrapper,
    functools.cached_property: Walk._wrapper,
    **held.RULES,
}
_COPIED = _RULES.keys() | COPIED
_CONTAINERS = (held.sequence, held.dictionary, held.members)

"""What a program depends on, as a key that another process finds again.

A walk follows the function's references to everything of the user's that it reads: code, defaults,
globals, variables of enclosing functions, attributes, classes. Each read goes into the key, but for
values that the program reads anew at each call. Of NumPy and SciPy, names and versions do, after a
look whether somebody replaced them. What reads files, clocks or settings has no key.
"""

from __future__ import annotations

import builtins
import dis
import sys
import types
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tapec.call.plain import Token, Unportable, content
from tapec.call.tokens import Tokens
from tapec.call.trusted import HIDDEN, IMPURE, LAZY, TRUSTED, is_pure_builtin, package_of
from tapec.trace.python.classes import KEPT, follows, is_library
from tapec.trace.python.edges import Edge, exact, is_plain
from tapec.trace.python.plan import InputPlan, eligible
from tapec.trace.python.reads import DYNAMIC, reads
from tapec.trace.python.users import inside, is_users
from tapec.trace.python.walk import Walk
from tapec.trace.tuning import MOST_READS

# Attributes of classes that say nothing about what code does.
_IDLE = frozenset(
    ["__annotations__", "__annotate_func__", "__annotations_cache__", "__orig_bases__",
     "__parameters__", "__match_args__", "__abstractmethods__", "__firstlineno__",
     "__static_attributes__", "__type_params__", "__classcell__"]
)  # fmt: skip


_CONTAINERS = (tuple, list, dict, set)


class Survey(Walk):
    """A walk that also notes the modules of packages, and what objects of ours hold."""

    def __init__(self, roots: Sequence[tuple[str, Any]], stored: frozenset[str]) -> None:
        self.modules: dict[int, types.ModuleType] = {}
        self.spots: list[tuple[str, str]] = []  # where they are read, and which
        super().__init__(roots, stored=stored)

    def edge(self, holder: str, owner: Any, key: Any, title: str, hooked: bool) -> Any:
        """Note a read, also of a module of a package."""
        value = super().edge(holder, owner, key, title, hooked)
        if isinstance(value, types.ModuleType) and not is_users(value):
            self.modules[id(value)] = value
            self.spots.append((title, value.__name__))
        return value

    def visit(self, title: str, value: Any, hooked: bool) -> bool:
        """Follow a value, and the class of the user's that a container is of."""
        kind: Any = type(value)
        if issubclass(kind, _CONTAINERS) and kind not in _CONTAINERS and is_users(kind):
            super().visit(f"the class of {title}", kind, False)
        return super().visit(title, value, hooked)

    def _object(self, title: str, thing: Any, hooked: bool) -> None:
        if inside(thing) is None:
            super()._object(title, thing, hooked)
            return
        for part in _held(thing):
            self.visit(title, part, True)

    def functions(self) -> Iterator[types.FunctionType]:
        """The user's functions that are reached."""
        found = (f for f in self._seen.values() if isinstance(f, types.FunctionType))
        return (f for f in found if follows(f.__code__) and not is_library(f.__code__))

    @property
    def seen(self) -> dict[int, Any]:
        """What was looked into, by identity."""
        return self._seen


def _held(thing: Any) -> list[Any]:
    """The callables in an object of ours, also inside of containers."""
    found: list[Any] = []
    pending = [v for k, v in sorted(getattr(thing, "__dict__", {}).items()) if k != KEPT]
    while pending:
        value = pending.pop(0)
        if isinstance(value, dict):
            pending += value.values()
        elif isinstance(value, list | tuple):
            pending += value
        elif callable(value) and not isinstance(value, type):
            found.append(value)
    return found


class Fingerprint:
    """The key of what a program reads, and the reads that may be inputs of it instead."""

    def __init__(self, roots: Sequence[tuple[str, Any]], plan: InputPlan) -> None:
        survey = Survey(roots, plan.stored)
        if len(survey.edges) >= MOST_READS:
            raise Unportable("so many values that not all were looked at")
        self.tokens = Tokens(survey.seen)
        self.edges = survey.edges
        arrays, numbers = eligible(survey.edges, plan)
        self.open = {id(e) for known in arrays.values() for e in known}
        self.open |= {id(e) for e in numbers.values()}
        self.key: Token = (
            self.tokens.all(root for _, root in roots),
            tuple(map(self._read, _relevant(survey.edges))),
            tuple((title, self.tokens.of(own[k])) for own, k, title in survey.owners.assigned()),
            tuple(survey.spots),
            tuple(_libraries(self.tokens, survey)),
            tuple(sorted(np.geterr().items())),
        )

    def holds(self) -> bool:
        """Whether all reads still give what they gave."""
        return all(map(self._same, self.edges))

    def _same(self, edge: Edge) -> bool:
        now, before = edge.read(), edge.value
        if now is before:
            known = self.tokens.contents.get(id(now))
            return known is None or id(edge) in self.open or content(now) == known
        return is_plain(now) and is_plain(before) and exact(now) == exact(before)

    def _read(self, edge: Edge) -> Token:
        place = edge.holder, self.tokens.of(edge.key), edge.title, edge.hooked, edge.deep
        if id(edge) not in self.open:
            return place, self.tokens.of(edge.value)
        value = edge.value
        kind = (value.dtype.str, value.shape) if isinstance(value, np.ndarray) else ""
        return place, type(value).__name__, kind


def _relevant(edges: Sequence[Edge]) -> Iterator[Edge]:
    """The reads that code makes: not those of annotations."""
    idle: set[int] = set()
    for edge in edges:
        of_class = isinstance(edge.owner, dict) and "__module__" in edge.owner
        if id(edge.owner) in idle or (of_class and edge.key in _IDLE):
            idle.add(id(edge.value))
        else:
            yield edge


# ---- what is not the user's --------------------------------------------------------------------


def _libraries(tokens: Tokens, survey: Survey) -> Iterator[Token]:
    """What the code reads of builtins and packages; raises Unportable where that may differ."""
    modules = {m.__name__: m for m in survey.modules.values()}
    for function in survey.functions():
        found, scope = reads(function.__code__), function.__globals__
        _check_names(found.globals - scope.keys(), found.attributes | found.globals)
        modules |= _imported(function.__code__) if found.imports else {}
    done: set[str] = set()
    while modules:
        name = min(modules)
        module = modules.pop(name)
        if name not in done:
            done.add(name)
            yield name, tokens.of(module), tuple(_members(tokens, module, survey.names, modules))


def _members(
    tokens: Tokens, module: types.ModuleType, names: set[str], modules: dict[str, Any]
) -> Iterator[Token]:
    """The members of a package that have one of these names; its modules are looked at later."""
    package = package_of(module.__name__)
    if package == "tapec":
        return  # its names are loaded when they are first used
    if package in ("numpy", "scipy") and (read := names & IMPURE):
        raise Unportable(f"{module.__name__}.{min(read)}")
    if module is np:
        for name in names & LAZY:
            getattr(module, name, None)
    own = vars(module)
    for name in sorted(own.keys() if names & DYNAMIC else names & own.keys()):
        value = own[name]
        if isinstance(value, types.ModuleType):
            modules |= {value.__name__: value} if name in names else {}
        elif module is builtins:
            _check_names([name], set())
        elif not name.startswith("_") and name not in IMPURE:
            yield name, tokens.of(value)


def _check_names(builtin: Any, read: Any) -> None:
    for name in builtin:
        if hasattr(builtins, name) and not is_pure_builtin(name):
            raise Unportable(f"the builtin function {name}")
    if hidden := HIDDEN & read:
        raise Unportable(f"what {min(hidden)} leads to")


def _imported(code: types.CodeType) -> dict[str, types.ModuleType]:
    """The modules of packages that code imports itself."""
    found = {}
    for name, parts in _imports(code):
        module = sys.modules.get(name)
        if not name or (module is None and package_of(name) not in TRUSTED):
            raise Unportable(f"the import of {name or 'a neighbour'} inside of a function")
        if module is None:
            continue
        if not is_users(module):
            found[name] = module
        elif not parts <= vars(module).keys():
            raise Unportable(f"what {name} imports when it is first asked for")
    return found


def _imports(code: types.CodeType) -> Iterator[tuple[str, set[str]]]:
    """The modules that code and the functions inside it import, "" for relative ones, and the names
    that it takes from them."""
    level: Any = 0
    name, parts = None, set[str]()
    for i in dis.get_instructions(code):
        if i.opname == "IMPORT_NAME":
            if name is not None:
                yield name, parts
            name, parts = "" if level else i.argval, set()
        elif i.opname == "IMPORT_FROM":
            parts.add(i.argval)
        elif i.opname == "LOAD_CONST":
            level = i.argval if type(i.argval) is int else level
    if name is not None:
        yield name, parts
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield from _imports(inner)

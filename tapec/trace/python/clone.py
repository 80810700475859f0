"""Clones of functions: their globals and closures give stand-ins, found when they are looked up.

Helpers it calls are cloned on the way; the real modules are never patched.
"""

from __future__ import annotations

import abc
import functools
import types
from collections import deque
from typing import Any

import numpy as np

from tapec.trace.arrays.session import Session
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.numpy import iterators, objects
from tapec.trace.python.builtin import OF_PYTHON
from tapec.trace.python.builtin_classes import Deque, by_class
from tapec.trace.python.classes import (
    CLONED,
    KEPT,
    CloneMeta,
    follows,
    makes_stand_ins,
    may_stand_in,
)
from tapec.trace.python.complex_math import FUNCTIONS_OF
from tapec.trace.python.constants import direct_on_constants
from tapec.trace.python.inputs import Captured, array_outside, input_member
from tapec.trace.python.namespaces import (
    Globals,
    ModuleProxy,
    cells_of,
    has_members_to_follow,
    known_cell,
    under_names_of_modules,
)
from tapec.trace.python.packages import class_translation, has_stand_in, stand_in_of, translation
from tapec.trace.python.plan import COPIED
from tapec.trace.python.proxy import (
    ArrayProxy,
    UfuncProxy,
    array_caster,
    is_multimethod,
    is_numpy,
    is_special,
    numpy_function,
)
from tapec.trace.python.unsteady import is_unsteady, steady
from tapec.trace.source import rewritten
from tapec.tree import ComplexParts


def placed(owner: Any, key: Any, thing: Any, session: Session) -> Any:
    """The stand-in of a captured value, read from a place outside the traced code."""
    if session.captured is not None:
        number = session.captured.number(owner, key)
        if number is not None:
            return number
    return substitute(thing, session)


def given(thing: Any, captured: Captured) -> Any:
    """The stand-in of an object argument: itself, or a copy that holds inputs."""
    assert captured.session is not None
    follow = captured.holds(thing) or has_stand_in(thing)
    return substitute(thing, captured.session) if follow else thing


def substitute(thing: Any, session: Session) -> Any:
    """The stand-in of an object in traced code; itself where it needs none."""
    if is_unsteady(thing):
        return steady(thing)
    rule = _RULES.get(type(thing))
    captured = session.captured
    if captured is not None and type(thing) in COPIED and captured.holds(thing):
        return captured.copied(thing, functools.partial(substitute, session=session))
    if rule is None:
        if isinstance(thing, types.ModuleType) and not isinstance(thing, ModuleProxy):
            rule = _module
        elif is_multimethod(thing):
            rule = lambda function, session: numpy_function(function)  # noqa: E731
        elif type(thing).__module__ not in ("builtins", "numpy") or has_stand_in(thing):
            return instance(thing, session)
        else:
            return thing
    found = session._wrapped.get(id(thing))
    if found is None:
        # The original is kept alive beside its substitute: its id stays unique.
        found = session._wrapped[id(thing)] = (thing, rule(thing, session))
    return found[1]


def _module(module: types.ModuleType, session: Session) -> Any:
    return ModuleProxy(module, session, placed) if has_members_to_follow(module) else module


def _class(cls: type, session: Session) -> Any:
    for known in (_CLASSES, OF_PYTHON):
        if cls in known:
            return known[cls]
    if issubclass(cls, np.generic) and cls.__module__ == "numpy" and not cls.__subclasses__():
        return array_caster(cls)
    if (known := class_translation(cls)) is not None:
        return known
    return _class_of_clones(cls, session) if makes_stand_ins(cls) else cls


def _plain_function(function: types.FunctionType, session: Session) -> Any:
    if (known := translation(function)) is not None:
        return known
    if is_numpy(function) or is_special(function):
        return direct_on_constants(function, numpy_function(function))
    if hasattr(function, "registry") and hasattr(function, "dispatch"):
        return by_class(function, functools.partial(substitute, session=session))
    return direct_on_constants(function, clone(function, session))


def _builtin(function: Any, session: Session) -> Any:
    if (known := translation(function)) is not None:
        return known
    if has_stand_in(owner := getattr(function, "__self__", None)):
        return getattr(instance(owner, session), function.__name__)
    if function.__module__ in FUNCTIONS_OF:
        return FUNCTIONS_OF[function.__module__](function)
    if is_numpy(function):
        return numpy_function(function)
    return OF_PYTHON.get(function, function) if function.__module__ == "builtins" else function


def _method(method: types.MethodType, session: Session) -> Any:
    if has_stand_in(method.__self__):
        return getattr(instance(method.__self__, session), method.__name__)
    function = substitute(method.__func__, session)
    if function is method.__func__:
        return method
    return types.MethodType(function, instance(method.__self__, session))


def instance(thing: Any, session: Session) -> Any:
    """A stand-in of a user's object: same attributes, but its methods are clones."""
    known = session._wrapped.get(id(thing))
    if known is not None:
        return known[1]
    inner = functools.partial(substitute, session=session)
    if has_stand_in(thing):
        known = session._wrapped[id(thing)] = thing, stand_in_of(thing, inner)
        return known[1]
    cls = type(thing)
    if isinstance(thing, (type, Tracer, ComplexParts)):
        return thing
    captured = session.captured
    inputs = captured is not None and captured.holds(thing)
    if not may_stand_in(cls, thing):
        return captured.object(thing, inner) if inputs else thing
    made: Any = object.__new__(_class_of_clones(cls, session))
    # Shared, so that stores of methods reach the object. Frozen classes refuse assignment.
    held = substitute(thing.__dict__, session) if inputs else thing.__dict__
    object.__setattr__(made, "__dict__", held)
    session._wrapped[id(thing)] = (thing, made)
    return made


def _class_of_clones(cls: type, session: Session) -> type:
    known = session._wrapped.get(id(cls))
    if known is None:
        members: dict[str, Any] = {}
        for c in reversed(cls.__mro__[:-1]):
            for name, member in vars(c).items():
                made = _cloned_member(member, session)
                if made is member and session.captured is not None:
                    made = input_member(c, name, member, session)
                members.pop(name, None)  # hides what a base class has
                if made is not member:
                    members[name] = made
        meta = CloneMeta if type(cls) is type else type(cls)
        named = {**members, "__module__": cls.__module__, CLONED: cls}
        made_class: type = meta(cls.__name__, (cls,), named)
        known = session._wrapped[id(cls)] = (cls, made_class)
        session.shadows.append((cls, made_class, dict(vars(made_class)), f"{cls.__name__}."))
    return known[1]


def _cloned_member(member: Any, session: Session) -> Any:
    if isinstance(member, types.FunctionType):
        return clone(member, session)
    if isinstance(member, staticmethod):
        return staticmethod(substitute(member.__func__, session))
    if isinstance(member, property):
        parts = [_cloned_member(f, session) for f in (member.fget, member.fset, member.fdel)]
        return property(*parts)
    if isinstance(member, functools.cached_property):
        made = functools.cached_property(substitute(member.func, session))
        made.__set_name__(object, member.attrname or "")
        return made
    return member


def _partial(p: functools.partial[Any], session: Session) -> Any:
    args, keywords = substitute(p.args, session), substitute(p.keywords, session)
    return functools.partial(substitute(p.func, session), *args, **keywords)


def _cached(function: Any, session: Session) -> Any:
    """`functools.lru_cache` wrappers: traced values are not hashable, so call what they wrap."""
    return substitute(function.__wrapped__, session)


_CLASSES: dict[type, Any] = {
    np.ndarray: ArrayProxy,
    np.vectorize: objects.Vectorized,
    np.ndenumerate: objects.ndenumerate,
    np.nditer: iterators.nditer,
    deque: Deque,
}
_RULES: dict[type, Any] = {
    types.FunctionType: _plain_function,
    types.BuiltinFunctionType: _builtin,
    types.MethodType: _method,
    functools.partial: _partial,
    type(functools.lru_cache(lambda: None)): _cached,
    type(np.sum): _builtin,
    type(np.r_): lambda joiner, session: objects.Joiner(joiner, columns=False),
    type(np.c_): lambda joiner, session: objects.Joiner(joiner, columns=True),
    np.ufunc: lambda ufunc, session: UfuncProxy(ufunc),
    np.vectorize: lambda f, session: objects.Vectorized.of(f, substitute(f.pyfunc, session)),
    np.ndarray: array_outside,
    type: _class,
    abc.ABCMeta: lambda cls, session: class_translation(cls) or cls,
}


def scope_of(real: dict[str, Any], session: Session) -> Globals:
    """The stand-in of a module's globals in this trace."""
    known = session._wrapped.get(id(real))
    if known is None:
        known = session._wrapped[id(real)] = (real, Globals(real, session, placed))
    scope: Globals = known[1]
    return scope


_NOT_CLONED = frozenset(["__wrapped__", KEPT])


def clone(function: types.FunctionType, session: Session) -> Any:
    """The function over substituted globals and closure; calls in it are followed."""
    known = session._wrapped.get(id(function))
    if known is not None:
        return known[1]
    if not follows(function.__code__):
        return function
    scope = scope_of(function.__globals__, session)
    code = rewritten(function.__code__, under_names_of_modules(function))
    cells = tuple(known_cell(cell, session) for cell in cells_of(function, code))
    defaults = substitute(function.__defaults__, session)
    made = types.FunctionType(code, scope, function.__name__, defaults, cells or None)
    made.__kwdefaults__ = substitute(function.__kwdefaults__, session)
    made.__dict__.update({k: v for k, v in function.__dict__.items() if k not in _NOT_CLONED})
    session._wrapped[id(function)] = (function, made)
    if cells:
        made = _with_cells(function, made, session)
    before, title = dict(made.__dict__), f"{function.__name__}."
    session.shadows.append((function.__dict__, made.__dict__, before, title))
    return made


def _with_cells(function: types.FunctionType, made: Any, session: Session) -> Any:
    """Fill the clone's cells; a variable without a substitute shares the original's cell."""
    new_cells = []
    originals = cells_of(function, made.__code__)
    for name, old, new in zip(made.__code__.co_freevars, originals, made.__closure__, strict=True):
        if id(old) in session._wrapped:
            new_cells.append(new)
            continue
        try:
            content = old.cell_contents
        except ValueError:
            new_cells.append(old)
            continue
        replaced = made if content is function else placed(old, None, content, session)
        if name == "__class__":  # for `super`: the cloned class derives from the original
            replaced = content
        new.cell_contents = replaced
        new_cells.append(old if replaced is content else new)
        if replaced is not content:
            session._wrapped[id(old)] = (old, new)
            session.shadows.append((old, new, {None: replaced}, name))
    if all(f is n for f, n in zip(new_cells, made.__closure__, strict=True)):
        return made
    final = types.FunctionType(
        made.__code__, made.__globals__, made.__name__, made.__defaults__, tuple(new_cells)
    )
    final.__kwdefaults__ = made.__kwdefaults__
    final.__dict__.update(made.__dict__)
    session._wrapped[id(function)] = (function, final)
    return final

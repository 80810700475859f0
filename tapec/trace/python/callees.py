"""The stand-ins of functions that are reached through objects when they are called."""

from __future__ import annotations

import abc
import functools
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.trace.arrays.session import Session
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.python.builtin import OF_PYTHON
from tapec.trace.python.classes import is_library
from tapec.trace.python.clone import instance, substitute
from tapec.trace.python.drawing import drawing
from tapec.trace.python.namespaces import Globals
from tapec.trace.python.ordering import sort_list
from tapec.trace.python.packages import class_translation, has_stand_in, translation
from tapec.trace.python.proxy import UfuncProxy, is_numpy, is_special
from tapec.trace.python.unsteady import is_unsteady, steady
from tapec.trace.staging.randomness import generators


def callee(session: Session, function: Any) -> Any:
    """The stand-in of `function` in this trace, or itself where it needs none.

    Installed packages are followed by name only: objects of theirs hold more than Python.
    Methods and partials are not kept by the session: they would keep traced values alive.
    """
    if is_unsteady(function):
        return steady(function)
    return _RULES.get(type(function), _object)(function, session)


def _function(function: Any, session: Session) -> Any:
    scope = function.__globals__
    if type(scope) is Globals:
        return function
    known = session._wrapped.get(id(function))
    if known is not None:
        return known[1]
    if scope.get("__name__", "").startswith("tapec.trace."):
        return function
    known_here = is_numpy(function) or is_special(function) or translation(function)
    if is_library(function.__code__) and not (known_here or _is_table_entry(function)):
        return function
    return substitute(function, session)


def _is_table_entry(function: Any) -> bool:
    """Whether this is a public function that SciPy finds in a table, or in a module it is given."""
    module = function.__module__ or ""
    return module.startswith(_TABLES) and not function.__name__.startswith("_")


_TABLES = ("scipy.signal.", "scipy._lib.array_api_compat.numpy")


def _object(thing: Any, session: Session) -> Any:
    """An object whose class has a `__call__` of the user's, or a translation."""
    if has_stand_in(thing):
        return instance(thing, session)
    method = getattr(type(thing), "__call__", None)  # noqa: B004  its code is wanted
    if type(method) is not types.FunctionType:
        return thing
    made = callee(session, method)
    return thing if made is method else types.MethodType(made, instance(thing, session))


def _method(method: Any, session: Session) -> Any:
    owner, function = method.__self__, method.__func__
    if type(owner) is Tracer:
        return method
    if isinstance(owner, type) and (known := class_translation(owner)) is not None:
        return getattr(known, function.__name__)
    if isinstance(owner, generators()):
        return drawing(method)
    if type(owner).__module__.startswith("scipy.stats") or has_stand_in(owner):
        return getattr(instance(owner, session), method.__name__)
    made = callee(session, function)
    if made is function:
        return method
    return types.MethodType(made, instance(owner, session))


def _partial(p: functools.partial[Any], session: Session) -> Any:
    made = callee(session, p.func)
    return p if made is p.func else functools.partial(made, *p.args, **p.keywords)


def _builtin(function: Any, session: Session) -> Any:
    owner = function.__self__
    if function.__module__ is None and not has_stand_in(owner):  # a method of Python's or NumPy's
        sorts = type(owner) is list and function.__name__ == "sort"
        return functools.partial(sort_list, owner) if sorts else function
    return OF_PYTHON.get(function) or substitute(function, session)


def _class(cls: type, session: Session) -> Any:
    return OF_PYTHON.get(cls) or substitute(cls, session)


def _itself(thing: Any, session: Session) -> Any:
    return thing


_RULES: dict[type, Callable[[Any, Session], Any]] = {
    Tracer: _itself,
    UfuncProxy: _itself,
    types.FunctionType: _function,
    types.MethodType: _method,
    types.BuiltinFunctionType: _builtin,
    functools.partial: _partial,
    type(functools.lru_cache(lambda: None)): substitute,
    type(np.sum): substitute,
    np.ufunc: substitute,
    type: _class,
    abc.ABCMeta: _class,
}

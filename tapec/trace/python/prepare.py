"""The stand-in of any callable in a trace."""

from __future__ import annotations

import types
from typing import Any

from tapec.trace.arrays.session import Session
from tapec.trace.python.classes import (
    follows,
)
from tapec.trace.python.clone import _RULES, clone, instance, substitute
from tapec.trace.python.namespaces import Globals


def prepare(function: Any, session: Session) -> Any:
    """The traced stand-in of any callable: functions, methods, partials, objects with __call__."""
    if type(function) in _RULES:
        return substitute(function, session)
    method = getattr(type(function), "__call__", None)  # noqa: B004  its code is wanted
    if type(method) is not types.FunctionType or not follows(method.__code__):
        return function
    if type(method.__globals__) is Globals:
        return function
    return types.MethodType(clone(method, session), instance(function, session))

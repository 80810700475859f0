"""Whether two names mean one function: the function itself and its stand-in are the same to Python.

Names of functions give stand-ins, containers and attributes the functions that they hold.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Set
from typing import Any

import numpy as np

from tapec.trace.arrays.session import Session, current
from tapec.trace.python.proxy import UfuncProxy

_KINDS = (types.FunctionType, types.BuiltinFunctionType, type(np.sum), np.ufunc, UfuncProxy)
_CONTAINERS = (list, tuple, Set, Mapping)


def same_function(a: Any, b: Any) -> bool:
    """Whether both are one function, or the one is the stand-in of the other."""
    if a is b:
        return True
    session = current()
    if session is None or not (isinstance(a, _KINDS) and isinstance(b, _KINDS)):
        return False
    return _stand_in(session, a) is _stand_in(session, b)


def _stand_in(session: Session, function: Any) -> Any:
    """What names of a function give, the function itself if nothing has named it."""
    known = session._wrapped.get(id(function))
    return function if known is None or known[0] is not function else known[1]


def equal(a: Any, b: Any) -> Any:
    """``a == b``."""
    return True if isinstance(a, _KINDS) and same_function(a, b) else a == b


def unequal(a: Any, b: Any) -> Any:
    """``a != b``."""
    return False if isinstance(a, _KINDS) and same_function(a, b) else a != b


def contains(item: Any, container: Any) -> Any:
    """``item in container``."""
    if isinstance(item, _KINDS) and isinstance(container, _CONTAINERS):
        return any(same_function(item, other) for other in container)
    return item in container


def lacks(item: Any, container: Any) -> Any:
    """``item not in container``."""
    return not contains(item, container)

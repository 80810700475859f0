"""A cache of derived kernels, kept with their function so that calls do not compile again.

Kernels are in the dictionary of their function, so both are collected together even where the
function is made anew for each call. Methods and callable objects share the kernels of their class's
function; for callables without a dictionary (ufuncs, partials) the kernels last used are kept.
"""

from __future__ import annotations

import functools
import types
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from tapec.call.kernel import Kernel
from tapec.call.method import BoundKernel, OfMethod
from tapec.derive.tuning import MOST_KEPT
from tapec.trace.python.classes import KEPT, follows

Make = Callable[[Any], Callable[..., Any]]  # the transform of a function

_LAST: OrderedDict[int, Beside] = OrderedDict()


class Beside:
    """The kernels of one function. `functools.wraps` copies dictionaries: `owner` says whose."""

    __slots__ = ("kernels", "owner")

    def __init__(self, owner: Any) -> None:
        self.owner = owner
        self.kernels: dict[str, Kernel] = {}


def kept(f: Any, name: str, make: Make, options: dict[str, Any]) -> Callable[..., Any]:
    """The kernel of `make(f)`; one per function and name."""
    instance, function = _parts(f)
    known = _beside(function).kernels
    if instance is None:
        if name not in known:
            known[name] = Kernel(make(f), **options)
        return known[name]
    name = f"method {name}"
    if name not in known:
        known[name] = Kernel(OfMethod(function, make), **options)
    return functools.partial(known[name], instance[0])


def _parts(f: Any) -> tuple[tuple[Any] | None, Any]:
    """What a function is bound to (None: nothing), and the function that its class shares."""
    if isinstance(f, types.MethodType | BoundKernel):
        return (f.__self__,), f.__func__
    shared = getattr(type(f), "__call__", None)  # noqa: B004  its code is wanted
    if isinstance(shared, types.FunctionType) and follows(shared.__code__):
        return (f,), shared
    return None, f


def _beside(f: Any) -> Beside:
    if isinstance(f, types.FunctionType | Kernel):
        found = vars(f).get(KEPT)
        if found is None or found.owner is not f:
            found = vars(f)[KEPT] = Beside(f)
        return found
    found = _LAST.setdefault(id(f), Beside(f))
    _LAST.move_to_end(id(f))
    if len(_LAST) > MOST_KEPT:
        _LAST.popitem(last=False)
    return found

"""NumPy's arguments matched with those of a translation: what it cannot honour is refused.

A translation takes NumPy's required arguments in NumPy's order, and the optional ones it honours
under NumPy's names. `out` is the caller's business (see `dispatch.deliver`).
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

Call = tuple[list[Any], dict[str, Any]]

# Options without effect on values and shapes: memory layout, casting rules without a cast,
# algorithms, subclasses. (Orders that change values are honoured by `reshape` and others.)
HARMLESS = frozenset([
    "order", "casting", "subok", "like", "device", "kind", "stable", "overwrite_input", "optimize",
    "copy", "extobj", "overwrite_a", "overwrite_b", "overwrite_ab", "check_finite", "lwork",
    "lapack_driver", "driver",
])  # fmt: skip
_EMPTY = inspect.Parameter.empty


@functools.cache
def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None


@functools.cache
def parameters(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter] | None:
    """The parameters of a function; None where they are unknown."""
    known = _signature(function)
    return None if known is None else known.parameters


def admitted(
    function: Any,
    translation: Callable[..., Any],
    args: Sequence[Any],
    kwargs: dict[str, Any],
    refused: Callable[[str], Exception],
) -> Call:
    """The arguments for the translation; raises `refused(name)` for one it does not honour."""
    theirs, ours = parameters(function), parameters(translation)
    if theirs is None or ours is None:
        return list(args), kwargs
    bound = _bound(function, args, kwargs)
    first: list[Any] = []
    named: dict[str, Any] = {}
    for name, value in bound.items():
        kind, default = theirs[name].kind, theirs[name].default
        if kind is inspect.Parameter.VAR_POSITIONAL:
            first += value
        elif kind is inspect.Parameter.VAR_KEYWORD:
            named.update(value)
        elif default is _EMPTY and kind is not inspect.Parameter.KEYWORD_ONLY:
            first.append(value)
        else:
            named[name] = value
    kept = {}
    every = getattr(translation, "takes_all", False)
    for name, value in named.items():
        if every or name in ours:
            kept[name] = value
        elif not _idle(name, value, theirs):
            raise refused(name)
    return first, kept


def _bound(function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    known = _signature(function)
    assert known is not None
    try:
        return known.bind(*args, **kwargs).arguments
    except TypeError as error:
        name = getattr(function, "__name__", function)
        raise TypeError(f"{name}(): {error}") from None


def without_out(function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Any, Any, Any]:
    """The arguments without `out`, and `out` (None where it is not given)."""
    if "out" in kwargs:
        rest = dict(kwargs)
        return args, rest, rest.pop("out")
    theirs = parameters(function)
    if theirs is None or "out" not in theirs or len(args) < 2:
        return args, kwargs, None
    place = list(theirs).index("out")
    if len(args) <= place or theirs["out"].kind is inspect.Parameter.KEYWORD_ONLY:
        return args, kwargs, None
    # What follows `out` goes by name, so that the places before it stay as they are.
    names = list(theirs)[place + 1 : len(args)]
    later = dict(zip(names, args[place + 1 :], strict=False))
    return args[:place], {**kwargs, **later}, args[place]


def _idle(name: str, value: Any, theirs: Mapping[str, inspect.Parameter]) -> bool:
    """Whether an argument has its default, or cannot change values."""
    if name in HARMLESS:
        return True
    default = theirs[name].default if name in theirs else None
    if value is default or value is None or value is np._NoValue:
        return True
    plain = (bool, int, float, str)
    return type(value) in plain and type(value) is type(default) and value == default

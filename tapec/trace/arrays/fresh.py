"""Results of NumPy's functions: copies where NumPy's are, and lying as those do."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import prod
from typing import Any, NamedTuple

import numpy as np

from tapec.ir.types import dtype_name
from tapec.trace.arrays import layout
from tapec.trace.arrays.concrete import concrete
from tapec.trace.arrays.layout import Shape, Strides
from tapec.trace.arrays.memory import (
    UNKNOWN,
    fresh,
    in_c_order,
    lies_differently,
    strides_of,
    turned_strides,
)
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.tuning import FULL_SIZE

_REFUSALS = (ValueError, TypeError, IndexError, ArithmeticError, np.linalg.LinAlgError)


class Miniature(NamedTuple):
    """Stands for an array among the arguments of a call that is made to see what NumPy does."""

    shape: Shape
    strides: Strides | None
    dtype: str


class Told(NamedTuple):
    """A result of such a call: whether it shares memory with an argument, its shape and order."""

    shares: bool
    shape: Shape
    order: tuple[int, ...]


# Functions whose results may lie in another order than C's where all arguments lie in that.
REORDERS = frozenset(["qr"])


def laid_out_as_numpy(function: Any, args: Sequence[Any], kwargs: dict[str, Any], made: Any) -> Any:
    """What a translation made, sharing memory and lying in it as the function's own result does."""
    parts = made if isinstance(made, (tuple, list)) else (made,)
    results = [x for x in parts if type(x) is Tracer]
    given = [*arrays_in((*args, *kwargs.values()))]
    owners = [a._storage for a in given if type(a) is Tracer]
    shared = [x._storage in owners and bool(x._shape) for x in results]
    known = all(map(in_c_order, given)) and getattr(function, "__name__", "") not in REORDERS
    known = known and "order" not in kwargs
    ordered = known or all(len(x._shape) < 2 for x in results)
    if ordered and not any(shared) and not any(x._steps or x._storage.strides for x in results):
        return made
    told = _told(function, args, kwargs, [x._shape for x in results])
    if told is None:
        return made
    if any(map(lies_differently, given)):
        other = _told(function, args, kwargs, [x._shape for x in results], turned=True)
        for x, a, b in zip(results, told, other or told, strict=True):
            if a != b and not x._steps:
                x._storage.strides = UNKNOWN
        return made
    rest = iter(zip(told, shared, strict=True))
    found = [_laid_out(x, *next(rest)) if type(x) is Tracer else x for x in parts]
    return found[0] if parts is not made else _like(made, found)


def _like(made: Any, parts: list[Any]) -> Any:
    make = getattr(type(made), "_make", type(made))  # QRResult and others have names
    return make(parts)


def _laid_out(x: Tracer, told: Told, shared: bool) -> Tracer:
    if told.shares or not x._shape:
        return x
    strides = layout.in_order(x._shape, told.order)
    if x._storage.array is not None:
        return concrete(layout.laid_out(x._array, strides))  # type: ignore[no-any-return]
    if not x._steps and not shared:
        x._storage.strides = strides
    return x if not shared and strides_of(x) == strides else fresh(x, strides)


def arrays_in(args: Any) -> Iterator[Any]:
    """The arrays among nested arguments."""
    for a in args:
        kind = type(a)
        if kind in (list, tuple):
            yield from arrays_in(a)
        elif kind is Tracer or kind is np.ndarray:
            yield a


# -- asking NumPy ----------------------------------------------------------------------------------


def _told(
    function: Any,
    args: Sequence[Any],
    kwargs: dict[str, Any],
    shapes: Sequence[Shape],
    turned: bool = False,
) -> list[Told] | None:
    """What NumPy's function gives; None where it cannot be called without the arrays themselves.

    Arrays that lie differently on different paths are taken to lie in C order, or `turned`.
    """
    given = [*arrays_in((args, *kwargs.values()))]
    spec = (
        _specification(tuple(args), turned),
        tuple((k, _specification(v, turned)) for k, v in kwargs.items()),
    )
    full = sum(prod(a.shape) for a in given) <= FULL_SIZE
    for most in (2, *((sys.maxsize,) if full else ())):
        try:
            told = _call_small(function, *spec, most)
        except TypeError:  # an argument that cannot be hashed
            told = _call_small.__wrapped__(function, *spec, most)
        if told is not None and [_kind(t.shape) for t in told] == [*map(_kind, shapes)]:
            return told
    return None


def _kind(shape: Shape) -> Shape:
    """What a shape has in common with that of a miniature: axes without and with one element."""
    return tuple(min(n, 2) for n in shape)


def _specification(a: Any, turned: bool = False) -> Any:
    kind = type(a)
    if kind in (list, tuple):
        return kind.__name__, *(_specification(x, turned) for x in a)
    if kind is Tracer:
        a._storage.asked = True
        if turned and lies_differently(a):
            return Miniature(a._shape, turned_strides(a), a._dtype)
        return Miniature(a._shape, strides_of(a), a._dtype)
    if kind is np.ndarray and a.dtype.str[1:] in _KNOWN:
        return Miniature(a.shape, layout.strides_of(a), dtype_name(a.dtype))
    return "value", kind, a


_KNOWN = frozenset(["f8", "f4", "i8", "i4", "b1"])


def _instance(spec: Any, arrays: list[Any], most: int) -> Any:
    if type(spec) is Miniature:
        arrays.append(layout.miniature(*spec, most))
        return arrays[-1]
    head, *rest = spec
    if head == "value":
        return rest[1]
    return (list if head == "list" else tuple)(_instance(s, arrays, most) for s in rest)


@lru_cache(maxsize=4096)
def _call_small(function: Any, args: Any, kwargs: Any, most: int) -> list[Told] | None:
    arrays: list[Any] = []
    given = _instance(args, arrays, most)
    named = {k: _instance(v, arrays, most) for k, v in kwargs}
    if any(callable(v) and type(v) is not type for v in (*given, *named.values())):
        return None  # the user's functions are not called for that
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            made = function(*given, **named)
        except _REFUSALS:
            return None
    results = made if isinstance(made, (tuple, list)) else (made,)
    return [_what(x, arrays) for x in results if isinstance(x, np.ndarray | np.generic)]


def _what(x: Any, arrays: list[Any]) -> Told:
    shares = any(np.may_share_memory(x, a) for a in arrays)
    return Told(shares, x.shape, layout.order_of(x.shape, x.strides))

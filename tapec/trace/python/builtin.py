"""Python's builtin functions in traced code: they take traced numbers, ranges and arrays."""

from __future__ import annotations

import builtins
import functools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tapec.errors import ControlFlowError
from tapec.trace.arrays.operands import any_symbolic
from tapec.trace.arrays.session import current
from tapec.trace.arrays.session import where as user_line
from tapec.trace.arrays.special import SPECIAL, call_special
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.tracer import Tracer, is_symbolic
from tapec.trace.numpy.select import where
from tapec.trace.python.builtin_classes import (
    Bool,
    Class,
    Complex,
    Float,
    Int,
    Range,
    Str,
    class_of,
    class_of_complex,
    is_instance,
)
from tapec.trace.python.comparisons import ordered
from tapec.trace.staging.iterables import IndexedSequence
from tapec.trace.staging.object_aliases import refuse_uncertain
from tapec.trace.staging.values import NARROW, Poison, kind_of, rounds
from tapec.trace.tuning import LONG_ARRAY
from tapec.tree import ComplexParts


def _length(x: Any) -> Any:
    length = getattr(x, "length", None)
    if is_symbolic(length) and isinstance(x, IndexedSequence):
        return TABLE["maximum"](length, 0)
    return length if is_symbolic(length) else builtins.len(x)


def _sum(items: Iterable[Any], /, start: Any = 0) -> Any:
    if type(items) in SPECIAL:
        return call_special("sum", (items,), {}) + start
    if is_symbolic(items) and items.shape and items.shape[0] > LONG_ARRAY:  # type: ignore[attr-defined]
        return TABLE["sum"](items, axis=0) + start
    return builtins.sum(items, start)


def _truths(real: Any, name: str, stops: bool) -> Callable[[Any], Any]:
    @functools.wraps(real)
    def combined(items: Any) -> Any:
        if type(items) in SPECIAL:
            return call_special(real.__name__, (items,), {})
        if is_symbolic(items) and len(items.shape) == 1:
            return Bool(TABLE[real.__name__](items))
        found: Any = None
        for item in items:
            if not is_symbolic(item):
                if builtins.bool(item) is stops:
                    return stops
                continue
            found = Bool(item) if found is None else TABLE[name](found, Bool(item))
        return (not stops) if found is None else Bool(found)

    return combined


def _extreme(real: Any, better: str) -> Callable[..., Any]:
    @functools.wraps(real)
    def extreme(*args: Any, key: Any = None, **kwargs: Any) -> Any:
        items = args[0] if len(args) == 1 else args
        if type(items) in SPECIAL:
            return call_special(real.__name__, (items,), kwargs)
        if (
            type(items) is Tracer
            and len(items.shape) == 1
            and items.shape[0] > LONG_ARRAY
            and not key
        ):
            return TABLE[real.__name__](items)
        found = items if len(args) != 1 else builtins.list(items)
        if not found or (len(args) != 1 and kwargs):
            return real(*(args if len(args) != 1 else (found,)), key=key, **kwargs)
        keys = found if key is None else [key(item) for item in found]
        if not any_symbolic(builtins.list(keys)):
            return found[real(builtins.range(len(found)), key=keys.__getitem__)]
        first, top = found[0], keys[0]
        for item, value in zip(found[1:], keys[1:], strict=True):
            # As in Python, the first of equal values is kept.
            wins = ordered(value, top, better)
            first = _either(wins, item, first)
            top = first if key is None else _either(wins, value, top)
        return first

    return extreme


def _either(wins: Any, a: Any, b: Any) -> Any:
    """The first where a condition holds, else the second; element by element of pairs and lists."""
    if not is_symbolic(wins):
        return a if wins else b
    if type(a) in (tuple, builtins.list) and type(a) is type(b) and len(a) == len(b):
        return type(a)([_either(wins, x, y) for x, y in zip(a, b, strict=True)])
    if isinstance(a, _VALUES) and isinstance(b, _VALUES):
        return _merged(wins, a, b)
    return a if wins else b


def _merged(wins: Any, a: Any, b: Any) -> Any:
    """One of two numbers or arrays, which keeps its class as far as one program can."""
    kinds = [kind for kind in map(kind_of, (a, b)) if kind is not None]
    made = where(wins, a, b)
    if not made.shape and len(kinds) == 2 and any(rounds(kind, made._dtype) for kind in kinds):
        raise ControlFlowError(
            f"{kinds[0]} or {kinds[1]} is taken, and rounded to the narrower type",
            where=user_line(),
            hint="give them one class: float(x)",
        )
    if not made.shape and made._dtype not in NARROW:
        classes = frozenset[Any]().union(*(kind.classes for kind in kinds))
        made._storage.mixed = classes if len(classes) > 1 else frozenset()
    return made


_VALUES = (builtins.int, builtins.float, np.ndarray, np.generic, Tracer)


def _sorted(items: Iterable[Any], /, *, key: Any = None, reverse: Any = False) -> Any:
    """`sorted`: numbers, or arrays of one shape, in the order of traced keys."""
    found = builtins.list(items)
    keys = found if key is None else [key(item) for item in found]
    if not any(is_symbolic(k) for k in keys) or not all(map(_is_number, keys)):
        return _in_order(found, keys, reverse)
    if len({np.shape(item) for item in found if not isinstance(item, (tuple, list))}) != 1:
        return _in_order(found, keys, reverse)
    numbers = TABLE["array"](keys)
    # Sorting is stable, also in descending order.
    order = TABLE["argsort"](numbers[::-1] if reverse else numbers)
    order = (len(found) - 1 - order)[::-1] if reverse else order
    made = builtins.list(TABLE["array"](found)[order])
    kinds = [kind_of(x) for x in found]
    if all(
        k is not None and k.weak and k.dtype == x._dtype for k, x in zip(kinds, made, strict=True)
    ):
        for x in made:  # Python's numbers stay that
            x._weak = True
    return made


def sort_list(items: builtins.list[Any], *, key: Any = None, reverse: Any = False) -> None:
    """``items.sort()``."""
    items[:] = _sorted(items, key=key, reverse=reverse)


def _in_order(items: Any, keys: Any, reverse: Any) -> Any:
    order = builtins.sorted(builtins.range(len(items)), key=keys.__getitem__, reverse=reverse)
    return [items[k] for k in order]


def _is_number(x: Any) -> bool:
    return isinstance(x, (builtins.int, builtins.float)) or not np.shape(x)


def _pow(base: Any, exponent: Any, modulus: Any = None) -> Any:
    if modulus is None or not any_symbolic([base, exponent, modulus]):
        return builtins.pow(base, exponent, modulus)
    return builtins.pow(base, exponent) % modulus


def _isinstance(x: Any, kind: Any) -> bool:
    if type(x) is Poison:
        x._fail()
    if builtins.type(x) is Tracer:  # a Tracer has methods that a number lacks
        return is_instance(x, kind)
    if builtins.isinstance(x, ComplexParts):
        return builtins.issubclass(class_of_complex(x), kind)
    return builtins.isinstance(x, kind)


def _hasattr(thing: Any, name: str) -> bool:
    _certain(thing, name)
    return builtins.hasattr(class_of(thing) if builtins.type(thing) is Tracer else thing, name)


def _getattr(thing: Any, name: str, *default: Any) -> Any:
    if default:
        _certain(thing, name)
    if name == "__class__" and builtins.type(thing) is Tracer:
        return class_of(thing)
    return builtins.getattr(thing, name, *default)


def _certain(thing: Any, name: str) -> None:
    session = current()
    if session is not None:
        refuse_uncertain(session, thing, name)


MEMBERS: dict[str, Any] = {
    "float": Float,
    "int": Int,
    "bool": Bool,
    "complex": Complex,
    "range": Range,
    "str": Str,
    "type": Class,
    "getattr": _getattr,
    "hasattr": _hasattr,
    "isinstance": _isinstance,
    "sorted": _sorted,
    "len": _length,
    "pow": _pow,
    "sum": _sum,
    "all": _truths(builtins.all, "logical_and", stops=False),
    "any": _truths(builtins.any, "logical_or", stops=True),
    "max": _extreme(builtins.max, "greater"),
    "min": _extreme(builtins.min, "less"),
}
OF_PYTHON = {vars(builtins)[name]: stand_in for name, stand_in in MEMBERS.items()}

"""Python's builtin functions in traced code: they take traced numbers, ranges and arrays."""

from __future__ import annotations

import builtins
import functools
import sys
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tapec.trace.arrays.operands import any_symbolic
from tapec.trace.arrays.session import current
from tapec.trace.arrays.special import SPECIAL, call_special
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.tracer import Tracer, is_symbolic
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
from tapec.trace.python.classes import original
from tapec.trace.python.ordering import extreme, sorted_
from tapec.trace.staging.iterables import IndexedSequence
from tapec.trace.staging.object_aliases import refuse_uncertain
from tapec.trace.staging.values import Poison
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
    if builtins.type(x) in SPECIAL:
        return builtins.issubclass(np.ndarray, kind)
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


def _vars(*args: Any) -> Any:
    """``vars``; of a class what the user's class has, not its clone."""
    if not args:
        return sys._getframe(1).f_locals
    return builtins.vars(original(args[0]))


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
    "sorted": sorted_,
    "len": _length,
    "vars": _vars,
    "pow": _pow,
    "sum": _sum,
    "all": _truths(builtins.all, "logical_and", stops=False),
    "any": _truths(builtins.any, "logical_or", stops=True),
    "max": extreme(builtins.max, "greater"),
    "min": extreme(builtins.min, "less"),
}
OF_PYTHON = {vars(builtins)[name]: stand_in for name, stand_in in MEMBERS.items()}

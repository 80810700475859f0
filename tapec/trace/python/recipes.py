"""Values that a traced function stores outside itself, as recipes that make them at every call.

A recipe is a function of `CallValues`: the results of the program and the arguments as they were
passed. What existed before is stored itself; containers that are new are made anew.
"""

from __future__ import annotations

import copy
import functools
import types
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tapec.errors import EffectError
from tapec.ir.core import Value
from tapec.trace.arrays.operands import operand
from tapec.trace.arrays.session import Session
from tapec.trace.arrays.special import SPECIAL
from tapec.trace.arrays.storage import MaybeShared
from tapec.trace.arrays.texts import check_text
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.python.classes import CLONED, original
from tapec.trace.python.foreign import holds_traced
from tapec.trace.python.namespaces import Globals
from tapec.trace.python.outside import Outside
from tapec.trace.source.state import Undefined
from tapec.trace.staging.containers import PLAIN, contents, inside, refill
from tapec.trace.staging.growing import Growing
from tapec.trace.staging.values import Poison
from tapec.tree import ComplexParts, joined


@dataclass
class CallValues:
    """What recipes are made from: results by number, and the leaves of the arguments."""

    result: Callable[[int, bool], Any]  # number, whether it is a Python number
    given: Sequence[Any]
    place: Callable[[Any], Any]  # what stands for a container of the traced code
    made: dict[int, Any] = field(default_factory=dict)


Recipe = Callable[[CallValues], Any]


CURE = "return the value, and store it where the function is called"
MAYBE_SHARED = "an array that others refer to on some paths"
CURE_SHARED = "store a copy: a.copy()"


class Recipes:
    """Makes the recipes of one trace; the values they need become results of the program."""

    def __init__(
        self, session: Session, outside: Outside, params: Sequence[Tracer], values: list[Value]
    ) -> None:
        self.session, self.outside, self.values = session, outside, values
        # The arrays of outside by their memory in traced code: arguments and captured ones.
        self._outer: dict[int, Recipe] = {id(t._storage): _given(k) for k, t in enumerate(params)}
        self._originals = {
            id(made): thing
            for thing, made in session._wrapped.values()
            if not isinstance(thing, types.CellType) and type(made) is not Tracer
        }
        self._outer |= {
            id(made._storage): functools.partial(_placed, thing)
            for thing, made in session._wrapped.values()
            if type(made) is Tracer
        }
        self.fresh: set[int] = set()  # merged arrays of which no other name is left, by memory
        self._memory: dict[int, tuple[Tracer, Recipe]] = {}
        self._known: dict[int, tuple[Any, Recipe]] = {}

    def of(self, value: Any, title: str) -> Recipe:
        """The recipe of a value that is stored at a place."""
        kind = type(value)
        if isinstance(value, str):
            check_text(value, f"{title} gets")
        if kind in PLAIN or kind is Undefined:
            return _constant(value)
        if id(value) in self._originals:
            return _constant(self._originals[id(value)])
        if kind is Tracer:
            return self._traced(value, title)
        if kind is Poison:
            return value._fail()  # type: ignore[no-any-return]
        known = self._known.get(id(value))
        if known is None:
            recipe = self._object(value, title)
            known = self._known[id(value)] = value, functools.partial(_once, id(value), recipe)
        return known[1]

    # -- traced values ---------------------------------------------------------------------

    def _traced(self, tracer: Tracer, title: str) -> Recipe:
        storage = tracer._storage
        if self.session.parent is not None and storage.session not in (None, self.session):
            return _constant(tracer)  # of an enclosing trace
        number = not tracer._shape and not storage.boxed
        captured = self.session.captured
        known = None if captured is None else captured.input_of(storage)
        if known is not None:
            return self._whole_array(tracer, (), lambda call: known.value, title)
        if id(storage) in self._outer and not number:
            return self._whole_array(tracer, (), self._outer[id(storage)], title)
        if storage.session is not None and not storage.session.alive:
            what = "a value of a function inside that is traced on its own"
            raise EffectError(f"{title} gets {what}", hint=CURE)
        if number:
            return self._result(tracer)
        merged = isinstance(storage.frozen, MaybeShared) and id(storage) not in self.fresh
        if merged and storage.frozen.alive():
            raise EffectError(f"{title} gets {MAYBE_SHARED}", hint=CURE_SHARED)
        first = self._memory.get(id(storage))
        if first is None:
            recipe = functools.partial(_once, id(storage), self._result(tracer))
            first = self._memory[id(storage)] = tracer, recipe
        return self._whole_array(tracer, first[0]._steps, first[1], title)

    def _whole_array(self, tracer: Tracer, steps: Any, recipe: Recipe, title: str) -> Recipe:
        """The recipe of an array that others refer to; a part of it would share their memory."""
        if tracer._steps == steps:
            return recipe
        raise EffectError(
            f"{title} gets a view of an array that others refer to", hint="store a copy: a.copy()"
        )

    def _result(self, tracer: Tracer) -> Recipe:
        self.values.append(operand(self.session, tracer, tracer._dtype))
        return functools.partial(_result, len(self.values) - 1, tracer._weak)

    # -- objects ---------------------------------------------------------------------------

    def _object(self, value: Any, title: str) -> Recipe:
        if self.outside.has(value):
            return functools.partial(_placed, value)
        if isinstance(value, np.ndarray | np.generic):
            return lambda call: value.copy()
        if isinstance(value, ComplexParts):
            parts = [self.of(x, title) for x in (value.real, value.imag)]
            return lambda call: joined(*(part(call) for part in parts))
        if type(value) is Growing or type(value) in SPECIAL:
            raise EffectError(f"{title} gets values whose number is not known", hint=CURE)
        if isinstance(value, type):
            return _constant(getattr(original(value), "real", original(value)))
        if isinstance(value, tuple | list | dict | set | deque):
            return self._container(value, title)
        if _is_made_here(value):
            raise EffectError(f"{title} gets a function that is made in the call", hint=CURE)
        if inside(value) is not None and isinstance(value, object):
            return self._instance(value, title)
        if holds_traced(value):
            raise EffectError(
                f"{title} gets a {type(value).__name__} that holds traced values", hint=CURE
            )
        return _constant(value)

    def _container(self, value: Any, title: str) -> Recipe:
        if isinstance(value, tuple):
            parts = [self.of(x, title) for x in value]
            make = getattr(type(value), "_make", type(value))
            return lambda call: make([part(call) for part in parts])
        empty = copy.copy(value)
        empty.clear()
        items = self.content(contents(value), title)
        return lambda call: _refilled(copy.copy(empty), items(call))

    def content(self, items: Any, title: str) -> Recipe:
        """The recipe of the content of a container, or of a captured array."""
        if isinstance(items, np.ndarray):
            return _constant(items)
        if isinstance(items, dict):
            pairs = [(k, self.of(v, title)) for k, v in items.items()]
            return lambda call: {k: part(call) for k, part in pairs}
        parts = [self.of(x, title) for x in items]
        return lambda call: [part(call) for part in parts]

    def _instance(self, value: Any, title: str) -> Recipe:
        """An object of a class of the user's, made in the call."""
        cls = vars(type(value)).get(CLONED, type(value))
        if cls.__new__ is not object.__new__:
            return self._whole(value, title)
        items = self.content(contents(value), title)

        def make(call: CallValues) -> Any:
            made = object.__new__(cls)
            call.made[id(value)] = made
            return _refilled(made, items(call))

        return make

    def _whole(self, value: Any, title: str) -> Recipe:
        if holds_traced(value):
            raise EffectError(
                f"{title} gets a {type(value).__name__} that holds traced values", hint=CURE
            )
        return _constant(value)


def _constant(value: Any) -> Recipe:
    return lambda call: value


def _placed(thing: Any, call: CallValues) -> Any:
    return call.place(thing)


def _given(k: int) -> Recipe:
    return lambda call: call.given[k]


def _result(k: int, python: bool, call: CallValues) -> Any:
    return call.result(k, python)


def _once(key: int, recipe: Recipe, call: CallValues) -> Any:
    """What a recipe makes, one object for all places that share it."""
    if key not in call.made:
        call.made[key] = recipe(call)
    return call.made[key]


def _refilled(made: Any, items: Any) -> Any:
    refill(made, items)
    return made


def _is_made_here(value: Any) -> bool:
    code = getattr(value, "__func__", value)
    return type(getattr(code, "__globals__", None)) is Globals or isinstance(
        value, types.MethodType | functools.partial
    )

"""What a function changes outside itself: found while it is traced, carried out at every call."""

from __future__ import annotations

import dataclasses
import functools
import operator
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from tapec.call.signature import parameter_names
from tapec.call.values import boxed
from tapec.errors import EffectError
from tapec.trace.python.changed import Refused, line_of
from tapec.trace.python.inputs import Captured
from tapec.trace.python.outside import Outside
from tapec.trace.python.recipes import CallValues
from tapec.trace.python.stored import StoredChange
from tapec.trace.python.walk import Walk

Getter = Callable[[Any], Any]  # from (args, kwargs) to a container in them


class Changes:
    """The changes that one attempt at tracing makes."""

    def __init__(self, f: Callable[..., Any], walk: Walk, captured: Captured) -> None:
        arrays = {
            id(e.value): (e.title, e.value)
            for e in walk.edges
            if isinstance(e.value, np.ndarray) and not captured.is_input(e.value)
        }
        self.outside = Outside(walk.owners, arrays)
        self._names = parameter_names(f)
        self._read = walk.names | walk.globals
        self._getters: dict[int, Getter] = {}
        self._kept: list[Any] = []
        self.made: Sequence[StoredChange] = ()

    def undone(self) -> AbstractContextManager[None]:
        """Put everything back at the end."""
        return self.outside.undone()

    def undo(self) -> None:
        """Put everything back."""
        self.outside.restore()

    def watching(
        self, given: tuple[tuple[Any, ...], dict[str, Any]]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments of the trace, whose containers are watched from now on."""
        args, kwargs = given
        for k, arg in enumerate(args):
            name = self._names[k] if k < len(self._names) else f"argument {k}"
            self._watch(arg, name, functools.partial(_argument, 0, k))
        for name, arg in kwargs.items():
            self._watch(arg, name, functools.partial(_argument, 1, name))
        return given

    def _watch(self, arg: Any, name: str, getter: Getter) -> None:
        for container, title, way in containers(arg, name, getter):
            self._kept.append(container)
            self._getters[id(container)] = way
            own = getattr(container, "__dict__", None)
            if isinstance(container, list | dict) or own is None:
                self.outside.add(container, title)
            else:
                self._getters[id(own)] = functools.partial(_then, vars, way)
                self.outside.add(own, f"{title}.")

    def effects(self, changes: Sequence[StoredChange]) -> Effects | None:
        """The changes to carry out at each call, None where there are none."""
        for container in self._kept:  # they are known by identity only, and hold dead tracers
            self.outside.forget(container)
            (container if isinstance(container, list | dict) else vars(container)).clear()
        self.made = changes
        return Effects(changes, self._getters, self._kept) if changes else None

    def unread(self, changes: Sequence[StoredChange]) -> frozenset[str]:
        """The names of what is stored to on some paths only, and is not known to be read."""
        names = {key for c in changes for key in c.when if isinstance(key, str)}
        return frozenset(names - self._read)

    def without_effect(self) -> list[tuple[dict[str, Any], str, str]]:
        """Places that the code assigns, and that were not changed: so far they have that value."""
        put = {(id(c.change.owner), key) for c in self.made for key in c.put}
        found = self.outside.owners.assigned()
        return [place for place in found if (id(place[0]), place[1]) not in put]

    def located(self, error: Refused, again: Callable[[], Any]) -> EffectError:
        """The error with the user's line, found by tracing once more."""
        self.outside.look()
        with self.undone():
            line = line_of(error.happened, again)
        return EffectError(error.message, where=line, hint=error.hint)


def _argument(kind: int, key: Any, given: Any) -> Any:
    return given[kind][key]


def _then(step: Getter, getter: Getter, given: Any) -> Any:
    return step(getter(given))


def containers(thing: Any, title: str, getter: Getter) -> Iterator[tuple[Any, str, Getter]]:
    """The containers in an argument that can be changed, and how to reach them in another call."""
    items: list[tuple[str, Any, Getter]]
    if isinstance(thing, tuple | list):
        items = [(f"{title}[{k}]", v, operator.itemgetter(k)) for k, v in enumerate(thing)]
    elif isinstance(thing, dict):
        items = [(f"{title}[{k!r}]", v, operator.itemgetter(k)) for k, v in thing.items()]
    elif dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        names = [f.name for f in dataclasses.fields(thing)]
        items = [(f"{title}.{n}", getattr(thing, n), operator.attrgetter(n)) for n in names]
    else:
        return
    if not isinstance(thing, tuple):
        yield thing, title, getter
    for name, item, step in items:
        yield from containers(item, name, functools.partial(_then, step, getter))


class Effects:
    """The changes that every call of a program makes outside."""

    def __init__(
        self, changes: Sequence[StoredChange], getters: dict[int, Getter], kept: Sequence[Any]
    ) -> None:
        self.changes = changes
        self.count = sum(c.count for c in changes)  # how many results of the program they need
        self._getters, self._kept = getters, kept
        self._on_arguments = any(id(c.change.owner) in getters for c in changes)

    def apply(self, values: Sequence[Any], inputs: Sequence[Any], given: Any, state: Any) -> None:
        """Carry the changes out, with the values of a call; `state` knows where places are now."""
        if self._on_arguments:
            _refuse_shared(given)

        def place(thing: Any) -> Any:
            getter = self._getters.get(id(thing))
            if getter is not None:
                return getter(given)
            return thing if state is None else state.now(thing)

        call = CallValues(lambda k, python: boxed(np.asarray(values[k]), python), inputs, place)
        places = [place(stored.change.owner) for stored in self.changes]
        for stored, owner in zip(self.changes, places, strict=True):
            stored.apply(owner, call)


def _refuse_shared(given: Any) -> None:
    """Refuse arguments in which one container is in two places: the program takes it for two."""
    args, kwargs = given
    found = [c for c, _, _ in containers((args, kwargs), "", lambda given: given)]
    found = [c for c in found if c is not kwargs]
    if len({id(c) for c in found}) != len(found):
        raise EffectError(
            "the function changes a list, dictionary or object that it is given twice",
            hint="give it a copy in one of the places",
        )


__all__ = ["Changes", "Effects", "containers"]

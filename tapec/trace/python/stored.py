"""Changes outside a traced function, with recipes for the values that they store."""

from __future__ import annotations

import functools
import types
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapec.errors import EffectError
from tapec.trace.arrays.session import Session, where
from tapec.trace.python.changed import Refused
from tapec.trace.python.clone import scope_of
from tapec.trace.python.namespaces import Globals
from tapec.trace.python.outside import Change, Outside, place_name
from tapec.trace.python.recipes import CURE, CallValues, Recipe, Recipes
from tapec.trace.staging.containers import refill


@dataclass
class StoredChange:
    """A change, with recipes in place of values."""

    change: Change
    put: dict[Any, Recipe]
    added: list[Recipe]
    whole: Recipe | None
    count: int  # how many results of the program it needs
    name: str  # of the first changed place

    def apply(self, owner: Any, call: CallValues) -> None:
        """Carry it out on a place."""
        if self.whole is not None:
            if isinstance(owner, np.ndarray):
                owner[...] = self.whole(call)
            else:
                refill(owner, self.whole(call))
            return
        for key in self.change.gone:
            _delete(owner, key)
        for key, recipe in self.put.items():
            put(owner, key, recipe(call))
        if self.added:
            owner.extend([recipe(call) for recipe in self.added])


def put(owner: Any, key: Any, value: Any) -> None:
    """Set one item, attribute or variable."""
    if isinstance(owner, types.CellType):
        owner.cell_contents = value
    elif isinstance(owner, dict | list | deque):
        owner[key] = value
    elif isinstance(owner, set):
        owner.add(value)
    elif isinstance(owner, type | types.ModuleType):
        setattr(owner, key, value)
    else:
        object.__setattr__(owner, key, value)


def _delete(owner: Any, key: Any) -> None:
    if isinstance(owner, types.CellType):
        del owner.cell_contents
    elif isinstance(owner, set):
        owner.discard(key)
    elif isinstance(owner, dict):
        del owner[key]
    else:
        (delattr if isinstance(owner, type) else object.__delattr__)(owner, key)


def stored_changes(recipes: Recipes, outside: Outside) -> tuple[StoredChange, ...]:
    """The changes of a trace, as they are carried out at every call."""
    if recipes.session.parent is None:
        outside.generators.refuse_use()
    return tuple(_stored(recipes, change) for change in outside.changes(recipes.session))


def _stored(recipes: Recipes, change: Change) -> StoredChange:
    title, before = next(change.names(), change.title), len(recipes.values)
    try:
        return _with_recipes(recipes, change, title, before)
    except EffectError as error:
        raise Refused(error.message, error.hint, functools.partial(_has_changed, title)) from None


def _has_changed(title: str, session: Session) -> bool:
    """Whether a trace has changed a place."""
    return any(title in change.names() for change in session.outside.changes(session))


def _with_recipes(recipes: Recipes, change: Change, title: str, before: int) -> StoredChange:
    for key in change.put:
        if (id(change.owner), key) in recipes.session.uncertain:
            raise EffectError(
                f"{place_name(change.title, key)} is set on some paths only",
                hint="give it a value before the branch or loop",
            )
    put = {k: recipes.of(v, title) for k, v in change.put.items()}
    added = [recipes.of(v, title) for v in change.added]
    whole = None if change.whole is None else recipes.content(change.whole, title)
    kept = Change(change.owner, change.title, gone=change.gone, made=change.made)
    return StoredChange(kept, put, added, whole, len(recipes.values) - before, title)


def carry_out(changes: Sequence[StoredChange], session: Session, call: CallValues) -> None:
    """Carry changes out in the running trace, on stand-ins where it has some."""
    for stored in changes:
        stored.apply(_stand_in(stored.change, session), call)


def _stand_in(change: Change, session: Session) -> Any:
    if change.made is Globals:
        return scope_of(change.owner, session)
    for owner, made, _, _ in session.shadows:
        if owner is change.owner:
            return made
    copies = () if session.captured is None else session.captured.copies()
    return next((made for owner, made, _ in copies if owner is change.owner), change.owner)


def refuse_changes(changes: Sequence[StoredChange]) -> None:
    """Raise where changes need values of a program that is used more than once, or in lanes."""
    for stored in changes:
        if stored.count:
            raise EffectError(
                f"a function that tapec traces on its own stores traced values in {stored.name}",
                where=where(),
                hint=CURE,
            )

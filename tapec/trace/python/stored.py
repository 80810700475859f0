"""Changes outside a traced function, with recipes for the values that they store."""

from __future__ import annotations

import functools
import types
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tapec.errors import EffectError
from tapec.lazy import deferred
from tapec.trace.arrays.operands import operand
from tapec.trace.arrays.session import Session, current, where
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.python.changed import Refused
from tapec.trace.python.clone import placed, scope_of, substitute
from tapec.trace.python.namespaces import Globals, ModuleProxy
from tapec.trace.python.outside import Change, Outside, place_name, read
from tapec.trace.python.recipes import (
    CURE,
    CURE_SHARED,
    MAYBE_SHARED,
    CallValues,
    Recipe,
    Recipes,
)
from tapec.trace.source.state import UNDEFINED
from tapec.trace.staging.containers import found_in, refill
from tapec.trace.staging.state import Cells, ExtendedState, ExtraVariable
from tapec.trace.staging.stores import Place

if TYPE_CHECKING:
    from tapec.trace.staging import branch, missing
else:
    branch = deferred("tapec.trace.staging.branch")
    missing = deferred("tapec.trace.staging.missing")

# From a truth, a place and its key, and what puts a value there: does so where it is true.
Choose = Callable[[Any, Any, Any, Callable[[], None]], None]


def _do(truth: Any, owner: Any, key: Any, store: Callable[[], None]) -> None:
    if truth:
        store()


@dataclass
class StoredChange:
    """A change, with recipes in place of values."""

    change: Change
    put: dict[Any, Recipe]
    when: dict[Any, Recipe]  # whether it is put, where that is not always so
    added: list[Recipe]
    whole: Recipe | None
    count: int  # how many results of the program it needs
    name: str  # of the first changed place

    def apply(self, owner: Any, call: CallValues, choose: Choose = _do) -> None:
        """Carry it out on a place; `choose` puts under a key, or does not."""
        if self.whole is not None:
            if isinstance(owner, np.ndarray):
                owner[...] = self.whole(call)
            else:
                refill(owner, self.whole(call))
            return
        for key in self.change.gone:
            _delete(owner, key)
        for key, recipe in self.put.items():
            store = functools.partial(put, owner, key, recipe(call))
            if key in self.when:
                choose(self.when[key](call), owner, key, store)
            else:
                store()
        if self.added:
            owner.extend([recipe(call) for recipe in self.added])


def put(owner: Any, key: Any, value: Any) -> None:
    """Set one item, attribute or variable, or delete it where the value is UNDEFINED."""
    if value is UNDEFINED:
        _delete(owner, key)
    elif isinstance(owner, types.CellType):
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
    put, when = {}, {}
    for key, value in change.put.items():
        truth, stored = _what_is_stored(recipes, change, key, value)
        put[key] = recipes.of(stored, title)
        if truth is not True:
            when[key] = recipes.of(truth, title)
    added = [recipes.of(v, title) for v in change.added]
    whole = None if change.whole is None else recipes.content(change.whole, title)
    kept = Change(change.owner, change.title, gone=change.gone, stand_in=_maker(change))
    return StoredChange(kept, put, when, added, whole, len(recipes.values) - before, title)


def _what_is_stored(recipes: Recipes, change: Change, key: Any, value: Any) -> tuple[Any, Any]:
    """Whether something is stored under a key of a place, and what that is."""
    session = recipes.session
    made = change.owner if change.stand_in is None else change.stand_in
    place = Place(id(made), key)
    if not session.stores.is_outside(place.owner):
        return True, value
    meaning = session.stores.meaning(place, value)
    name = place_name(change.title, key)
    if meaning.is_shared:
        raise EffectError(f"{name} gets {MAYBE_SHARED}", hint=CURE_SHARED)
    if meaning.shared is not None and type(value) is Tracer:
        recipes.fresh.add(id(value._storage))
    if not meaning.exists:
        raise EffectError(
            f"{name} is set on some paths only", hint="give it a value before the branch or loop"
        )
    truth, stored = session.stores.stored(place, value), meaning.original
    return truth, missing.without_guard(session, stored) if stored is value else stored


def carry_out(changes: Sequence[StoredChange], session: Session, call: CallValues) -> None:
    """Carry changes out in the running trace, on stand-ins where it has some."""
    for stored in changes:
        stored.apply(_stand_in(stored.change, session), call, _choose_traced)


def _choose_traced(truth: Any, owner: Any, key: Any, store: Callable[[], None]) -> None:
    """Put where a traced truth holds."""
    order = [*owner] if type(owner) is dict else []

    def bind(value: Any) -> None:
        put(owner, key, value)
        if order:  # deleted and put back, a key comes last
            refill(owner, {k: owner[k] for k in order if k in owner} | owner)

    session = current()
    assert session is not None
    get = functools.partial(_found, owner, key)
    place = ExtraVariable(str(key), get, bind, (id(owner), key))
    works = [store, lambda: None]
    branch.branch(operand(session, truth, "bool"), works, ExtendedState(Cells(), [place]))


def _found(owner: Any, key: Any) -> Any:
    """What a place in traced code holds under a key."""
    if isinstance(owner, Globals):
        return owner[key] if key in owner or key in owner._real else UNDEFINED
    if isinstance(owner, type | types.ModuleType):
        return getattr(owner, key, UNDEFINED)
    return found_in(read(owner), key, UNDEFINED)


def _maker(change: Change) -> Callable[[Session], Any] | None:
    """What makes the stand-in of a changed place in another trace."""
    made = change.stand_in
    if isinstance(made, Globals):
        return functools.partial(scope_of, change.owner)
    if isinstance(made, type | ModuleProxy):
        return functools.partial(substitute, getattr(made, "_real", change.owner))
    if isinstance(made, types.CellType):
        return functools.partial(_cell, change.owner, change.title)
    return None


def _cell(cell: types.CellType, title: str, session: Session) -> types.CellType:
    """The stand-in of a variable outside, also where no function of this trace reads it."""
    known = session._wrapped.get(id(cell))
    if known is None:
        content = placed(cell, None, cell.cell_contents, session)
        known = session._wrapped[id(cell)] = (cell, types.CellType(content))
        session.shadows.append((cell, known[1], {None: content}, title))
    made: types.CellType = known[1]
    return made


def _stand_in(change: Change, session: Session) -> Any:
    for owner, made, _, _ in session.shadows:
        if owner is change.owner:
            return made
    if change.stand_in is not None:
        return change.stand_in(session)
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

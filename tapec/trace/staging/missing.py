"""Attributes that exist on some paths only.

Reading one raises AttributeError where Python would, as long as one branch decides; what several
decide is undetermined, and using it is an error while tracing. Variables have flags instead, see
`tapec.trace.source.unbound`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tapec.ir.core import Value
from tapec.trace.arrays.session import Session, current, where
from tapec.trace.arrays.tracer import Tracer, wrap
from tapec.trace.staging.failures import expect_once
from tapec.trace.staging.values import SET_BEFORE, OnSomePaths, Poison


class ExistsWhere(OnSomePaths):
    """The guard of an attribute's value: the attribute exists where a traced boolean is true."""

    __slots__ = ("error", "exists", "name")

    def __init__(self, exists: Tracer, name: str) -> None:
        self.exists, self.name = exists, name
        self.error = AttributeError(f"{name} was set on another path")

    def check(self) -> None:
        """The program raises where the attribute does not exist."""
        session = current()
        assert session is not None
        expect_once(session, self.exists, self.error)


def undetermined(name: str) -> Poison:
    """The value of an attribute of which several branches decide whether it exists."""
    return Poison(f"{name} exists on some paths only", SET_BEFORE, where())


def guarded(
    session: Session, test: Value, name: str, leaves: list[Any], has: Sequence[bool]
) -> list[Any]:
    """The leaves of an attribute after a branch; `has` says which sides have the attribute."""
    if all(has):
        return leaves
    if len(has) != 2 or any(type(x) is not Tracer or x._storage.frozen for x in leaves):
        return [undetermined(name) for _ in leaves]
    exists = wrap(session, test if has[0] else session.emit("logical_not", test))
    for leaf in leaves:
        leaf._storage.frozen = ExistsWhere(exists, name)
    return leaves


def without_guard(session: Session, value: Any) -> Any:
    """A value to be used only where it exists."""
    guarded = type(value) is Tracer and isinstance(value._storage.frozen, ExistsWhere)
    return wrap(session, value._storage.value, value._weak) if guarded else value

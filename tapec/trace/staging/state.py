"""States: the variables that a piece of the user's code assigns and reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class State(Protocol):
    """The variables a statement assigns, and those through which it may change objects."""

    @property
    def names(self) -> tuple[str, ...]:
        """Their names."""

    def get(self) -> tuple[Any, ...]:
        """Their values; UNDEFINED where one is not bound."""

    def set(self, values: tuple[Any, ...]) -> None:
        """Bind them; UNDEFINED unbinds."""


class Cells:
    """A state that exists for one of our own loops or branches only."""

    def __init__(self, **values: Any) -> None:
        self.names = tuple(values)
        self.values = list(values.values())

    def get(self) -> tuple[Any, ...]:
        """The values."""
        return tuple(self.values)

    def set(self, values: tuple[Any, ...]) -> None:
        """Replace them."""
        self.values = list(values)


@dataclass(frozen=True, slots=True)
class ExtraVariable:
    """One more variable: how it is read, and bound where it can be."""

    name: str
    get: Callable[[], Any]
    set: Callable[[Any], None] | None = None
    place: tuple[int, Any] | None = None  # what holds it, by identity, and its key there


class ExtendedState:
    """A state with additional variables."""

    __slots__ = ("_places", "_state", "names")

    def __init__(self, state: State, places: Sequence[ExtraVariable]) -> None:
        self._state, self._places = state, places
        self.names = (*state.names, *(p.name for p in places))

    def places(self) -> list[tuple[int, Any] | None]:
        """What holds the variables."""
        return [*places_of(self._state), *(p.place for p in self._places)]

    def get(self) -> tuple[Any, ...]:
        """All values, the state's own first."""
        return (*self._state.get(), *(p.get() for p in self._places))

    def set(self, values: tuple[Any, ...]) -> None:
        """Bind all variables that can be bound."""
        own = len(values) - len(self._places)
        self._state.set(values[:own])
        for place, value in zip(self._places, values[own:], strict=True):
            if place.set is not None and place.get() is not value:
                place.set(value)


def places_of(state: State) -> list[tuple[int, Any] | None]:
    """What holds the variables of a state, by identity and key, None where nothing outside does."""
    places = getattr(state, "places", None)
    return [None] * len(state.names) if places is None else places()

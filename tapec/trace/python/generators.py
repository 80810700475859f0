"""Random generators and iterators outside a traced function: their states, and refusals of use."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tapec.trace.arrays.session import Session
from tapec.trace.python.changed import Refused
from tapec.trace.staging.consumption import position
from tapec.trace.staging.randomness import generators, hidden


def state_of(source: Any) -> Any:
    """The state of a random generator, None of anything else."""
    if not isinstance(source, generators()):
        return None
    if hasattr(source, "getstate"):  # Python's own
        return source.getstate()
    if hasattr(source, "bit_generator"):
        return source.bit_generator.state
    return source.get_state(legacy=False)


def set_state(source: Any, state: Any) -> None:
    """Put a random generator back."""
    if not isinstance(source, generators()):
        return
    if hasattr(source, "setstate"):
        source.setstate(state)
    elif hasattr(source, "bit_generator"):
        source.bit_generator.state = state
    else:
        source.set_state(state)


_DRAWN = (
    "the function draws from {}, but compiled code would keep the numbers of this call",
    "draw outside, and pass the numbers as an argument",
)
_USED = (
    "the function uses {} up, but compiled code would keep what it gave in this call",
    "take what it gives outside, and pass it as an argument",
)


def is_used(source: Any, before: Any, session: Session) -> bool:
    return bool(position(source) != before)


class Generators:
    """Generators and iterators as they were before a trace."""

    def __init__(self, used: list[tuple[str, Any]]) -> None:
        # Those that NumPy and Python keep to themselves are there, too.
        self._sources = {id(s): (title, s) for title, s in (*hidden(), *reversed(used))}
        self._positions = {k: position(s) for k, (_, s) in self._sources.items()}
        self._states = {k: state_of(s) for k, (_, s) in self._sources.items()}

    def have_more(self) -> bool:
        """Whether others have been loaded since; each draws once, so that a later seed is seen."""
        loaded = [source for _, source in hidden() if id(source) not in self._sources]
        return bool([source.random() for source in loaded])

    def restore(self) -> None:
        """Put the random generators back."""
        for k, (_, source) in self._sources.items():
            set_state(source, self._states[k])

    def refuse_use(self) -> None:
        """Refuse numbers drawn, and iterators advanced: both would happen in this trace only."""
        for k, (title, source) in self._sources.items():
            if position(source) != self._positions[k]:
                what, hint = _DRAWN if isinstance(source, generators()) else _USED
                happened = functools.partial(is_used, source, self._positions[k])
                raise Refused(what.format(title), hint, happened)


@contextmanager
def hidden_generators_kept() -> Iterator[None]:
    """Run code that may draw from the generators of NumPy and Python without changing them."""
    kept = Generators([])
    try:
        yield
    finally:
        kept.restore()

"""Memory that several arguments share, where a function writes one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tapec.errors import MutationError
from tapec.trace.arrays.memory import pattern
from tapec.trace.arrays.overlap import CURE, Exclusive, overlap
from tapec.trace.arrays.session import Session, where
from tapec.trace.arrays.tracer import Tracer


def same_memory(a: Tracer, b: Tracer) -> bool:
    """Whether two traced arrays share an element."""
    if a._storage is not b._storage:
        return False
    return overlap(*_shadows(a, b))


def _shadows(*tracers: Tracer) -> list[Any]:
    """Arrays that lie in one memory as the traced ones do."""
    found = []
    for t in tracers:
        kinds = [kind for kind, _ in t._steps]
        # A part at a traced place may lie anywhere in what was seen so far.
        known = t._steps[: kinds.index("dynamic")] if "dynamic" in kinds else t._steps
        found.append(pattern(Tracer(t._storage, t._dtype, (), known)))
    return found


def adopt_exclusive(session: Session, inner: Sequence[Exclusive], inputs: Sequence[Tracer]) -> None:
    """Require of the parameters of the running trace what a function called on them requires."""
    while session.is_region and session.parent is not None:
        session = session.parent
    numbers = {id(storage): k for k, storage in enumerate(session.params)}
    for written, members in inner:
        for w in written:
            if any(m != w and same_memory(inputs[w], inputs[m]) for m in members):
                raise MutationError(
                    "a function that writes into an argument is given the same memory twice",
                    where=where(),
                    hint=CURE,
                )
        own = {k: numbers.get(id(inputs[k]._storage)) for k in members}
        outer = frozenset(n for k in written if (n := own[k]) is not None)
        if outer:
            session.exclusive.append((outer, tuple(n for n in own.values() if n is not None)))

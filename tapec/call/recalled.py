"""Programs from the cache on disk: how one is taken apart to be kept, and put together again.

An entry has machine code and what a call needs to know. The program itself is not in it: whoever
wants to look at it, traces the function again.
"""

from __future__ import annotations

import functools
import pickle
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from tapec.call.engine import Engine
from tapec.call.plain import Token, Unportable
from tapec.call.program import Face
from tapec.call.signature import Signature, roots_of
from tapec.call.specialize import Specialization
from tapec.call.state import CapturedState
from tapec.call.tokens import Tokens
from tapec.ir.types import Type
from tapec.lazy import deferred
from tapec.pipeline import Native, interpreted, relinked
from tapec.trace.markers import ResultMarker
from tapec.trace.python.edges import Edge, is_plain
from tapec.trace.python.plan import CapturedInput, InputPlan, eligible
from tapec.trace.python.walk import Walk
from tapec.tree import Tree

if TYPE_CHECKING:
    from tapec.call import tracing
    from tapec.call.native_form import NativeForm
else:
    tracing = deferred("tapec.call.tracing")


class Outdated(Exception):
    """An entry that does not fit what is there now."""


class Pinned(NamedTuple):
    """The entry of a signature whose program depends on the values of these parameters."""

    params: frozenset[int]


class Replanned(NamedTuple):
    """The entry of a plan in whose place the trace took another."""

    plan: InputPlan


class CompiledEntry(NamedTuple):
    """The entry of a program."""

    face: Face
    tree: Tree
    leaves: tuple[Any, ...]
    mutated: tuple[int, ...]
    errors: tuple[Exception, ...]
    exclusive: tuple[Any, ...]
    asked: frozenset[int]
    captured: bool
    inputs: tuple[tuple[str, Type, bool], ...]  # title, type, and whether it is a number
    contents: Mapping[str, Token]  # of captured values that might be inputs, but are constants
    code: Any  # the object file
    work_bytes: int
    nogil: bool
    level: int


Entry = CompiledEntry | Pinned | Replanned


def packed(entry: Entry) -> bytes:
    """An entry as bytes; raises Unportable where it refers to what only this process knows."""
    try:
        return pickle.dumps(entry, protocol=5)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise Unportable(f"results or errors of a class of this process only: {error}") from None


def unpacked(content: bytes) -> Entry:
    """The entry; raises Outdated where its classes are no longer to be found."""
    try:
        entry: Entry = pickle.loads(content)
    except (pickle.UnpicklingError, AttributeError, ImportError, TypeError, EOFError) as error:
        raise Outdated(str(error)) from None
    return entry


def entry_of(special: Specialization) -> CompiledEntry:
    """What to keep of a compiled program; raises Unportable where that is not all there is."""
    made: Native | None = special.compiled
    if made is None:
        raise Unportable("the NumPy interpreter runs it")
    kernel: Any = made.kernel
    if special.effects is not None or kernel.code.hosts:
        raise Unportable("it changes objects outside, or calls Python")
    if not all(isinstance(x, ResultMarker) or is_plain(x) or _travels(x) for x in special.leaves):
        raise Unportable("it returns objects as they are")
    return CompiledEntry(
        special.face,
        special.tree,
        special.leaves,
        special.mutated,
        special.errors,
        special.exclusive,
        special.asked,
        special.state is not None,
        tuple((i.title, i.type, i.number) for i in _inputs(special)),
        _contents(special),
        kernel.code,
        kernel.signature.work_bytes,
        kernel.signature.nogil,
        kernel.opt,
    )


def _travels(x: Any) -> bool:
    """Whether a result is a kernel of ours whose program is known, such as a linear map."""
    return getattr(getattr(x, "__wrapped__", None), "travels", None) is True


def _inputs(special: Specialization) -> Sequence[CapturedInput]:
    return () if special.state is None else special.state.inputs


def _contents(special: Specialization) -> dict[str, Token]:
    """The captured values that the key leaves open, and that are no inputs after all."""
    if special.state is None:
        return {}
    used = {e.place for i in _inputs(special) for e in i.edges}
    return {
        title: Tokens().of(edge.value)
        for title, edge in _open(special.state.edges, special.plan).items()
        if edge.place not in used
    }


def _open(edges: Sequence[Edge], plan: InputPlan) -> dict[str, Edge]:
    """The reads whose values are not in the key, by title."""
    arrays, numbers = eligible(edges, plan)
    return {e.title: e for e in (*chain(*arrays.values()), *numbers.values())}


def recalled(
    kept: CompiledEntry,
    f: Callable[..., Any],
    signature: Signature,
    engine: Engine,
    plan: InputPlan,
) -> Specialization:
    """The program of an entry, linked. Raises Outdated where captured values are others."""
    state = _state(kept, roots_of(f, signature), plan) if kept.captured else None

    def again() -> Specialization:
        return tracing.specialize(f, signature, engine, plan)

    special = Specialization(
        signature,
        Recalled(kept, again),
        kept.face,
        kept.tree,
        kept.leaves,
        kept.mutated,
        engine,
        kept.errors,
        state,
        plan,
        kept.exclusive,
        None,
        kept.asked,
    )
    assert special.compiled is not None  # linked here, where it may fail
    return special


def _state(kept: CompiledEntry, roots: Sequence[tuple[str, Any]], plan: InputPlan) -> CapturedState:
    walk = Walk(roots, stored=plan.stored)
    arrays, _ = eligible(walk.edges, plan)
    places = _open(walk.edges, plan)
    inputs = []
    for title, kind, number in kept.inputs:
        edge = places.get(title)
        if edge is None:
            raise Outdated(f"{title} is no input any more")
        edges = [edge] if number else arrays[id(edge.value)]
        inputs.append(CapturedInput(title, kind, number, edge.value, edges))
    for title, token in kept.contents.items():
        if title not in places or Tokens().of(places[title].value) != token:
            raise Outdated(f"{title} has changed")
    assigned = [*walk.owners.assigned()]
    return CapturedState(roots, inputs, assigned, stored=plan.stored)


class Recalled:
    """The program of a specialization that comes from the cache."""

    def __init__(self, entry: CompiledEntry, again: Callable[[], Specialization]) -> None:
        self._entry, self._again = entry, again
        self.kept = ""

    def native(self, abi: Any, backend: str, form: NativeForm) -> Native | None:
        """The machine code, linked."""
        e = self._entry
        self._entry = e._replace(code=None)  # it is in memory now

        def func() -> Any:
            return form.of(self.func)

        return relinked(e.code, abi, e.work_bytes, e.nogil, e.level, func)

    def interpreted(self) -> Any:
        """The program run by the interpreter."""
        return interpreted(self.func)

    @functools.cached_property
    def _traced(self) -> Any:
        """The program, traced again in the same state."""
        made = self._again()
        if tuple((i.title, i.type, i.number) for i in _inputs(made)) != self._entry.inputs:
            raise Outdated("the function reads other values than when it was compiled")
        return made.program

    @property
    def func(self) -> Any:
        """The cleaned program."""
        return self._traced.func

    @property
    def raw(self) -> Any:
        """The trace."""
        return self._traced.raw

    @property
    def journal(self) -> Any:
        """What was done to trace it."""
        return self._traced.journal

    @property
    def choices(self) -> Any:
        """The decisions on the function's loops and branches."""
        return self._traced.choices

"""The captured state that a program is valid for, checked at every call.

Native code compares words in memory with their expected values (see `tapec.backends.llvm.watch`);
this module handles a mismatch. An equal value in another object is accepted, an input is read
again, and any other change makes the program invalid: the function is traced again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tapec.backends.locks import ForkedLock
from tapec.lazy import deferred
from tapec.trace.python.edges import ABSENT, Edge, exact, is_plain, same_content
from tapec.trace.python.plan import CapturedInput, InputPlan
from tapec.trace.python.walk import Walk

if TYPE_CHECKING:
    from tapec.backends import llvm
    from tapec.backends.llvm import watch
else:
    llvm = deferred("tapec.backends.llvm")
    watch = deferred("tapec.backends.llvm.watch")

Roots = Sequence[tuple[str, Any]]
Place = tuple[dict[str, Any], str, str]  # a dictionary, a key, and a title


class CapturedState:
    """The captured values that a program assumes constant, and those it reads as inputs."""

    def __init__(
        self,
        roots: Roots,
        inputs: Sequence[CapturedInput] = (),
        assigned: Sequence[Place] = (),
        changes: bool = False,
        stored: frozenset[str] = frozenset(),
    ) -> None:
        self.roots, self._stored = roots, stored
        self.inputs = [*inputs]
        self.changed = ""  # the title of the value that made the program invalid
        self._watch: Any = None
        self._lock = ForkedLock()
        self._other: list[Edge] = []  # edges whose value is now another, equal object
        # Places that the function assigns, and that had the assigned value when it was traced.
        self._assigned = [*assigned]
        self._now: dict[int, Any] = {}
        self._adopt(self._walk())
        # What stands now in the place of each container when it was traced.
        follows = changes or self._assigned
        seen = [x for e in self._edges for x in (e.owner, e.value)] if follows else []
        self._now = {id(x): x for x in seen}

    def now(self, thing: Any) -> Any:
        """What is now in the place of a container of outside."""
        return self._now.get(id(thing), thing)

    def _walk(self) -> list[Edge]:
        places = [(self.now(owner), key, title) for owner, key, title in self._assigned]
        return Walk(self.roots, places, self._stored).edges

    def _adopt(self, edges: list[Edge]) -> None:
        self._edges = edges
        places = {e.place: e for e in edges}
        for i in self.inputs:
            i.edges = [places[e.place] for e in i.edges if e.place in places]
        arrays = {id(i.value) for i in self.inputs if not i.number}
        self._places = {e.place: i for i in self.inputs if i.number for e in i.edges}
        # Arrays that are constants of the program, with their content when it was traced.
        self._constants = {
            id(e.value): (e.value, e.value.copy(order="A"))
            for e in edges
            if isinstance(e.value, np.ndarray) and (id(e.value) not in arrays or not e.hooked)
        }
        self._by_reference = [i.value for i in self.inputs if not i.number]

    def __bool__(self) -> bool:
        return bool(self._edges)

    @property
    def values(self) -> list[Any]:
        """The inputs as they are now."""
        return [i.value for i in self.inputs]

    @property
    def arrays(self) -> list[Any]:
        """All captured arrays."""
        return [*self._by_reference, *(array for array, _ in self._constants.values())]

    # -- checking ---------------------------------------------------------------------------

    def holds(self) -> bool:
        """Whether the program is still valid; if so, its inputs are up to date afterwards."""
        with self._lock.held():
            return self._holds()

    def _holds(self) -> bool:
        self._other = []
        if all(map(self._same, self._edges)) and self._constants_hold():
            if self._watch is not None:
                self._watch.update(self, self._other)
            return True
        if not self._alike():
            if self._watch is not None and self._other:
                self._watch.drop()  # it expects objects that nothing keeps alive any more
            return False
        if self._watch is not None:
            self._watch.renew(self)
        return True

    def _same(self, edge: Edge) -> bool:
        now = edge.read()
        if now is edge.value:
            return True
        given = self._places.get(edge.place)
        if given is not None and type(now) is type(given.value):
            given.value = edge.value = now
            self._other.append(edge)
            return True
        if is_plain(now) and exact(now) == exact(edge.value):
            edge.value = now
            self._other.append(edge)
            return True
        self.changed = f"{edge.title}: {_shown(edge.value)} -> {_shown(now)}"
        return False

    def _constants_hold(self) -> bool:
        for array, before in self._constants.values():
            if not same_content(array, before):
                self.changed = f"the content of {self._title(array)}"
                return False
        return all(
            i.number or (i.value.shape == i.type.shape and i.value.dtype == i.type.numpy)
            for i in self.inputs
        )

    def _title(self, array: Any) -> str:
        return next(e.title for e in self._edges if e.value is array)

    def _alike(self) -> bool:
        """Whether the captured objects are others now, but equal for the program."""
        new = self._walk()
        if len(new) != len(self._edges):
            return False
        arrays = {id(i.value): i for i in self.inputs if not i.number}
        numbers = {id(e): i for i in self.inputs if i.number for e in i.edges}
        given: dict[int, Any] = {}
        for old, now in zip(self._edges, new, strict=True):
            if (old.title, old.holder, old.hooked) != (now.title, now.holder, now.hooked):
                return False
            known = arrays.get(id(old.value)) if old.hooked else None
            if known is not None:
                if given.setdefault(id(known), now.value) is not now.value or not _fits(known, now):
                    return False
            elif id(old) in numbers:
                if type(now.value) is not type(numbers[id(old)].value):
                    return False
            elif not self._is_alike(old, now):
                return False
        if len({id(v) for v in given.values()}) != len(given) or not self._same_aliases(new):
            return False
        renewed = {id(old): now for old, now in zip(self._edges, new, strict=True)}
        for i in self.inputs:
            i.edges = [renewed[id(e)] for e in i.edges]
            i.value = i.edges[0].value if i.number else given.get(id(i), i.value)
        moved = {id(old.owner): now.owner for old, now in zip(self._edges, new, strict=True)}
        moved |= {id(old.value): now.value for old, now in zip(self._edges, new, strict=True)}
        self._now = {k: moved.get(id(x), x) for k, x in self._now.items()}
        self._adopt(new)
        return True

    def _same_aliases(self, new: Sequence[Edge]) -> bool:
        """Whether arrays are one object where they were one, if the function stores some."""
        if not self._now:
            return True
        pairs = zip(self._edges, new, strict=True)
        found = {id(old.value): now.value for old, now in pairs if _is_array(old)}
        pairs = zip(self._edges, new, strict=True)
        return all(found[id(old.value)] is now.value for old, now in pairs if _is_array(old))

    def _is_alike(self, old: Edge, now: Edge) -> bool:
        a, b = old.value, now.value
        if old.deep and now.deep:
            return type(a) is type(b) and (not isinstance(a, type) or a is b)
        if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
            return same_content(self._constants[id(a)][1], b)
        return a is b or (is_plain(a) and is_plain(b) and exact(a) == exact(b))

    # -- planning a retrace ----------------------------------------------------------------

    def plan(self, plan: InputPlan) -> tuple[InputPlan, list[str]]:
        """The plan for a retrace, and the values that changed since this one."""
        now = {(e.title, e.holder): e for e in self._walk()}
        titles = []
        for old in self._edges:
            new = now.get((old.title, old.holder))
            if new is None or not self._is_the_same(old, new):
                titles.append(old.title)
        found = [t for t in titles if t not in plan.known]
        return replace(plan, changed=plan.changed | {*found}), titles

    def _is_the_same(self, old: Edge, new: Edge) -> bool:
        a, b = old.value, new.value
        if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
            constant = self._constants.get(id(a))
            return a is b if constant is None else same_content(constant[1], b)
        return a is b or (is_plain(a) and is_plain(b) and exact(a) == exact(b))

    # -- native code -----------------------------------------------------------------------

    def link(self, library: Any) -> None:
        """Let native code check the captured state."""
        self._watch = watch.Watch(library, llvm.symbols()["tapec.unchanged"])
        self._watch.renew(self)

    def hidden_inputs(self) -> list[Any]:
        """The inputs that calls do not pass, in the memory order of native code."""
        return [np.asarray(i.value, i.type.numpy, order="C") for i in self.inputs]

    @property
    def edges(self) -> list[Edge]:
        """All reads."""
        return self._edges

    @property
    def constants(self) -> list[tuple[Any, Any]]:
        """Arrays whose content is part of the program, and that content."""
        return list(self._constants.values())

    def rows(self) -> list[str]:
        """What is captured, for `explain`."""
        inputs = {i.title for i in self.inputs}
        shown = [e for e in self._edges if not e.deep and e.value is not ABSENT]
        return [
            f"captured {e.title}: "
            + ("read at each call" if e.title in inputs else _shown(e.value))
            for e in shown
            if e.title in inputs or is_plain(e.value) or isinstance(e.value, np.ndarray)
        ]


def constant_state(f: Any) -> CapturedState:
    """The captured state of a function, all of it assumed constant."""
    return CapturedState([("", f)])


def _is_array(edge: Edge) -> bool:
    return isinstance(edge.value, np.ndarray)


def _fits(known: CapturedInput, edge: Edge) -> bool:
    x = edge.value
    return (
        type(x) is np.ndarray
        and x.shape == known.type.shape
        and x.dtype == known.type.numpy
        and x.flags.c_contiguous
        and x.flags.aligned
    )


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"array {value.dtype}{list(value.shape)}"
    text = repr(value) if is_plain(value) else f"a {type(value).__name__}"
    return text if len(text) <= 40 else f"{text[:37]}..."


__all__ = ["CapturedState", "constant_state"]

"""The native entries of one kernel: which calls go straight to which program."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from tapec.backends.fastcall import FastCallable, set_entry
from tapec.call.tuning import CHAINED, RETIRED
from tapec.call.values import has_gaps
from tapec.lazy import deferred

if TYPE_CHECKING:
    from tapec.backends import llvm
    from tapec.backends.llvm import dispatch
    from tapec.call import routes
    from tapec.call.routes import Route
    from tapec.call.specialize import Specialization
else:
    llvm, dispatch = deferred("tapec.backends.llvm"), deferred("tapec.backends.llvm.dispatch")
    routes = deferred("tapec.call.routes")


class Entries:
    """Programs whose code takes calls: a chain of a few, a table of many."""

    def __init__(self) -> None:
        self._routes: list[tuple[Specialization, Route]] = []  # newest first
        self._retired: list[Specialization] = []  # a call may still be running in them
        self._table: Any = None

    def run(
        self,
        kernel: FastCallable,
        special: Specialization,
        leaves: Sequence[Any],
        out: Any,
        given: Any,
    ) -> Any:
        """Evaluate a program; from now on native code takes calls like this, where it can."""
        if out is not None:
            self.offer(kernel, special, routes.receiving)
        elif special.signature.narrow:
            self.offer(kernel, special, routes.widening)
        elif any(map(has_gaps, leaves)):
            self.offer(kernel, special, routes.gathering)
        elif special.mutated or special.results.views:
            self.offer(kernel, special, routes.changing)
        return special.run(leaves, out, given, getattr(kernel, "plain", None))

    def add(self, kernel: FastCallable, special: Specialization) -> None:
        """Route matching calls of the kernel to this program, where native calls are possible."""
        self.offer(kernel, special, routes.direct)

    def offer(
        self,
        kernel: FastCallable,
        special: Specialization,
        make: Callable[[Specialization], Route | None],
    ) -> None:
        """Route calls through this entry of a program too."""
        route = special.once(make)
        known = any(other is route for _, other in self._routes)
        if route is not None and not known:
            self._routes.insert(0, (special, route))
            self._set(kernel)

    def drop(self, gone: Iterable[Specialization]) -> None:
        """Stop routing calls to these; their code stays loaded while a call may run in it."""
        for special in gone:
            kept = [known for known in self._routes if known[0] is not special]
            if len(kept) < len(self._routes):
                self._retired.append(special)
            self._routes = kept
        # Short calls hold the interpreter lock, so none still runs code retired long ago.
        old = self._retired[:-RETIRED]
        self._retired = [*(s for s in old if s.releases), *self._retired[-RETIRED:]]

    def _set(self, kernel: FastCallable) -> None:
        known = llvm.symbols()
        if len(self._routes) <= CHAINED:
            chain = [route.library for _, route in self._routes]
            set_entry(kernel, llvm.link_chain(chain, known["tapec.mismatch"]))
            return
        entries = [(route.library, route.signature) for _, route in self._routes]
        made = dispatch.table(entries, known["tapec.mismatch"])
        set_entry(kernel, known["tapec.dispatch"], made.ctypes.data)
        self._table = made  # the old table stays alive until no call reads it

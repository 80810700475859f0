"""The native entries of one kernel: which calls go straight to which program."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tapec.backends.fastcall import FastCallable, set_entry
from tapec.call.tuning import CHAINED, RETIRED
from tapec.lazy import deferred

if TYPE_CHECKING:
    from tapec.backends import llvm
    from tapec.backends.llvm import dispatch
    from tapec.call.specialize import Specialization
else:
    llvm, dispatch = deferred("tapec.backends.llvm"), deferred("tapec.backends.llvm.dispatch")


class Entries:
    """Programs whose code takes calls: a chain of a few, a table of many."""

    def __init__(self) -> None:
        self._programs: list[Specialization] = []  # newest first
        self._receiving: list[Specialization] = []  # those that calls give `out`
        self._retired: list[Specialization] = []  # a call may still be running in them
        self._table: Any = None

    def add(self, kernel: FastCallable, special: Specialization) -> None:
        """Route matching calls of the kernel to this program, where native calls are possible."""
        if special.library is not None:
            self._programs.insert(0, special)
            self._set(kernel)

    def receive(self, kernel: FastCallable, special: Specialization) -> None:
        """Route calls with `out` too, from the first such call on."""
        known = special in self._receiving or special not in self._programs
        if not known and special.receiving is not None:
            self._receiving.append(special)
            self._set(kernel)

    def drop(self, gone: Iterable[Specialization]) -> None:
        """Stop routing calls to these; their code stays loaded while a call may run in it."""
        for special in gone:
            if special in self._programs:
                self._programs.remove(special)
                self._retired.append(special)
            if special in self._receiving:
                self._receiving.remove(special)
        # Short calls hold the interpreter lock, so none still runs code retired long ago.
        old = self._retired[:-RETIRED]
        self._retired = [*(s for s in old if s.releases), *self._retired[-RETIRED:]]

    def _set(self, kernel: FastCallable) -> None:
        python = llvm.symbols()["tapec.mismatch"]
        entries = [(s.library, s.compiled.kernel.signature) for s in self._programs]
        entries += [(s.receiving, self._with_out(s)) for s in self._receiving]
        if len(entries) <= CHAINED:
            set_entry(kernel, llvm.link_chain([library for library, _ in entries], python))
            return
        made = dispatch.table(entries, python)
        set_entry(kernel, llvm.symbols()["tapec.dispatch"], made.ctypes.data)
        self._table = made  # the old table stays alive until no call reads it

    @staticmethod
    def _with_out(special: Specialization) -> Any:
        return replace(special.compiled.kernel.signature, into=True)

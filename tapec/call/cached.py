"""Programs from the cache on disk where they are there, traced and compiled where not.

The one place that decides between both: what follows a miss is loaded here, at the first.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tapec.cache.shared import CACHE
from tapec.call.engine import Engine
from tapec.call.fingerprint import Fingerprint
from tapec.call.plain import Token, Unportable
from tapec.call.recalled import (
    CompiledEntry,
    Pinned,
    Replanned,
    entry_of,
    packed,
    recalled,
    unpacked,
)
from tapec.call.signature import Signature, program_name, roots_of
from tapec.call.specialize import Specialization
from tapec.config import SETTINGS
from tapec.lazy import deferred
from tapec.trace.python.plan import InputPlan

if TYPE_CHECKING:
    from tapec import trace
    from tapec.backends.llvm import target
    from tapec.call import tracing
else:
    trace, tracing = deferred("tapec.trace"), deferred("tapec.call.tracing")
    target = deferred("tapec.backends.llvm.target")


class Pins(Exception):
    """The program depends on the values of these parameters."""

    def __init__(self, params: frozenset[int]) -> None:
        self.params = params
        super().__init__(params)


def specialize(
    f: Callable[..., Any], signature: Signature, engine: Engine, plan: InputPlan
) -> tuple[Specialization, CacheRequest]:
    """The program of a function for this signature, and what keeps it once it is compiled.

    Raises Pins where it depends on values of arguments.
    """
    request = CacheRequest(f, signature, engine, plan)
    found = request.find()
    if found is not None:
        return found, request
    try:
        special = tracing.specialize(f, signature, engine, plan)
    except trace.NeedStatic as need:
        request.keep_entry(Pinned(need.params))
        raise Pins(need.params) from None
    return special, request


class CacheRequest:
    """One program that is wanted: where it is in the cache, if it can be there."""

    def __init__(
        self, f: Callable[..., Any], signature: Signature, engine: Engine, plan: InputPlan
    ) -> None:
        self.f, self.signature, self.engine, self.plan = f, signature, engine, plan
        self.note = ""  # what became of it, for `explain`
        self.known: Fingerprint | None = None
        self._start = time.perf_counter()
        self.key = self._key(plan)

    # ---- keys ----

    def _key(self, plan: InputPlan) -> str:
        """The key of the program; "" where it has none."""
        if not CACHE.enabled or self.engine.backend == "numpy" or not target.available()[0]:
            return ""
        try:
            return CACHE.key("program", target.host().key, self._token(plan))
        except Unportable as error:
            self.note = f"not kept: the function reads {error}"
        except Exception as error:  # of an object of the user's that was looked at
            self.note = f"not kept: {type(error).__name__} where the function's state was read"
        return ""

    def _token(self, plan: InputPlan) -> Token:
        """All that the program depends on, but for versions and the machine."""
        roots = roots_of(self.f, self.signature)
        kinds = [(k.__name__, k) for k in self.signature.kinds]
        known = self.known = Fingerprint([*roots, *kinds], plan)
        return (
            program_name(self.f),
            tuple(self.engine),
            self.signature.token(known.tokens.of),
            (sorted(plan.changed), sorted(plan.known), plan.fixed, sorted(plan.stored)),
            known.key,
        )

    # ---- reading ----

    def find(self) -> Specialization | None:
        """The program, if it is there."""
        if not self.key or SETTINGS.dump is not None or SETTINGS.debug > 1:
            return None
        try:
            return self._recalled(self.key, self.plan)
        except Pins:
            raise
        except Exception as error:  # also of modules that are imported for a class
            self.note = f"compiled again: {error}"
            return None

    def _recalled(self, key: str, plan: InputPlan) -> Specialization | None:
        found = CACHE.read(key)
        if found.content is None:
            self.note = f"compiled again: {found.reason}" if found.reason else "compiled, and kept"
            return None
        entry = unpacked(found.content)
        if isinstance(entry, Pinned):
            raise Pins(entry.params)
        if isinstance(entry, Replanned):
            again = self._key(entry.plan) if entry.plan != plan else ""
            return self._recalled(again, entry.plan) if again else None
        special = recalled(entry, self.f, self.signature, self.engine, plan)
        took = (time.perf_counter() - self._start) * 1e3
        special.program.kept = f"from disk in {took:.1f} ms, entry {key}"
        return special

    # ---- writing ----

    def keep(self, special: Specialization) -> None:
        """Keep a compiled program, if it can be."""
        if special.program.kept:
            return  # it comes from there
        special.program.kept = self._kept(special)
        if special.compiled is not None:
            special.compiled.release()

    def _kept(self, special: Specialization) -> str:
        if not self.key:
            return self.note
        try:
            content = packed(entry_of(special))
        except Exception as error:  # also of objects that are pickled
            return f"not kept: {error}"
        if self.known is None or not self.known.holds():
            return "not kept: what the function reads has changed while it was traced"
        key = self.key
        if special.plan != self.plan:
            self.keep_entry(Replanned(special.plan))
            key = self._key(special.plan)
        failed = CACHE.write(key, content) if key else "no key"
        return f"not kept: {failed}" if failed else self.note

    def keep_entry(self, entry: Pinned | Replanned | CompiledEntry) -> None:
        """Keep an entry under the key."""
        if self.key:
            CACHE.write(self.key, packed(entry))

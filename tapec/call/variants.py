"""The programs of one signature: one for each state that they cannot read as an input."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tapec.call.tuning import VARIANTS
from tapec.trace.python.plan import InputPlan

if TYPE_CHECKING:
    from tapec.call.specialize import Specialization


class Variants:
    """The programs of one signature, the last one used first."""

    def __init__(self) -> None:
        self.specials: list[Specialization] = []
        self.plan = InputPlan()
        self.changes: Counter[str] = Counter()  # retraces, by captured value

    def current(self) -> Specialization | None:
        """The program that is valid for the captured state now."""
        for k, special in enumerate(self.specials):
            if special.holds():
                if k:  # a new list: other threads may be iterating over the old one
                    others = [s for s in self.specials if s is not special]
                    self.specials = [special, *others]
                return special
        return None

    def next_plan(self) -> InputPlan:
        """The plan for a program that is valid for the captured state now."""
        if self.specials and self.specials[0].state is not None:
            self.plan, changed = self.specials[0].state.plan(self.plan)
            self.changes.update(changed)
        return self.plan

    def add(self, special: Specialization) -> list[Specialization]:
        """Add a program; returns those evicted for it."""
        special.changes = self.changes
        self.plan = special.plan
        specials = [special, *self.specials]
        self.specials = specials[:VARIANTS]
        return specials[VARIANTS:]

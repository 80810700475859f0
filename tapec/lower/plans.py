"""The plans of a program's blocks, made in several attempts and kept.

Lowering starts again where it finds that a value needs memory, and looks at bodies of loops twice:
a block is planned again only where what is new concerns it, and from where its last plan ended.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field

from tapec.ir.core import Block, Func, Value
from tapec.lower.inplace import adoptions
from tapec.lower.order import arranged
from tapec.lower.overlap import overlapping
from tapec.lower.plan import Plan, Roles

ROUNDS = 4  # attempts at avoiding to compute values twice


@dataclass
class Planned:
    """A block's best plan so far, and what led to it."""

    plan: Plan
    wanted: set[Value]
    adopt: dict[Value, Value]
    attempts: int


@dataclass
class Plans:
    """All blocks of one program."""

    orders: dict[tuple[Block, bool], Func] = field(default_factory=dict)
    found: dict[tuple[Block, Roles], Planned] = field(default_factory=dict)

    def order(self, func: Func, *, region: bool) -> Func:
        """The block with its writes as late as possible (see `tapec.lower.order`)."""
        key = func.block, region
        if key not in self.orders:
            self.orders[key] = arranged(func, region=region)
        return self.orders[key]

    def plan(self, func: Func, forced: Set[Value], roles: Roles) -> Plan:
        """The schedule of an ordered block."""
        key = func.block, roles
        known = self.found.get(key)
        if known is None:
            self.found[key] = attempted(func, set(forced), roles)
        elif not forced <= known.wanted:
            here = {v for v in forced if v in known.plan.source or v in func.params}
            if not here <= known.wanted:
                self.found[key] = attempted(func, known.wanted | here, roles, known)
        return self.found[key].plan


def attempted(func: Func, wanted: set[Value], roles: Roles, last: Planned | None = None) -> Planned:
    """Schedule a block.

    Again where values that several nests would recompute at a cost, or that are read after what
    they are computed from is overwritten, must get memory, or where an array finds a better place.
    """
    adopt = dict(last.adopt) if last is not None else {}
    attempts = last.attempts if last is not None else 0
    while True:
        result = Plan(func, wanted, roles, adopt)
        more = result.takeovers.conflicts - wanted
        if attempts < ROUNDS:
            again = overlapping(func, result.inline, result.costs)
            more |= (result.repeated() | again) - wanted
        better = {v: p for v, p in adoptions(result, roles.aims).items() if v not in adopt}
        if not more and not better:
            return Planned(result, wanted, adopt, attempts)
        wanted |= more
        adopt |= {} if more else better
        attempts += 1

"""Placement of values in memory: `choose_memory` and `take_over_memory`.

A block is planned under requirements of its surroundings, and states requirements for its own
regions: both passes go from the outside to the inside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.regions import region_op
from tapec.lower.access import inaccessible
from tapec.lower.inplace import adoptions
from tapec.lower.marks import Placement, is_data, marked, unmarked
from tapec.lower.overlap import overlapping
from tapec.lower.plan import Plan
from tapec.lower.products import read_by_calls
from tapec.lower.regions import addressed
from tapec.lower.roles import NONE, Roles
from tapec.lower.rotation import origins
from tapec.lower.tuning import ROUNDS, SMALL


def choose_memory(func: Func) -> Func:
    """The program with `materialize` behind every value that has memory.

    These are results and what is read too often, at places that its own rule cannot address, or
    after what it is computed from is overwritten (see `take_over_memory`). Others are computed
    where they are read.
    """
    return _Walk(addressed(func) | read_by_calls(func)).program(func)


def take_over_memory(func: Func) -> Func:
    """The program with `share` for `materialize` where a value reuses memory that dies.

    Writes, loops and branches that change an array continue in it when nothing reads the old one
    afterwards; a value that must survive that is saved by a `copy`.
    """
    if not any(op.regions or op.primitive.writes is not None for op in func.ops):
        return func  # nothing changes an array
    return _Walk(set(), frozen=True).program(func)


@dataclass
class _Walk:
    """All blocks of one program; functions that are called are planned once."""

    forced: set[Value]
    frozen: bool = False
    functions: dict[Block, Block] = field(default_factory=dict)

    def program(self, func: Func) -> Func:
        """The program with markers."""
        return Func(func.name, self.placed(self.plan(func.block, NONE)))

    def plan(self, block: Block, roles: Roles) -> Plan:
        """The plan of a block."""
        plain, places = unmarked(block)
        return planned(Func("", plain), self.forced | places.roots, roles, frozen=self.frozen)

    def placed(self, plan: Plan) -> Block:
        """The block of a plan with its markers, in its regions too."""
        block = plan.func.block
        known = (*block.params, *(op.result for op in block.ops if is_data(op)))
        kept = {v for v in known if v in plan.forced and 1 < v.type.size <= SMALL}
        places = Placement(plan.roots | kept, plan.shares if self.frozen else {})
        saved = {
            v: [k for k in plan.roles.early if block.results[k] is v]
            for v in (plan.saved if self.frozen else ())
        }
        return marked(block, places, lambda op: self.regions(op, plan), saved)

    def regions(self, op: Op, outer: Plan) -> tuple[Block, ...]:
        """The regions of an op, each planned under the requirements of the op."""
        if op.primitive.branch:
            return tuple(self.side(op, region, outer) for region in op.regions)
        if op.primitive.loop:
            tests = [self.placed(self.plan(r, Roles(cheap=0))) for r in op.regions[:-1]]
            return (*tests, self.placed(self.loop_body(op, outer)))
        return tuple(map(self.function, op.regions))

    def function(self, block: Block) -> Block:
        """The same function for all of its calls."""
        if block not in self.functions:
            self.functions[block] = self.placed(self.plan(block, NONE))
        return self.functions[block]

    def side(self, op: Op, region: Block, outer: Plan) -> Block:
        """A side of a branch, which reuses the memory that the branch takes over."""
        taken = {outer.shares[r]: k for k, r in enumerate(op.results) if r in outer.shares}
        pairs = zip(region.params, op.operands[1:], strict=True)
        owned = {p: taken[v] for p, v in pairs if v in taken}
        plain, _ = unmarked(region)
        aims = tuple((plain.results[k], p) for p, k in owned.items())
        roles = Roles(frozenset(owned), aims, cheap=outer.roles.cheap)
        return self.placed(self.plan(region, roles))

    def loop_body(self, op: Op, outer: Plan) -> Plan:
        """The body of a loop: large carried values return to their memory, or rotate.

        Rotating values (see `tapec.lower.rotation`) need not return to their memory.
        """
        body, _ = unmarked(op.regions[-1])
        loop = region_op(op)
        params = loop.state(loop.body)
        large = [k for k in range(len(params)) if op.results[k] in outer.roots]

        def attempt(aimed: Sequence[int]) -> Plan:
            aims = tuple((body.results[k], params[k]) for k in aimed)
            owned = frozenset(params[k] for k in large)
            early = frozenset(range(len(params), len(body.results)))
            return self.plan(op.regions[-1], Roles(owned, aims, early, 0, renewing=True))

        def turning(plan: Plan) -> dict[int, int | None]:
            return origins(body.results, plan, params, large)

        first = attempt(large)
        found = turning(first)
        if not found:
            return first
        second = attempt([k for k in large if k not in found])
        return second if turning(second).keys() == found.keys() else first


def planned(func: Func, forced: set[Value], roles: Roles, *, frozen: bool) -> Plan:
    """Plan a block.

    Repeated while it finds values that need memory: those that cannot be computed where they are
    read, that several nests would recompute at a cost, or whose operands are overwritten before
    they are read. Also repeated while an array finds a better place.
    """
    wanted, adopt, attempts = set(forced), dict[Value, Value](), ROUNDS if frozen else 0
    while True:
        result = Plan(func, wanted, roles, adopt, frozen=frozen)
        more = result.takeovers.conflicts | inaccessible(result)
        if attempts < ROUNDS:
            more |= result.repeated() | result.parted() | result.lengthy()
            more |= overlapping(func, result.inline, result.costs)
        more -= wanted
        better = {
            v: p for v, p in adoptions(result.takeovers, roles.aims).items() if v not in adopt
        }
        if not more and not better:
            return result
        wanted |= more
        adopt |= {} if more else better
        attempts += 1

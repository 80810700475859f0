"""One view of all branches and loops, and their rebuilding with fewer or other arguments.

Operands are `lead` (predicate, index, count), then the arguments, which every region takes as its
parameters after `skip` (the iteration number). Arguments are constants, carried values, and arrays
read slice by slice; results are the carried values, then others. A branch has constants only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TypeVar

from tapec.ir.core import Block, Op, Value

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Site:
    """A branch or loop, its operands and results told apart."""

    op: Op
    lead: int
    skip: int
    consts: int
    carry: int

    @property
    def args(self) -> tuple[Value, ...]:
        """The operands that regions see."""
        return self.op.operands[self.lead :]

    @property
    def bodies(self) -> tuple[Block, ...]:
        """The regions that return the op's results: all but the condition of a loop."""
        form = self.op.primitive.form
        assert form is not None
        return self.op.regions[form.first :]

    @property
    def carried(self) -> range:
        """The positions of the carried values among the arguments."""
        return range(self.consts, self.consts + self.carry)

    def params(self, region: Block) -> tuple[Value, ...]:
        """The region's parameters that stand for the arguments."""
        return region.params[self.skip :]


def site(op: Op) -> Site | None:
    """The view; None for ops that are neither branch nor loop."""
    form = op.primitive.form
    if form is None or not (op.primitive.loop or op.primitive.branch):
        return None
    consts = op.attrs["consts"] if form.loop else len(op.operands) - form.lead
    return Site(op, form.lead, form.skip, consts, op.attrs["carry"] if form.loop else 0)


def rebuilt(
    s: Site,
    args: Iterable[int],
    results: Iterable[int],
    regions: Callable[[Block, Block], Block] = lambda old, new: new,
    frozen: Set[int] = frozenset(),
) -> Op:
    """The op with these arguments and results only; `regions(old, new)` may finish each region.

    Carried values must be kept on both sides, those `frozen` become constants and lose their
    results.
    """

    def group(k: int) -> int:
        return 0 if k < s.consts or k in frozen else 1 if k in s.carried else 2

    kept, wanted = sorted(args, key=lambda k: (group(k), k)), sorted(results)
    groups = [group(k) for k in kept]
    bodies = frozenset(map(id, s.bodies))

    def region(old: Block) -> Block:
        found = pick(old.results, wanted) if id(old) in bodies else old.results
        params = (*old.params[: s.skip], *pick(s.params(old), kept))
        return regions(old, Block(params, old.ops, found))

    operands = (*s.op.operands[: s.lead], *pick(s.args, kept))
    return Op(
        s.op.primitive,
        operands,
        attrs(s, groups.count(0), groups.count(1)),
        pick(s.op.results, wanted),
        tuple(map(region, s.op.regions)),
        s.op.loc,
    )


def with_consts(
    s: Site, given: Sequence[Value], inner: Sequence[Mapping[int, Value]], gone: Set[Op]
) -> Op:
    """The op given further values, the same in every iteration.

    Region r knows value k as `inner[r][k]`, which was the result of an op among those `gone`.
    """
    first = s.skip + s.consts

    def region(old: Block, known: Mapping[int, Value]) -> Block:
        extra = [known.get(k) or Value(v.type, v.hint) for k, v in enumerate(given)]
        params = (*old.params[:first], *extra, *old.params[first:])
        return Block(params, tuple(op for op in old.ops if op not in gone), old.results)

    args = (*s.args[: s.consts], *given, *s.args[s.consts :])
    return Op(
        s.op.primitive,
        (*s.op.operands[: s.lead], *args),
        attrs(s, s.consts + len(given), s.carry),
        s.op.results,
        tuple(map(region, s.op.regions, inner)),
        s.op.loc,
    )


def without_tapes(s: Site, passed: Set[int]) -> list[int]:
    """The arguments but for the tapes among those `passed` through: their one use was that."""
    return [k for k, v in enumerate(s.args) if not (k in passed and v.type.dtype == "tape")]


def attrs(s: Site, consts: int, carry: int) -> dict[str, object]:
    """The attributes with other counts."""
    counts = {"consts": consts, "carry": carry} if s.op.primitive.loop else {}
    return {**s.op.attrs, **counts}


def pick(items: Sequence[T], positions: Iterable[int]) -> tuple[T, ...]:
    """The items at these positions."""
    return tuple(items[k] for k in positions)


def with_ops(block: Block, head: Sequence[Op]) -> Block:
    """The block with ops in front of its own."""
    return Block(block.params, (*head, *block.ops), block.results) if head else block

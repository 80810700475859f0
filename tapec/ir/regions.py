"""Branches, loops and calls: how their operands and results stand to those of their regions.

Operands are `lead` (predicate, index, trip count), then the arguments, which every region takes as
its parameters after `skip` (the iteration number). Arguments are constants, then carried values,
then arrays read slice by slice; results are the carried values, then others, which scans stack.
Branches and calls have constants only. What is so for which op says the table (`Primitive.form`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TypeVar

from tapec.ir.core import Block, Op, Value

T = TypeVar("T")
Groups = tuple[tuple[T, ...], tuple[T, ...], tuple[T, ...]]


@dataclass(frozen=True, slots=True)
class RegionOp:
    """A branch, loop or call, its operands and results told apart."""

    op: Op
    lead: int
    skip: int
    consts: int
    carry: int
    tests: int  # leading regions that compute the condition of a loop

    @property
    def args(self) -> tuple[Value, ...]:
        """The operands that regions see."""
        return self.op.operands[self.lead :]

    @property
    def bodies(self) -> tuple[Block, ...]:
        """The regions that return the op's results: all but the condition of a loop."""
        return self.op.regions[self.tests :]

    @property
    def body(self) -> Block:
        """The only body, of loops and calls."""
        (block,) = self.bodies
        return block

    @property
    def carried(self) -> range:
        """The positions of the carried values among the arguments."""
        return range(self.consts, self.consts + self.carry)

    @property
    def first(self) -> int:
        """The operand that is the first carried value."""
        return self.lead + self.consts

    @property
    def starts(self) -> tuple[Value, ...]:
        """The carried values in front of the first iteration."""
        return self.op.operands[self.first : self.first + self.carry]

    def params(self, region: Block) -> tuple[Value, ...]:
        """The region's parameters that stand for the arguments."""
        return region.params[self.skip :]

    @property
    def state_at(self) -> slice:
        """Where the carried values are among a region's parameters."""
        first = self.skip + self.consts
        return slice(first, first + self.carry)

    def state(self, region: Block) -> tuple[Value, ...]:
        """The region's parameters that are the carried values."""
        return region.params[self.state_at]

    def groups(self, items: Sequence[T]) -> Groups[T]:
        """One item per argument: those of the constants, the carried values and the slices."""
        return split(items, self.consts, self.carry)

    def attrs(self, consts: int, carry: int) -> dict[str, object]:
        """The op's attributes with other counts."""
        counts = {"consts": consts, "carry": carry} if self.op.primitive.loop else {}
        return {**self.op.attrs, **counts}

    def operands_of(self, params: int) -> int:
        """The bit mask of the operands that stand for a bit mask of parameters."""
        return params >> self.skip << self.lead


def region_op(op: Op) -> RegionOp:
    """The view of a branch, a loop or a call."""
    form = op.primitive.form
    assert form is not None, op.name
    consts = op.attrs["consts"] if form.loop else len(op.operands) - form.lead
    carry = op.attrs["carry"] if form.loop else 0
    return RegionOp(op, form.lead, form.skip, consts, carry, form.first)


def branch_or_loop(op: Op) -> RegionOp | None:
    """The view; None for calls and for ops that have no regions."""
    return region_op(op) if op.primitive.loop or op.primitive.branch else None


def split(items: Sequence[T], consts: int, carry: int) -> Groups[T]:
    """A loop's constants, carried values, and the rest."""
    items = tuple(items)
    return items[:consts], items[consts : consts + carry], items[consts + carry :]


# --- the same op with fewer or other arguments ----------------------------------------------------


def rebuilt(
    r: RegionOp,
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
        return 0 if k < r.consts or k in frozen else 1 if k in r.carried else 2

    kept, wanted = sorted(args, key=lambda k: (group(k), k)), sorted(results)
    groups = [group(k) for k in kept]
    bodies = frozenset(map(id, r.bodies))

    def region(old: Block) -> Block:
        found = pick(old.results, wanted) if id(old) in bodies else old.results
        params = (*old.params[: r.skip], *pick(r.params(old), kept))
        return regions(old, Block(params, old.ops, found))

    operands = (*r.op.operands[: r.lead], *pick(r.args, kept))
    return Op(
        r.op.primitive,
        operands,
        r.attrs(groups.count(0), groups.count(1)),
        pick(r.op.results, wanted),
        tuple(map(region, r.op.regions)),
        r.op.loc,
    )


def with_consts(
    r: RegionOp, given: Sequence[Value], inner: Sequence[Mapping[int, Value]], gone: Set[Op]
) -> Op:
    """The op given further values, the same in every iteration.

    Region r knows value k as `inner[r][k]`, which was the result of an op among those `gone`.
    """
    first = r.skip + r.consts

    def region(old: Block, known: Mapping[int, Value]) -> Block:
        extra = [known.get(k) or Value(v.type, v.hint) for k, v in enumerate(given)]
        params = (*old.params[:first], *extra, *old.params[first:])
        return Block(params, tuple(op for op in old.ops if op not in gone), old.results)

    args = (*r.args[: r.consts], *given, *r.args[r.consts :])
    return Op(
        r.op.primitive,
        (*r.op.operands[: r.lead], *args),
        r.attrs(r.consts + len(given), r.carry),
        r.op.results,
        tuple(map(region, r.op.regions, inner)),
        r.op.loc,
    )


def without_tapes(r: RegionOp, passed: Set[int]) -> list[int]:
    """The arguments but for the tapes among those `passed` through: their one use was that."""
    return [k for k, v in enumerate(r.args) if not (k in passed and v.type.is_tape)]


def pick(items: Sequence[T], positions: Iterable[int]) -> tuple[T, ...]:
    """The items at these positions."""
    return tuple(items[k] for k in positions)


def with_ops(block: Block, head: Sequence[Op]) -> Block:
    """The block with ops in front of its own."""
    return Block(block.params, (*head, *block.ops), block.results) if head else block

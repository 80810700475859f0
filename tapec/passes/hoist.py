"""Loop-invariant code motion."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.rewrite import copy_op
from tapec.passes.regions.site import LOOPS, Site, attrs, site
from tapec.passes.support import Shared, inside, whole

# Results up to this size are carried into the loop at no cost worth counting.
SMALL = 64
# What costs at least so many additions per element is computed once even where that grows data.
DEAR = 4
# Other names for elements that are there already: an address computation inside the loop.
_VIEWS = frozenset({"reshape", "transpose", "broadcast_to", "index"})


def hoist(func: Func) -> Func:
    """Compute before a loop what is the same in all of its iterations; inner loops first.

    After common subexpressions, so that each invariant is carried in once. Constants stay inside,
    and so do views of large arrays and cheap ops that make large arrays of small ones. What can
    fail (an index out of bounds) leaves only a loop that certainly runs. Nothing leaves a branch.
    """
    return whole(func, _block)


def _block(block: Block, done: Shared) -> Block:
    ops: list[Op] = []
    for op in block.ops:
        new = inside(op, lambda region: _block(region, done), done) if op.regions else op
        ops += _hoisted(new) if new.primitive.name in LOOPS else [new]
    found = tuple(ops)
    return block if found == block.ops else Block(block.params, found, block.results)


def _hoisted(op: Op) -> list[Op]:
    """The loop, with its invariants in front."""
    s = site(op)
    assert s is not None
    moves = [_moves(s, region) for region in op.regions]
    if not any(move.crossing for move in moves):
        return [op]
    front: list[Op] = []
    given: list[Value] = []
    for region, move in zip(op.regions, moves, strict=True):
        env = dict(zip(s.params(region), s.args, strict=True))
        front += [copy_op(inner, env) for inner in move.outside]
        given += [env[v] for v in move.crossing]
    regions = tuple(_region(s, region, moves) for region in op.regions)
    args = (*s.args[: s.consts], *given, *s.args[s.consts :])
    operands = (*op.operands[: s.lead], *args)
    counts = attrs(s, s.consts + len(given), s.carry)
    return [*front, Op(op.primitive, operands, counts, op.results, regions, op.loc)]


def _region(s: Site, region: Block, moves: Sequence[_Moves]) -> Block:
    """A region without what moved: what crosses, its own or another's, is a parameter now."""
    own = next(m for m, r in zip(moves, s.op.regions, strict=True) if r is region)
    extra = [v if m is own else Value(v.type, v.hint) for m in moves for v in m.crossing]
    first = s.skip + s.consts
    params = (*region.params[:first], *extra, *region.params[first:])
    ops = tuple(op for op in region.ops if op not in own.gone)
    return Block(params, ops, region.results)


@dataclass(frozen=True, slots=True)
class _Moves:
    """What to compute outside, which of it leaves the region, and the values it needs of that."""

    outside: Sequence[Op]
    gone: Set[Op]
    crossing: Sequence[Value]


def _moves(s: Site, region: Block) -> _Moves:
    """One walk forward to find what is invariant, one back to see where each is needed."""
    found = _invariant(s, region)
    staying = [op for op in region.ops if op not in found]
    inside_: set[Value] = {v for op in staying for v in op.operands} | set(region.results)
    outside_: set[Value] = set()
    outside: list[Op] = []
    gone: set[Op] = set()
    crossing: list[Value] = []
    for op in reversed(found):
        needed = [v for v in op.results if v in inside_]
        moves = bool(needed) and _worth(op)
        if moves:
            crossing += needed
        shared = not outside_.isdisjoint(op.results)
        if moves or shared:
            outside.append(op)
            outside_.update(op.operands)
        if moves or (shared and not needed):
            gone.add(op)
        else:
            inside_.update(op.operands)
    return _Moves(outside[::-1], gone, crossing)


def _invariant(s: Site, region: Block) -> dict[Op, None]:
    """The ops that depend on nothing but the loop's constants, in order."""
    certain = s.op.attrs.get("length", 0) > 0 or region not in s.bodies
    known = set(s.params(region)[: s.consts])
    found: dict[Op, None] = {}
    for op in region.ops:
        if known.issuperset(op.operands) and _movable(op, certain):
            found[op] = None
            known.update(op.results)
    return found


def _movable(op: Op, certain: bool) -> bool:
    if op.primitive.effect or any(v.type.dtype == "tape" for v in op.results):
        return False
    return certain or not can_fail(op)


def can_fail(op: Op) -> bool:
    """Whether an op, or one in its regions, may raise an error or not end."""
    pending = [op]
    while pending:
        current = pending.pop()
        if "raises" in current.primitive.traits or current.name == "while_loop":
            return True
        pending += (inner for region in current.regions for inner in region.ops)
    return False


def _worth(op: Op) -> bool:
    """Whether to carry the results into the loop rather than compute them there."""
    size = sum(v.type.size for v in op.results)
    if not op.operands or op.primitive.name == "broadcast_to":
        return False
    if size <= SMALL:
        return True
    if op.primitive.name in _VIEWS:
        return False
    return size <= sum(v.type.size for v in op.operands) or _dear(op)


def _dear(op: Op) -> bool:
    if op.primitive.kind == "elementwise":
        return op.primitive.cost >= DEAR
    return op.primitive.name != "dot" or bool(op.attrs["contract"])

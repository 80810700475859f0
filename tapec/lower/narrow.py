"""Loops over arrays of which only a part counts, between bounds known at run time, visit that part.

A slice of run-time length is an array with a mask: `x[a:b]` is `select(a <= i < b, x, 0)`. A loop
whose iterations do nothing where the mask is false runs over the blocks of iterations that the
bounds touch:

    %s = for %0 {upper=n} (%i, %t) {     %s = repeat %blocks, %0 (%k, %t) {
      %m = a <= %i < b                     %base = (first + %k) * 64
      %v = select %m, x[%i], 0      ->     %u = for %t {upper=64} (%j, %t) {
      yield %t + %v                          the same at %base + %j
    }                                      }
                                           yield %u
                                         }

Nothing is done where sums get zero added and stores write what is there. Work memory that only such
loops use may keep what it held: neighbours with the same bounds read it as the zero they know.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.nested import every
from tapec.ir.ops.loop import FOR, IF, REPEAT, WHILE
from tapec.ir.ops.memory import LOAD, STORE
from tapec.lower.idle import Bound, Bounds, MaskedLoop, ProgramFacts
from tapec.lower.over_blocks import over_blocks
from tapec.lower.regions import with_regions
from tapec.lower.tuning import NARROW_TRIPS

_SERIAL = frozenset([FOR, IF, REPEAT, WHILE])


def narrow_loops(func: Func) -> Func:
    """The program with such loops over blocks."""
    loops = [op for op in every(func.ops) if op.primitive is FOR]
    if not any(map(_is_long, loops)):
        return func
    block = _narrowed(func.block, ProgramFacts.of(func))
    return func if block is func.block else Func(func.name, block)


def _is_long(op: Op) -> bool:
    if op.primitive is not FOR or op.attrs["lower"]:
        return False
    trips: int = op.attrs["upper"]
    return trips >= NARROW_TRIPS


def _narrowed(block: Block, known: ProgramFacts) -> Block:
    """A block with its loops over blocks, those inside of serial loops too."""
    found = _together(block, known)
    ops: list[Op] = []
    for op in block.ops:
        if op in found:
            ops += over_blocks(op, found[op])
        elif op.primitive in _SERIAL and op.attrs.get("kind") not in ("vector", "wave"):
            ops.append(with_regions(op, tuple(_narrowed(r, known) for r in op.regions)))
        else:
            ops.append(op)
    same = len(ops) == len(block.ops) and all(a is b for a, b in zip(ops, block.ops, strict=True))
    return block if same else Block(block.params, tuple(ops), block.results)


def _together(block: Block, known: ProgramFacts) -> dict[Op, tuple[Bound, ...]]:
    """The loops of a block to change, with their bounds.

    Those that share work memory are changed all or none: until nothing falls out.
    """
    bodies = [MaskedLoop(op, known) for op in block.ops if _is_long(op)]
    for k, body in enumerate(bodies):
        body.order = body.order or _inherited(body, bodies[:k])
    bodies = [b for b in bodies if b.bounds]
    while True:
        idle = [b for b in bodies if b.is_idle(_temporary(b.bounds, bodies, known))]
        if len(idle) == len(bodies):
            return {b.op: b.order for b in bodies}
        bodies = idle


def _inherited(body: MaskedLoop, before: Sequence[MaskedLoop]) -> tuple[Bound, ...]:
    """The bounds of a loop before that stores what this one loads element by element."""
    loaded = {o.operands[0] for o in body.block.ops if o.primitive is LOAD and body.has(o)}
    return next((b.order for b in before if not loaded.isdisjoint(b.stored())), ())


def _temporary(
    bounds: Bounds, bodies: Iterable[MaskedLoop], known: ProgramFacts
) -> frozenset[Value]:
    """Work memory that only loops with these bounds use, element by element: first one stores."""
    loops = [b for b in bodies if b.bounds == bounds]
    stored = {v: b for b in loops for v in b.stored()}
    return frozenset(
        v for v, maker in stored.items() if _only_used_by(v, maker, loops, known.users.get(v, ()))
    )


def _only_used_by(
    memory: Value, maker: MaskedLoop, loops: Sequence[MaskedLoop], users: Sequence[Op]
) -> bool:
    readers = loops[loops.index(maker) + 1 :]
    return bool(users) and all(
        maker.has(op) if op.primitive is STORE else any(b.has(op) for b in readers) for op in users
    )

"""Nests as loops: a block of nests, loops and branches, op by op.

The contents of a nest and the places of its results are read from the program alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import product

from tapec.errors import UnsupportedLowering
from tapec.ir.affine import ZERO, Affine, Index, flat
from tapec.ir.core import Block, Op, Value
from tapec.ir.ops.const import is_const
from tapec.ir.ops.dynamic import DYNAMIC_ADD, DYNAMIC_INDEX, DYNAMIC_UPDATE
from tapec.ir.ops.indexing import INDEX, PLACE
from tapec.ir.ops.nest import ACCUMULATE, NEST
from tapec.ir.ops.shape import RESHAPE
from tapec.lower import elements, spaces
from tapec.lower.access import MOVES
from tapec.lower.build import ScalarBuilder
from tapec.lower.folds import COMBINE
from tapec.lower.frame import Frame, Shared
from tapec.lower.marks import MARKERS
from tapec.lower.memory import Memory
from tapec.lower.own_loops import OWN_LOOPS
from tapec.lower.scalars import grid
from tapec.lower.spacekeys import PIECES
from tapec.lower.tuning import COSTLY, ROW_REST, SMALL
from tapec.lower.unroll import buffer
from tapec.lower.views import VIEWS

__all__ = ["CONTROL", "control", "elements", "emit", "function"]

# rule(frame, op): emits a loop or branch and binds its results
Control = Callable[[Frame, Op], None]
CONTROL: dict[str, Control] = {}
# Reads of parts, which compute only the elements of their operand that they read.
PARTS = frozenset((INDEX, DYNAMIC_INDEX, DYNAMIC_UPDATE, DYNAMIC_ADD))


def control(*names: str) -> Callable[[Control], Control]:
    """Register a rule for ops with regions, and for tapes."""

    def register(rule: Control) -> Control:
        CONTROL.update(dict.fromkeys(names, rule))
        return rule

    return register


def function(block: Block, shared: Shared) -> Block:
    """A program or a function that is called, over buffers: arguments first, then results."""
    buffers, count = [buffer(v) for v in (*block.params, *block.results)], len(block.params)
    frame = Frame(block, ScalarBuilder(), shared)
    frame.memory.update(zip(block.params, map(Memory, buffers[:count]), strict=True))
    emit(frame, [Memory(b) for b in buffers[count:]])
    return Block(tuple(buffers), frame.build.finish(), ())


def emit(
    frame: Frame, targets: Sequence[Memory | None], aimed: Collection[Value] = ()
) -> None:  # fmt: skip
    """All ops in order, with the results that have a target moved there.

    Results are computed there at once, but for those `aimed` at memory that is read before.
    """
    results = frame.block.results
    moves = [(r, m) for r, m in zip(results, targets, strict=True) if m is not None]
    for result, memory in moves:
        if result in frame.roots and result not in aimed:
            frame.homes.setdefault(frame.first(result), memory)
    for op in frame.block.ops:
        _op(frame, op)
    _parallel_copy(frame, moves)


def _parallel_copy(frame: Frame, moves: Sequence[tuple[Value, Memory]]) -> None:
    """Move results to their memory as a parallel copy: none is overwritten before it is read."""
    pending = [(r, m) for r, m in moves if frame.memory.get(r) != m]
    while pending:
        sources = [frame.memory.get(r) for r, _ in pending]
        free = next((k for k, (_, m) in enumerate(pending) if m not in sources), None)
        if free is None:
            result = pending[0][0]
            spare = frame.room(result.type)
            frame.copy(result, spare)
            frame.memory[result] = spare
            continue
        frame.copy(*pending.pop(free))


def _op(frame: Frame, op: Op) -> None:
    """One op of a block."""
    if op.primitive is NEST:
        _nest(frame, op)
    elif op.name in CONTROL:
        CONTROL[op.name](frame, op)
    elif op.primitive in MARKERS:
        frame.rename(op.operands[0], op.result)
    elif op.primitive.kind == "region":
        raise UnsupportedLowering(f"no native code for {op.name}", where=op.loc)
    elif not is_const(op) and op.result.type.size <= SMALL:
        _small(frame, op)


def _nest(frame: Frame, op: Op) -> None:
    """The loops of a nest, or a few elements in registers."""
    (body,) = op.regions
    if op.attrs["kind"] != "few":
        made = _made(op)
        # Sums of parts with loops of their own are cut into boxes, whose elements vary on all axes.
        boxes = (PLACE, ACCUMULATE) if op.attrs["kind"] == "own" else ()
        own = [root for root, _ in made if root.primitive in boxes]
        frame.rows = _along_rows(frame, body, (1, *op.attrs["space"])[-1], own)
        _KINDS[op.attrs["kind"]](frame, op.attrs["space"], made)
        frame.rows = False
        return
    for inner in body.ops:
        if inner.result.type.size <= SMALL:
            _small(frame, inner)
    for inside, result in zip(body.results, op.results, strict=True):
        frame.grids[result] = frame.grids[inside]


def _along_rows(frame: Frame, body: Block, row: int, own: Collection[Op]) -> bool:
    """Whether a nest runs along its last axis: a varying index can address all elements.

    Costly functions are not computed for a rest that fills no vector.
    """
    if row % ROW_REST and any(op.primitive.cost >= COSTLY for op in body.ops):
        return False
    return not any(
        (op.primitive in PIECES and op not in own)
        or (op.primitive is RESHAPE and op.operands[0] not in frame.memory and _divides(op))
        for op in body.ops
    )


def _divides(op: Op) -> bool:
    """Whether a reshape finds elements by divisions."""
    return VIEWS[op.name](op, tuple(MOVES if n > 1 else ZERO for n in op.result.type.shape)) is None


Made = Sequence[tuple[Op, Value]]  # the ops of a nest with the values of their results


def _made(nest: Op) -> Made:
    (body,) = nest.regions
    source = {op.result: op for op in body.ops}
    found = []
    for value, result in zip(body.results, nest.results, strict=True):
        op = source[value]
        found.append((source[op.operands[0]] if op.primitive in MARKERS else op, result))
    return found


def _small(frame: Frame, op: Op) -> None:
    """A grid from grids, or from elements of large values."""
    if op.primitive not in PARTS and all(frame.in_registers(v) for v in op.operands):
        frame.expand(op)
        return
    shape = op.result.type.shape
    places = product(*(range(n) for n in shape))
    values = [frame.apply(op, tuple(map(Affine, at))) for at in places]
    frame.grids[op.result] = grid(values, shape)


def _maps(frame: Frame, shape: tuple[int, ...], made: Made) -> None:
    """Elementwise results over one space, and arrays of it side by side."""
    places = [(op, frame.target(result)) for op, result in made]

    def body(at: Index) -> None:
        for op, memory in places:
            _store(frame, op, memory, at, shape)

    frame.over(shape, body)
    _stored(frame, [(r, memory) for (_, r), (_, memory) in zip(made, places, strict=True)])


def _store(frame: Frame, op: Op, memory: Memory, at: Index, shape: tuple[int, ...]) -> None:
    """Compute one element, and keep it at hand for others that read it here."""
    if shape != op.result.type.shape:
        frame.put(frame.made_as(op), memory, at)
        return
    value = frame.build.remember((frame, op.result, at), frame.apply(op, at))
    frame.save(value, memory, flat(at, op.result.type.shape))


def _stored(frame: Frame, made: Sequence[tuple[Value, Memory]]) -> None:
    """From now on these values are in memory."""
    for result, memory in made:
        frame.memory[result] = memory
        frame.build.wrote(memory.buffer)


def _reductions(frame: Frame, space: tuple[int, ...], made: Made) -> None:
    """Small reductions over one space, together, and what is stored where it is summed up.

    Every result element of a reduction is carried.
    """
    stored = [(op, result, frame.target(result)) for op, result in made if result in frame.roots]
    made = [(op, result) for op, result in made if result not in frame.roots]
    (first, _), *_ = made
    shape, axes = first.operands[0].type.shape, first.attrs["axes"]
    kept = [range(1) if k in axes else range(n) for k, n in enumerate(shape)]
    places = list(product(*kept))

    def elements(at: Index) -> list[Value]:
        for op, _, memory in stored:
            for place in places:
                _store(frame, op, memory, _merge(at, place, axes), shape)
        return [
            frame.pull(op.operands[0], _merge(at, place, axes))
            for op, _ in made
            for place in places
        ]

    hows = [COMBINE[op.name] for op, _ in made for _ in places]
    dtypes = [result.type.dtype for _, result in made for _ in places]
    extents = [n if k in axes else 1 for k, n in enumerate(shape)]
    totals = spaces.carried(frame.build, extents, hows, dtypes, elements, rows=frame.rows)
    for k, (_, result) in enumerate(made):
        part = totals[k * len(places) : (k + 1) * len(places)]
        frame.grids[result] = grid(part, result.type.shape)
    _stored(frame, [(result, memory) for _, result, memory in stored])


def _merge(at: Index, place: Sequence[int], axes: Sequence[int]) -> Index:
    """Loop indices on the reduced axes, constants on the others."""
    pairs = enumerate(zip(at, place, strict=True))
    return tuple(i if k in axes else Affine(c) for k, (i, c) in pairs)


def _own(frame: Frame, space: tuple[int, ...], made: Made) -> None:
    """An op with loops of its own."""
    ((op, result),) = made
    rule = OWN_LOOPS.get(op.name)
    if rule is None:
        raise UnsupportedLowering(f"no native code for {op.name}", where=op.loc)
    memory = frame.target(result)
    rule(frame, op, memory)
    frame.build.wrote(memory.buffer)
    frame.memory[result] = memory
    if result not in frame.roots:
        frame.grids[result] = frame.fetch(memory, result.type.shape)


_KINDS: dict[str, Callable[[Frame, tuple[int, ...], Made], None]] = {
    "map": _maps,
    "reduce": _reductions,
    "own": _own,
}

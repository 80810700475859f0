"""The ops of a block in an order in which writes are free: as late as possible, after all readers.

Adjoints and simplified programs read arrays in any order. A write in place must come after every
reader of the old array, so writes are delayed until their result is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tapec.ir.core import Func, Op, Value
from tapec.ir.ops import arith
from tapec.ir.ops.dynamic import DYNAMIC_ADD, DYNAMIC_UPDATE
from tapec.ir.ops.indexing import INDEX, PLACE, UPDATE
from tapec.ir.ops.nest import ACCUMULATE
from tapec.ir.places import disjoint
from tapec.ir.primitive import PRIMITIVES
from tapec.lower.inplace import pairs, pointwise
from tapec.lower.regions import each_block
from tapec.lower.tuning import FARTHEST_OPS, SMALL


def order_writes(func: Func) -> Func:
    """The program in such an order; sums with placements as accumulations.

    Outside of regions only where a loop has made the array: others become a sum in one pass.
    """
    return each_block(func, lambda b, inside: arranged(b.func(""), region=inside).block)


def arranged(func: Func, *, region: bool) -> Func:
    """A block in such an order; `region` says that it is inside a loop or branch."""
    func = accumulating(func, region=region)
    if not any(pairs(op) for op in func.ops):
        return func
    return _Order(reading_back(reading_on(func))).run()


def accumulating(func: Func, *, region: bool = True) -> Func:
    """Sums of an array and a `place`, and chains of additions to parts, as one accumulation each.

    Only where the placement, or the array between two additions, has no other reader.
    """
    source = {op.result: op for op in func.ops if op.primitive in (PLACE, DYNAMIC_ADD, arith.add)}
    made = {r for op in func.ops if op.primitive.loop for r in op.results}
    if all(op.primitive is arith.add for op in source.values()) or not (region or made):
        return func
    uses: dict[Value, int] = {}
    for v in (*func.results, *(v for op in func.ops for v in op.operands)):
        uses[v] = uses.get(v, 0) + 1
    ops: list[Op] = []
    for op in func.ops:
        new = _accumulation(op, source, uses)
        if not region and new.operands[:1] and new.operands[0] not in made:
            new = op
        if new is not op:
            source[op.result] = new
        ops.append(new)
    return _read(func.with_ops(ops))


def _read(func: Func) -> Func:
    """Drop additions that are part of later ones."""
    used = set(func.results)
    kept: list[Op] = []
    for op in reversed(func.ops):
        if op.primitive is not ACCUMULATE or op.result in used:
            kept.append(op)
            used.update(op.operands)
    return func.with_ops(reversed(kept))


def _accumulation(op: Op, source: Mapping[Value, Op], uses: Mapping[Value, int]) -> Op:
    """The op as an accumulation, together with previous ones that have no other reader."""
    if len(op.results) != 1 or op.result.type.size <= SMALL:
        return op
    found = _addition(op, source, uses)
    if found is None:
        return op
    x, parts, specs = found
    before = source.get(x)
    if before is not None and before.primitive is ACCUMULATE and uses[x] == 1:
        x, parts = before.operands[0], (*before.operands[1:], *parts)
        specs = (*before.attrs["at"], *specs)
    return Op(ACCUMULATE, (x, *parts), {"at": specs}, op.results, (), op.loc)


def _addition(
    op: Op, source: Mapping[Value, Op], uses: Mapping[Value, int]
) -> tuple[Value, tuple[Value, ...], tuple[Any, ...]] | None:
    """The array, the parts and the places of an op that adds parts to an array."""
    if op.primitive is DYNAMIC_ADD and len(op.operands) == 2:
        return op.operands[0], op.operands[1:], (op.attrs["at"],)
    if op.primitive is arith.add:
        for x, p in (op.operands, op.operands[::-1]):
            place = source.get(p)
            alone = place is not None and place.primitive is PLACE and uses[p] == 1
            if alone and place and x.type == op.result.type == p.type and x is not p:
                return x, place.operands, place.attrs["at"]
    return None


def reading_on(func: Func) -> Func:
    """Reads of parts that a write leaves unchanged are taken from the result of the write.

    Otherwise the write would wait for the reader, and the value read would need a copy.
    """
    written: dict[Value, Op] = {}  # the array, and its first change
    ops: list[Op] = []
    for op in func.ops:
        if op.primitive is INDEX and op.operands[0] in written:
            x = op.operands[0]
            while x in written and disjoint(op.attrs["at"], written[x].attrs["at"]):
                x = written[x].result
            if x is not op.operands[0]:
                op = Op(op.primitive, (x,), op.attrs, op.results, (), op.loc)
        elif op.primitive is UPDATE:
            written.setdefault(op.operands[0], op)
        ops.append(op)
    return func.with_ops(ops)


def reading_back(func: Func) -> Func:
    """A value written to a part and used again is read from the part, not recomputed."""
    source = {r: op for op in func.ops for r in op.results}
    left: dict[Value, int] = {}
    for v in (v for op in func.ops for v in op.operands):
        left[v] = left.get(v, 0) + 1
    env: dict[Value, Value] = {}
    ops: list[Op] = []
    for op in func.ops:
        for v in op.operands:
            left[v] -= 1
        if any(v in env for v in op.operands):
            operands = tuple(env.get(v, v) for v in op.operands)
            op = Op(op.primitive, operands, op.attrs, op.results, op.regions, op.loc)
        ops.append(op)
        if op.primitive in (UPDATE, DYNAMIC_UPDATE):
            _, value, *starts = op.operands
            made = source.get(value)
            computed = made is not None and bool(made.operands) and pointwise(made)
            if computed and value.type.size > SMALL and left[value]:
                view = env[value] = Value(value.type)
                primitive = PRIMITIVES[op.primitive.reader]
                ops.append(Op(primitive, (op.result, *starts), op.attrs, (view,), (), op.loc))
    return func.with_ops(ops)


class _Order:
    """One new order of a block."""

    def __init__(self, func: Func) -> None:
        self.func = func
        self.source = {r: op for op in func.ops for r in op.results}
        self.users: dict[Value, list[Op]] = {b: [] for op in func.ops for _, b in pairs(op)}
        for op in func.ops:
            for v in op.operands:
                if v in self.users:
                    self.users[v].append(op)
        self.done: dict[Op, None] = {}
        self.active: set[Op] = set()  # ops whose predecessors are being placed
        self.waiting: dict[Op, set[Value]] = {}  # writes, with what they read

    def run(self) -> Func:
        """All ops in their order, writes later."""
        for op in self.func.ops:
            if op in self.done:
                continue
            if op.primitive.writes is not None:
                self.waiting[op] = set(self.touched(op.operands[1:]))
            else:
                self.emit([op])
        self.emit(list(self.waiting))
        return self.func.with_ops(self.done)

    def emit(self, ops: Iterable[Op]) -> None:
        """These ops after all they need."""
        stack: list[tuple[Op, bool]] = [(op, False) for op in reversed(list(ops))]
        while stack:
            op, ready = stack.pop()
            if op in self.done or (op in self.active and not ready):
                continue
            if ready:
                self.waiting.pop(op, None)
                self.active.discard(op)
                self.done[op] = None
                continue
            self.active.add(op)
            stack.append((op, True))
            first = [*self.needed(op), *(r for r in self.readers(op))]
            stack += [(other, False) for other in reversed(first)]

    def needed(self, op: Op) -> Iterator[Op]:
        """Producers of the operands that are not placed yet."""
        for v in op.operands:
            source = self.source.get(v)
            if source is not None and source not in self.done:
                yield source

    def readers(self, write: Op) -> list[Op]:
        """Ops that read what an op overwrites and can come before it."""
        bases = [base for _, base in pairs(write)]
        found: dict[Op, None] = {}
        for other, reads in self.waiting.items():
            if other is not write and not reads.isdisjoint(bases):
                found |= dict.fromkeys(self.closure(other, write))
        for reader in [r for base in bases for r in self.users[base]]:
            if reader not in self.done and reader is not write:
                found |= dict.fromkeys(self.closure(reader, write))
        return list(found)

    def closure(self, reader: Op, write: Op) -> Sequence[Op]:
        """The ops that must precede a reader placed now; nothing where it depends on the write.

        Nothing either where it overwrites the same array itself, or is far away.
        """
        bases = {base for _, base in pairs(write)}
        found: dict[Op, None] = {}
        stack: list[tuple[Op, bool]] = [(reader, False)]
        while stack:
            op, ready = stack.pop()
            if ready:
                found[op] = None
            elif op is write or op in self.active or len(found) > FARTHEST_OPS:
                return ()
            elif op not in found and op not in self.done:
                if any(base in bases for _, base in pairs(op)):
                    return ()
                stack.append((op, True))
                stack += [(self.source[v], False) for v in op.operands if v in self.source]
        return list(found)

    def touched(self, values: Iterable[Value]) -> Iterator[Value]:
        """The arrays that are read when large values are recomputed at their reads."""
        stack, seen = list(values), set[Value]()
        while stack and len(seen) < FARTHEST_OPS:
            v = stack.pop()
            if v in seen:
                continue
            seen.add(v)
            yield v
            source = self.source.get(v)
            if source is not None and _inline(source) and v.type.size > SMALL:
                stack += source.operands


def _inline(op: Op) -> bool:
    return op.primitive.kind in ("elementwise", "linear") and op.primitive.writes is None

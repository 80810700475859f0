"""The ops of a block in an order in which writes are free: as late as possible, after all readers.

Adjoints and simplified programs read arrays in any order. A write in place must come after every
reader of the old array, so writes wait until somebody needs their result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tapec.ir.core import Func, Op, Value
from tapec.ir.primitive import PRIMITIVES, Primitive
from tapec.lower.inplace import SMALL, WRITES, pairs, pointwise

FARTHEST = 400  # ops that may have to come first with a reader
# An array with parts added at places: what `add` of an array and a `place` becomes here, so that
# the places only are touched. Lives between planning and emission; no program has it.
ACCUMULATE = Primitive(name="accumulate", kind="structured", infer=lambda x, *parts, at: x)
_VIEWS = {"update": "index", "dynamic_update": "dynamic_index"}


def arranged(func: Func, *, region: bool) -> Func:
    """The block in such an order; in regions, sums with placements as accumulations."""
    if region:
        func = accumulating(func)
    if not any(pairs(op) for op in func.ops):
        return func
    return _Order(reading_back(func)).run()


def accumulating(func: Func) -> Func:
    """Sums of an array and a `place` that nobody else reads add into the array."""
    places = {op.result: op for op in func.ops if op.name == "place"}
    if not places:
        return func
    uses: dict[Value, int] = {}
    for v in (*func.results, *(v for op in func.ops for v in op.operands)):
        uses[v] = uses.get(v, 0) + 1
    return func.with_ops(_accumulation(op, places, uses) for op in func.ops)


def _accumulation(op: Op, places: Mapping[Value, Op], uses: Mapping[Value, int]) -> Op:
    if op.name != "add" or op.result.type.size <= SMALL:
        return op
    for x, p in (op.operands, op.operands[::-1]):
        if p in places and uses[p] == 1 and x.type == op.result.type == p.type and x is not p:
            source = places[p]
            attrs = {"at": source.attrs["at"]}
            return Op(ACCUMULATE, (x, *source.operands), attrs, op.results, (), op.loc)
    return op


def reading_back(func: Func) -> Func:
    """What is written to a part and used again is read from the part, not computed again."""
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
        if op.name in _VIEWS:
            _, value, *starts = op.operands
            made = source.get(value)
            computed = made is not None and bool(made.operands) and pointwise(made)
            if computed and value.type.size > SMALL and left[value]:
                view = env[value] = Value(value.type)
                primitive = PRIMITIVES[_VIEWS[op.name]]
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
            if op.name in WRITES:
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
        """Producers of the operands that still wait."""
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
        """What must be computed for a reader to come now; nothing where it needs the write.

        Nothing either where it overwrites the same array itself, or is far away.
        """
        bases = {base for _, base in pairs(write)}
        found: dict[Op, None] = {}
        stack: list[tuple[Op, bool]] = [(reader, False)]
        while stack:
            op, ready = stack.pop()
            if ready:
                found[op] = None
            elif op is write or op in self.active or len(found) > FARTHEST:
                return ()
            elif op not in found and op not in self.done:
                if any(base in bases for _, base in pairs(op)):
                    return ()
                stack.append((op, True))
                stack += [(self.source[v], False) for v in op.operands if v in self.source]
        return list(found)

    def touched(self, values: Iterable[Value]) -> Iterator[Value]:
        """What is read when large values are computed where they are asked for."""
        stack, seen = list(values), set[Value]()
        while stack and len(seen) < FARTHEST:
            v = stack.pop()
            if v in seen:
                continue
            seen.add(v)
            yield v
            source = self.source.get(v)
            if source is not None and _inline(source) and v.type.size > SMALL:
                stack += source.operands


def _inline(op: Op) -> bool:
    return op.primitive.kind in ("elementwise", "linear") and op.name not in WRITES

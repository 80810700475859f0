"""Which tapes carry batched values: all pushes of one tape do, or none.

A pop must know what its push pushed. Tapes start single; where a batched value meets one, the tape
is marked from its beginning and batching starts again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tapec.errors import UnsupportedOperation
from tapec.ir.core import Func, Op, Value
from tapec.ir.nested import every
from tapec.ir.ops.control import POP, PUSH
from tapec.ir.primitive import Primitive
from tapec.ir.regions import RegionOp, region_op


class PushesDiffer(Exception):
    """A batched value meets a tape that was taken to be single (or the other way round)."""

    def __init__(self, tape: Value) -> None:
        self.tape = tape
        super().__init__("a tape of batched and single values")


def with_tapes(func: Func, build: Callable[[TapeFamilies], Func]) -> Func:
    """What `build` makes, as soon as it knows which tapes of the program are batched."""
    tapes = TapeFamilies(func)
    while True:
        try:
            return build(tapes)
        except PushesDiffer as found:
            tapes.mark(found.tape)


class TapeFamilies:
    """The tapes of a program, each a family of values linked by pushes, pops and regions."""

    def __init__(self, func: Func) -> None:
        self._func = func
        self._parent: dict[Value, Value] = {}
        self._origin: dict[Value, Value] = {}
        self._linked = False
        self._backwards: dict[Value, bool] = {}
        self._batched: set[Value] = set()

    def same(self, originals: Sequence[Value], copies: Sequence[Value]) -> None:
        """Note copies of the program's values."""
        for value, copy in zip(originals, copies, strict=True):
            if value.type.is_tape:
                self._origin[copy] = self._origin.get(value, value)

    def batched(self, tape: Value) -> bool:
        """Whether the values on this tape have a batch axis."""
        return bool(self._batched) and self._family(tape) in self._batched

    def mark(self, tape: Value) -> None:
        """Its values have a batch axis, from the first push on."""
        self._link_all()
        family = self._family(tape)
        if family in self._batched:
            raise UnsupportedOperation("a tape is used in a way that cannot be batched")
        self._batched.add(family)
        self._origin.clear()
        self._backwards.clear()

    def advanced(self, operands: Sequence[Value], made: Sequence[Value]) -> list[Value]:
        """The operands with the tapes among them as a body returned them, or else left them.

        `made` has the tapes of the body, the last first: it need not return a tape that nobody
        reads afterwards.
        """
        return [self.latest([*made, v], v) if v.type.is_tape else v for v in operands]

    def latest(self, values: Sequence[Value], like: Value) -> Value:
        """The first tape among `values` that is the same as this one."""
        self._link_all()
        family = self._family(like)
        tapes = (v for v in values if v.type.is_tape)
        return next(v for v in tapes if self._family(v) is family)

    def order(self, op: Op) -> Sequence[int]:
        """The order in which to run all branches of an op: what is popped was pushed the other way.

        A reverse sweep does everything backwards, so that one order serves all tapes of an op.
        """
        plain = range(len(op.regions))
        if not any(v.type.is_tape for v in op.operands):
            return plain
        self._link_all()
        pushed, popped = (self._moved(op, primitive) for primitive in (PUSH, POP))
        known = [not self._backwards[f] for f in popped if f in self._backwards]
        backwards = bool(known) and known[0]
        self._backwards.update(dict.fromkeys(pushed, backwards))
        return plain[::-1] if backwards else plain

    def _moved(self, op: Op, primitive: Primitive) -> set[Value]:
        """The tapes pushed to, or popped from, inside an op."""
        inner = (o for region in op.regions for o in every(region.ops))
        return {self._family(o.operands[0]) for o in inner if o.primitive is primitive}

    def _family(self, tape: Value) -> Value:
        root = self._origin.get(tape, tape)
        while root in self._parent:
            root = self._parent[root]
        return root

    def _join(self, a: Value, b: Value) -> None:
        if not a.type.is_tape or not b.type.is_tape:
            return
        first, second = self._family(a), self._family(b)
        if first is not second:
            self._parent[second] = first

    def _link_all(self) -> None:
        if self._linked:
            return
        self._linked = True
        for op in every(self._func.ops):
            for a, b in _pairs(op):
                self._join(a, b)


def _pairs(op: Op) -> Iterator[tuple[Value, Value]]:
    """Values that are the same tape before and after an op, outside and inside."""
    form = op.primitive.form
    if op.primitive in (PUSH, POP):
        yield op.operands[0], op.results[0]
    elif form is not None and form.loop:
        yield from _loop_pairs(region_op(op))
    elif op.regions:
        # The further regions of a custom function are its derivative rules.
        lead, regions = (form.lead, op.regions) if form is not None else (0, op.regions[:1])
        for region in regions:
            yield from zip(op.operands[lead:], region.params, strict=True)
            yield from zip(region.results, op.results, strict=True)


def _loop_pairs(form: RegionOp) -> Iterator[tuple[Value, Value]]:
    after = form.body.results[: form.carry]
    for region in form.op.regions:
        yield from zip(form.args, form.params(region), strict=True)
    yield from zip(after, form.state(form.body), strict=True)
    yield from zip(after, form.op.results[: form.carry], strict=True)

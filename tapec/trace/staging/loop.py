"""Loops as ops: from the body at its fixpoint to the op and the slots that get its results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from tapec.errors import ControlFlowError
from tapec.ir.core import Block, Value
from tapec.ir.types import Type
from tapec.trace.arrays.operands import as_tracer
from tapec.trace.arrays.session import where
from tapec.trace.arrays.storage import Storage
from tapec.trace.arrays.tracer import Tracer, is_symbolic, wrap
from tapec.trace.source.state import UNDEFINED
from tapec.trace.staging.carries import Iteration
from tapec.trace.staging.fixpoint import LoopFixpoint
from tapec.trace.staging.heap import Slot
from tapec.trace.staging.lists import (
    fill,
)
from tapec.trace.staging.loop_aliases import CarriedLeaf, Swaps, check_aliases, results_of
from tapec.trace.staging.object_aliases import MayAlias, MergedVariable, note_aliases
from tapec.trace.staging.objects import Unpacked, changeable, structure
from tapec.trace.staging.overflow import refuse_overflow
from tapec.trace.staging.region import Region, set_result
from tapec.trace.staging.values import (
    Kind,
    filler,
    kind_of,
    merged,
    truth,
    value_of,
)


class StagedLoop(LoopFixpoint):
    """A loop to be staged; `emit` appends it."""

    __slots__ = ()

    def emit(self) -> list[Tracer]:
        """Append the loop, and bind slots and memory to its results; returns the stacked values."""
        try:
            return self._emit()
        finally:
            # Errors keep regions alive; closed regions no longer count as references to memory.
            for region in self.regions:
                region.close()

    def _emit(self) -> list[Tracer]:
        body = self.trace_to_fixpoint()
        region = body.region
        carried = self._carried(body)
        with region.active():
            ends = [value_of(region, c.end, c.kind) for c in carried]
            stacked = [self._stackable(x) for x in body.stacked]
            ys = [value_of(region, x, k) for x, k in stacked]
            written = region.written()
            read = {v for op in region.builder.ops for v in op.operands} | {*ends, *ys}

            def live(c: CarriedLeaf) -> bool:
                return self.test is not None or c.param in read

            swaps = check_aliases(carried, region, self.session, self._certain, live)
            if isinstance(self.length, int) and body.index is not None:
                self._check_integers(body, carried, ends)
            ends += [region.final(s) for s in written]
        look = self._condition(written) if self.test is not None else None
        operands = {s: e.operand for r in (region, look[0] if look else region)
                    for s, e in r.entered.items()}  # fmt: skip
        consts = {s: v for s, v in operands.items() if s not in set(written)}
        init = [self._initial(c) for c in carried] + [operands[s] for s in written]
        order = {s: v.type for s, v in consts.items()}
        late = {s: operands[s].type for s in written}
        block = self._block(region, body, carried, order, late, [*ends, *ys])
        blocks: tuple[Block, ...] = (block,)
        if look is not None:
            blocks = (self._block(look[0], look[1], carried, order, late, [look[2]]), block)
        results = self._op(blocks, list(consts.values()), init)
        self.session.choices += region.choices
        for storage, value in zip(written, results[len(carried) :], strict=False):
            set_result(self.session, storage, value)
        self._store(body, carried, results, swaps)
        made = results[len(init) :]
        if body.appended:
            count = len(made) - self._in_lists(body)
            fill(self.session, body.appended, made[count:], self._certain)
            made = made[:count]
        return [wrap(self.session, v) for v in made]

    def _check_integers(
        self, body: Iteration, carried: Sequence[CarriedLeaf], ends: Sequence[Value]
    ) -> None:
        """Refuse Python integers that need more than 64 bits."""
        assert isinstance(self.length, int)
        integers = {
            c.param: (c.start, end)
            for c, end in zip(carried, ends, strict=True)
            if c.param is not None and c.kind.weak and type(c.start) is int
        }
        index = body.params[0]
        refuse_overflow(body.region.builder.ops, index, integers, self.length, self.reverse)

    @staticmethod
    def _in_lists(body: Iteration) -> int:
        return sum(isinstance(x, Kind) for a in body.appended for x in a.leaves)

    @staticmethod
    def _stackable(leaf: Any) -> tuple[Any, Kind]:
        kind = kind_of(leaf)
        if kind is None:
            raise ControlFlowError(f"a loop cannot stack {leaf!r}", where=where())
        return leaf, kind

    def _carried(self, body: Iteration) -> list[CarriedLeaf]:
        """All leaves that the op carries, in order: parameters first, then the body's own."""
        found: list[CarriedLeaf] = []
        params = iter(body.params[body.index is not None :])
        for slot, carry in self.carries.items():
            if carry.dead:
                continue
            starts = [UNDEFINED] * len(carry.leaves)
            starts = starts if carry.unset else structure(self.heap.old(slot))[0]
            for k, leaf in enumerate(carry.leaves):
                if isinstance(leaf, Kind):
                    entry = body.region.own[body.entry[slot][k]]
                    end = body.unpacked[slot].leaves[k]
                    found.append(CarriedLeaf(slot, k, leaf, starts[k], entry, end, next(params)))
        for slot, unpacked in body.unpacked.items():
            known = self.carries.get(slot)
            if known is not None and not known.dead:
                continue
            old = structure(self.heap.old(slot))[0]
            for k, leaf in enumerate(unpacked.leaves):
                kind = kind_of(leaf)
                if kind is None or self._is_last(leaf, body):
                    continue
                if self._certain and type(leaf) in (bool, int, float):
                    continue  # every iteration binds it to the same number
                same_kind = len(old) == len(unpacked.leaves) and kind_of(old[k])
                start = old[k] if same_kind and merged(same_kind, kind) == kind else UNDEFINED
                found.append(CarriedLeaf(slot, k, kind, start, None, leaf, None))
        return found

    def _initial(self, c: CarriedLeaf) -> Value:
        if c.start is UNDEFINED:
            return filler(self.session, c.kind)
        return value_of(self.session, c.start, c.kind)

    def _block(self, region: Region, made: Iteration, carried: Sequence[CarriedLeaf],
               consts: dict[Storage, Type], written: dict[Storage, Type],
               results: list[Value]) -> Block:  # fmt: skip
        index = made.params[: made.index is not None]
        given = iter(made.params[made.index is not None :])
        own = [next(given) if c.param is not None else Value(c.kind.type) for c in carried]
        block = region.block((), consts, results)
        last = region.block((), written, ())
        params = (*index, *block.params, *own, *last.params, *made.slices)
        return Block(params, block.ops, block.results)

    def _op(self, blocks: tuple[Block, ...], consts: list[Value], init: list[Value]) -> Any:
        attrs: dict[str, Any] = {"consts": len(consts), "carry": len(init)}
        session = self.session
        operands = [*consts, *init]
        if self.test is not None:
            return session.emit_regions("while_loop", operands, attrs, blocks)
        if self.reverse:
            attrs["reverse"] = True
        if isinstance(self.length, int):
            attrs["length"] = self.length
            if self.checkpoint:
                attrs["checkpoint"] = self.checkpoint
            operands += [x._value(session) for x in self.slices]
            return session.emit_regions("scan", operands, attrs, blocks)
        count = value_of(session, self.length, Kind("i64"))
        return session.emit_regions("fori_loop", [count, *operands], attrs, blocks)

    def _condition(self, written: list[Storage]) -> tuple[Region, Iteration, Value]:
        """The test as a region over the same carried values."""
        region = self._region()
        assert self.test is not None
        try:
            with region.active():
                made = self._started(region)
                test = self.test()
                if not is_symbolic(test) and test:
                    raise ControlFlowError(
                        "the condition of a loop does not depend on what the loop computes",
                        where=where(),
                        hint="end it with a condition on values that change in the loop",
                    )
                value = truth(region, as_tracer(test))
        finally:
            self.heap.restore()
        self.session.choices += region.choices
        return region, made, value

    def _store(self, body: Iteration, carried: list[CarriedLeaf], results: Sequence[Value],
               swaps: Swaps) -> None:  # fmt: skip
        """Bind the slots to the results of the loop."""
        made = results_of(carried, results, body.region, self.session, self._certain, swaps)
        contents: dict[Slot, Any] = {}
        known: dict[int, Any] = {}
        for slot, unpacked in body.unpacked.items():
            carry = self.carries.get(slot)
            if carry is not None and carry.dead and not self._certain:
                contents[slot] = carry.leaves[0]
                continue
            tree = unpacked.tree
            new = [made.get((slot, k), self._last(x, body)) for k, x in enumerate(unpacked.leaves)]
            content = UNDEFINED if tree is None else tree.unflatten(new)
            if self._certain and changeable(content):  # aliases of one object stay aliases
                content = known.setdefault(id(unpacked.value), content)
            contents[slot] = content
        del known
        self.heap.write(contents)
        self.heap.note_stores(contents, lambda slot: [self.heap.old(slot), _end(body, slot)])
        self._note_aliases(body, contents)

    def _note_aliases(self, body: Iteration, contents: dict[Slot, Any]) -> None:
        """Note possible aliases among the results; refuse objects changed under several names."""
        # No local may hold an object: its references are counted.
        old = self.heap.old

        def fresh(slot: Slot) -> bool:
            return bool(self._certain) and slot not in body.changed

        merged_variables = [
            MergedVariable(
                self.heap.name(slot),
                [unpacked] if fresh(slot) else [unpacked, Unpacked.of(old(slot))],
                contents[slot],
            )
            for slot, unpacked in body.unpacked.items()
            if type(contents[slot]) is not Tracer
        ]
        pairs = body.start.same_as(old(slot) for slot in body.start.values)
        held = [*body.start.references(), *contents.values()]
        found = note_aliases(self.session, merged_variables, [*body.region.noted, *pairs], held)
        named = Counter(id(part) for unpacked in body.unpacked.values() for part in unpacked.parts)
        for slot in body.changed:
            name = self.heap.name(slot)
            shared = any(named[id(part)] > 1 for part in body.unpacked[slot].parts)
            if shared or any(alias.name == name for alias in found):
                raise MayAlias(name, [contents[slot]], where()).refuse()

    def _is_last(self, leaf: Any, body: Iteration) -> bool:
        """Whether the final value is the last index, known while tracing."""
        return leaf is not None and leaf is body.index and isinstance(self.length, int)

    def _last(self, leaf: Any, body: Iteration) -> Any:
        if self._is_last(leaf, body):
            assert isinstance(self.length, int)
            return 0 if self.reverse else self.length - 1
        return leaf


def _end(body: Iteration, slot: Slot) -> Any:
    """The content of a slot at the end of an iteration; a place that changes was stored to."""
    unpacked = body.unpacked.get(slot)
    return True if unpacked is None else unpacked.value

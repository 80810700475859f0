"""The joint body: forward ops, then reverse ops, in one list over the same values.

What lies between can be stored by the forward ops or rematerialised by the reverse ones
(see `tapec.ad.tape`); cutting the list gives the two bodies.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from tapec.ir.build import Builder
from tapec.ir.core import Block, Op, Value
from tapec.ir.ops.control import TAPE, TAPE_NEW
from tapec.ir.primitive import PRIMITIVES
from tapec.ir.rewrite import copy_op


class TapeSource:
    """Where ops get their tapes at the top level of a program: each its own.

    Inside a body, `entry` to `top` is the tape of the forward ops, `back_entry` to `back_top` that
    of the reverse ones.
    """

    def __init__(self) -> None:
        self.entry: Value | None = None
        self.top: Value | None = None
        self.back_entry: Value | None = None
        self.back_top: Value | None = None

    def begin(self, builder: Builder) -> Value:
        """The tape to push on."""
        return builder.emit(PRIMITIVES["tape"], ()).result

    def end(self, tape: Value) -> None:
        """The tape with everything pushed."""

    def back(self, tape: Value) -> Value:
        """The tape that the reverse ops pop from, where `tape` was the end."""
        return tape

    def emptied(self, tape: Value) -> None:
        """The tape with everything popped."""


class Thread(TapeSource):
    """Inside a body: one tape through all its forward ops, then through the reverse ones."""

    def begin(self, builder: Builder) -> Value:
        if self.top is None:
            self.entry = self.top = Value(TAPE, "tape")
        return self.top

    def end(self, tape: Value) -> None:
        self.top = tape

    def back(self, tape: Value) -> Value:
        if self.back_top is None:
            self.back_entry = self.back_top = Value(TAPE, "tape")
        return self.back_top

    def emptied(self, tape: Value) -> None:
        self.back_top = tape


@dataclass(slots=True)
class JointBody:
    """The forward and reverse ops of one body.

    `seeds` are the cotangents of the chosen results, `bases` what has arrived for the sources so
    far, `found` the sources' cotangents, with what they had.
    """

    body: Block
    forward: list[Op]
    reverse: list[Op]
    seeds: list[Value]
    bases: list[Value | None]
    found: list[Value]
    thread: TapeSource

    @property
    def ops(self) -> list[Op]:
        """Forward, then reverse."""
        return [*self.forward, *self.reverse]

    def reverse_inputs(self) -> set[Value]:
        """What only the reverse ops are given."""
        extra = (*self.seeds, *self.bases, self.thread.back_entry)
        return {v for v in extra if v is not None}

    def results(self) -> list[Value]:
        """What the reverse ops return; the emptied tape comes last."""
        back = self.thread.back_top
        return [*self.found, *([] if back is None else [back])]

    def reverse_only(self) -> set[Value]:
        """The values that depend on cotangents: forward ops cannot compute them."""
        found = self.reverse_inputs()
        for op in self.reverse:
            if op.primitive is TAPE_NEW or not found.isdisjoint(op.operands):
                found.update(op.results)
        return found


def between(
    ops: Sequence[Op], given: Collection[Value], results: Iterable[Value]
) -> tuple[list[Op], set[Value]]:
    """The ops between given values and results, and the further values these read."""
    live = set(results).difference(given)
    kept: list[Op] = []
    for op in reversed(ops):
        if not live.isdisjoint(op.results):
            kept.append(op)
            live.difference_update(op.results)
            live.update([v for v in op.operands if v not in given])
    kept.reverse()
    return kept, live


def popped(values: Sequence[Value], below: Value) -> tuple[list[Op], Value]:
    """The op that takes these values off a tape, leaving `below`; the tape it takes them off."""
    if not values:
        return [], below
    tape, builder = Value(TAPE, "tape"), Builder()
    types = {"types": tuple(v.type for v in values)}
    op = builder.emit(PRIMITIVES["pop"], (tape,), types)
    return [replace(op, results=(below, *values))], tape


def closed(ops: Sequence[Op], given: Sequence[Value], results: Sequence[Value]) -> Block:
    """A region with values of its own: from these values to those, by what ops it takes."""
    bound = {v: Value(v.type, v.hint) for v in given}
    needed, _ = between(ops, bound, results)
    params = tuple(bound[v] for v in given)
    made = tuple(copy_op(op, bound) for op in needed)
    return Block(params, made, tuple(bound[v] for v in results))

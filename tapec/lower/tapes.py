"""The tape of dynamic loops: values pushed on a growing stack of 8-byte slots, and popped."""

from __future__ import annotations

from tapec.ir.affine import Affine, Index, flat, var
from tapec.ir.core import Op, Value
from tapec.ir.ops.memory import TAPE_LOAD, TAPE_OPEN, TAPE_POP, TAPE_PUSH, TAPE_STORE
from tapec.lower.frame import Frame
from tapec.lower.nests import control
from tapec.lower.scalars import grid


@control("tape")
def fresh_tape(n: Frame, op: Op) -> None:
    """One stack for all runs of the op, and for all tapes of its family.

    Pushes are matched by pops, so the stack can be shared; values never popped stay at its bottom.
    """
    family = n.shared.stacks.get(op.result, op.result)
    if family not in n.shared.opened:
        with n.build.at(0):
            n.shared.opened[family] = n.build.fresh(TAPE_OPEN, (), {}, "tape")
    n.grids[op.result] = grid([n.shared.opened[family]], ())


@control("push")
def push(n: Frame, op: Op) -> None:
    """All values in one reservation, one after the other."""
    tape, *values = op.operands
    stack: Value = n.grids[tape].item()
    n.grids[op.result] = n.grids[tape]
    slots = sum(v.type.size for v in values)
    if not slots:
        return
    top = var(n.build.fresh(TAPE_PUSH, (stack,), {"slots": slots}, "index"))
    for value in values:
        _store(n, value, stack, top)
        top = top + Affine(value.type.size)


def _store(n: Frame, value: Value, stack: Value, top: Affine) -> None:
    shape = value.type.shape

    def one(element: Value, at: Affine) -> None:
        indices, strides = [v for v, _ in at.terms], tuple(c for _, c in at.terms)
        attrs = {"offset": at.const, "strides": strides}
        n.build.append(Op(TAPE_STORE, (element, stack, *indices), attrs, ()))

    if n.in_registers(value):
        for k, element in enumerate(n.grids[value].ravel().tolist()):
            one(element, top + Affine(k))
        return
    n.loops(shape, "vector", lambda at: one(n.pull(value, at), top + flat(at, shape)))


@control("pop")
def pop(n: Frame, op: Op) -> None:
    """Small values into registers, large ones into memory."""
    tape, (rest, *values) = op.operands[0], op.results
    stack: Value = n.grids[tape].item()
    n.grids[rest] = n.grids[tape]
    slots = sum(v.type.size for v in values)
    if not slots:
        for value in values:
            n.grids[value] = grid([], value.type.shape)
        return
    top = var(n.build.fresh(TAPE_POP, (stack,), {"slots": slots}, "index"))
    for value in values:
        _load(n, value, stack, top)
        top = top + Affine(value.type.size)


def _load(n: Frame, value: Value, stack: Value, top: Affine) -> None:
    shape, dtype = value.type.shape, value.type.dtype

    def one(at: Affine) -> Value:
        indices, strides = [v for v, _ in at.terms], tuple(c for _, c in at.terms)
        attrs = {"dtype": dtype, "offset": at.const, "strides": strides}
        return n.build.fresh(TAPE_LOAD, (stack, *indices), attrs, dtype)

    memory = n.place(value)
    if memory is None:
        n.grids[value] = grid([one(top + Affine(k)) for k in range(value.type.size)], shape)
        return

    def leaf(at: Index) -> None:
        place = flat(at, shape)
        n.save(one(top + place), memory, place)

    n.loops(shape, "vector", leaf)
    n.build.wrote(memory.buffer)
    n.memory[value] = memory

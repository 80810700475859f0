"""Bodies of loops that start elsewhere: the counter is a number beyond a base."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tapec.ir.build import Builder
from tapec.ir.core import Block, Op, Value
from tapec.ir.ops import arith
from tapec.ir.ops.memory import LOAD, STORE
from tapec.ir.rewrite import copy_op
from tapec.ir.types import Type

_INDEX = Type("index")


@dataclass(frozen=True)
class Own:
    """Memory of a thread's own: in place of buffers, the rows of others that its number says."""

    thread: Value
    buffers: Mapping[Value, Value]


def beyond(block: Block, base: Value, own: Own | None = None) -> Block:
    """A copy of a loop's body whose counter counts from `base`."""
    build = Builder()
    j = build.param(_INDEX, "j")
    env = {p: build.param(p.type, p.hint) for p in block.params[1:]}
    counter = env[block.params[0]] = build.emit(arith.add, (base, j)).result
    for op in block.ops:
        made = _addressed(copy_op(op, env), counter, (base, j))
        build.ops.append(made if own is None else _in_own(made, own))
    return Block(tuple(build.params), tuple(build.ops), tuple(env[v] for v in block.results))


def _addressed(op: Op, index: Value, terms: tuple[Value, Value]) -> Op:
    """Accesses with an index as a sum of two, so that neighbours are seen to be neighbours."""
    if op.primitive in (LOAD, STORE) and index in op.operands:
        return _access(op, index, terms)
    return _inside(op, lambda o: _addressed(o, index, terms))


def _in_own(op: Op, own: Own) -> Op:
    """Accesses of a buffer in the thread's row of another one."""
    place = 1 if op.primitive is STORE else 0
    if op.primitive not in (LOAD, STORE) or op.operands[place] not in own.buffers:
        return _inside(op, lambda o: _in_own(o, own))
    buffer = own.buffers[op.operands[place]]
    operands = (*op.operands[:place], buffer, *op.operands[place + 1 :], own.thread)
    strides = (*op.attrs["strides"], buffer.type.shape[1])
    attrs = {**op.attrs, "strides": strides}
    return Op(op.primitive, operands, attrs, op.results, op.regions, op.loc)


def _inside(op: Op, change: Callable[[Op], Op]) -> Op:
    """The op with those of its regions changed."""
    if not op.regions:
        return op
    regions = tuple(Block(r.params, tuple(map(change, r.ops)), r.results) for r in op.regions)
    return Op(op.primitive, op.operands, op.attrs, op.results, regions, op.loc)


def _access(op: Op, index: Value, terms: tuple[Value, Value]) -> Op:
    first = 1 + (op.primitive is STORE)
    pairs = zip(op.operands[first:], op.attrs["strides"], strict=True)
    split = [(t, s) for v, s in pairs for t in (terms if v is index else (v,))]
    attrs = {**op.attrs, "strides": tuple(s for _, s in split)}
    operands = (*op.operands[:first], *(t for t, _ in split))
    return Op(op.primitive, operands, attrs, op.results, op.regions, op.loc)

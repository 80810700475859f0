"""Expansion of ops without native code: into the formula that they declare, or a call of NumPy.
Several results of one op become parts of one array."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import prod
from typing import Any

from tapec.ir.build import Builder, Expr
from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.ops.packed import PACKED
from tapec.ir.primitive import PRIMITIVES, Primitive


def expand_ops(func: Func) -> Func:
    """The program with such ops replaced; the same object where there are none.

    First of all, so that no other part of lowering meets an op with several results that holds no
    regions.
    """
    block = _Native().block(func.block)
    return func if block is func.block else Func(func.name, block)


def is_foreign(primitive: Primitive) -> bool:
    """Whether native code knows no loops for an op, or several results of it."""
    own = primitive.kind in ("elementwise", "linear", "structured")
    return own and (primitive.lower in ("", "lapack") or primitive.results != 1)


class _Native:
    """Rewrites blocks; regions that several ops share are rewritten once."""

    def __init__(self) -> None:
        self.done: dict[Block, Block] = {}

    def block(self, block: Block) -> Block:
        """The block, or another one in its place."""
        if block not in self.done:
            self.done[block] = self._block(block)
        return self.done[block]

    def _block(self, block: Block) -> Block:
        regions = [tuple(map(self.block, op.regions)) for op in block.ops]
        same = all(r == op.regions for r, op in zip(regions, block.ops, strict=True))
        if same and not any(is_foreign(op.primitive) for op in block.ops):
            return block
        ops = [_over(op, inner) for op, inner in zip(block.ops, regions, strict=True)]
        builder, env = Builder(), dict[Value, Value]()
        _append(builder, ops, block.results, env)
        return Block(block.params, tuple(builder.ops), tuple(env.get(v, v) for v in block.results))


def _over(op: Op, regions: tuple[Block, ...]) -> Op:
    return Op(op.primitive, op.operands, op.attrs, op.results, regions, op.loc)


def _append(
    builder: Builder, ops: Sequence[Op], results: Sequence[Value], env: dict[Value, Value]
) -> None:
    """Append ops over `env`, or their expansion; `results` are read afterwards."""
    used = {v for op in ops for v in op.operands}.union(results)
    for op in ops:
        operands = tuple(env.get(v, v) for v in op.operands)
        new = Op(op.primitive, operands, op.attrs, op.results, op.regions, op.loc)
        if is_foreign(op.primitive):
            _replace(builder, new, used, env)
        else:
            builder.ops.append(new)


def _replace(builder: Builder, op: Op, used: Collection[Value], env: dict[Value, Value]) -> None:
    """Append the expansion of an op; `env` gains its results."""
    builder.loc = op.loc
    if op.primitive.expand is not None:
        _expand(builder, op, env)
        return
    wanted = tuple(k for k, v in enumerate(op.results) if v in used)
    if wanted:
        attrs = {"of": op.name, "wanted": wanted, **op.attrs}
        packed = builder.emit(PACKED, op.operands, attrs).result
        results = [op.results[k] for k in wanted]
        env.update(zip(results, _unpacked(builder, packed, results), strict=True))


def _unpacked(builder: Builder, packed: Value, results: Sequence[Value]) -> list[Value]:
    """The parts of the flat array, in the results' shapes."""
    found, start = [], 0
    for v in results:
        size = prod(v.type.shape)
        at = {"at": ((start, size, 1),)}
        part = builder.emit(PRIMITIVES["index"], (packed,), at).result
        shape = {"shape": v.type.shape}
        found.append(builder.emit(PRIMITIVES["reshape"], (part,), shape, hint=v.hint).result)
        start += size
    return found


def _expand(builder: Builder, op: Op, env: dict[Value, Value]) -> None:
    """Append the formula that the op declares; ops in it may be replaced in turn."""
    assert op.primitive.expand is not None
    formula = Builder()
    formula.loc = op.loc
    found: Any = op.primitive.expand(*(Expr(formula, v) for v in op.operands), **op.attrs)
    results = [e.value for e in (found if isinstance(found, tuple) else (found,))]
    _append(builder, formula.ops, results, env)
    env.update((y, env.get(v, v)) for y, v in zip(op.results, results, strict=True))

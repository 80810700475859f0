"""Copying and editing programs: inlining a body into a builder, replacing values, mapping ops."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tapec.errors import VerifyError
from tapec.ir.build import Builder
from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.ops.control import CALL

# A rule sees an op and its (already replaced) operands; None means "keep the op".
OpRule = Callable[[Builder, Op, tuple[Value, ...]], Sequence[Value] | None]


def replay(body: Func | Block, builder: Builder, args: Sequence[Value]) -> list[Value]:
    """Append a copy of a body to `builder` with its parameters bound to `args` (inlining).

    Raises VerifyError where the arguments' number or types are not the parameters'.
    """
    if [a.type for a in args] != [p.type for p in body.params]:
        wanted = ", ".join(str(p.type) for p in body.params)
        given = ", ".join(str(a.type) for a in args)
        raise VerifyError(f"a body over ({wanted}) cannot be applied to ({given})")
    env = dict(zip(body.params, args, strict=True))
    for op in body.ops:
        builder.ops.append(copy_op(op, env))
    return [env[v] for v in body.results]


def copy_op(op: Op, env: dict[Value, Value]) -> Op:
    """A copy of an op with operands looked up in `env`, which gains its results.

    The function of a call is shared, so that it stays one function; other regions are copied.
    """
    operands = tuple(env.get(v, v) for v in op.operands)
    results = tuple(Value(v.type, v.hint) for v in op.results)
    regions = op.regions
    if regions and op.primitive is not CALL:
        regions = tuple(_copy_block(r, env) for r in regions)
    env.update(zip(op.results, results, strict=True))
    return Op(op.primitive, operands, op.attrs, results, regions, op.loc)


def _copy_block(block: Block, env: Mapping[Value, Value]) -> Block:
    inner = dict(env)
    params = tuple(Value(p.type, p.hint) for p in block.params)
    inner.update(zip(block.params, params, strict=True))
    ops = tuple(copy_op(op, inner) for op in block.ops)
    return Block(params, ops, tuple(inner.get(v, v) for v in block.results))


def copy_func(func: Func, name: str | None = None) -> Func:
    """The same program over fresh values."""
    builder = Builder()
    args = [builder.param(p.type, p.hint) for p in func.params]
    return builder.func(name or func.name, replay(func, builder, args))


def substitute(func: Func, replacements: Mapping[Value, Value]) -> Func:
    """The program reading `replacements[v]` wherever it read v (chains are followed)."""

    def final(value: Value) -> Value:
        while value in replacements:
            value = replacements[value]
        return value

    ops = tuple(substitute_op(op, final) for op in func.ops)
    return Func(func.name, Block(func.params, ops, tuple(final(v) for v in func.results)))


def substitute_op(op: Op, final: Callable[[Value], Value]) -> Op:
    """The op over replaced operands, regions included; the same object where nothing changes."""
    operands = tuple(final(v) for v in op.operands)
    regions = op.regions
    if not op.closed:
        regions = tuple(_substitute_block(r, final) for r in regions)
    if operands == op.operands and regions == op.regions:
        return op
    return replace(op, operands=operands, regions=regions)


def _substitute_block(block: Block, final: Callable[[Value], Value]) -> Block:
    ops = tuple(substitute_op(op, final) for op in block.ops)
    results = tuple(final(v) for v in block.results)
    if ops == block.ops and results == block.results:
        return block
    return Block(block.params, ops, results)


def map_ops(func: Func, rule: OpRule) -> Func:
    """Rebuild a program op by op: `rule` may emit a replacement and return its values.

    One forward walk; top level only (regions keep their bodies, over replaced values).
    """
    builder = Builder()
    builder.params = list(func.params)
    env: dict[Value, Value] = {}

    def final(value: Value) -> Value:
        return env.get(value, value)

    for op in func.ops:
        builder.loc = op.loc
        operands = tuple(final(v) for v in op.operands)
        values = rule(builder, op, operands)
        if values is None:
            builder.ops.append(substitute_op(op, final))
        else:
            env.update(zip(op.results, values, strict=True))
    return builder.func(func.name, [final(v) for v in func.results])

"""The loop vocabulary interpreted: memory, loops and branches that see the values around them."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.backends.interpreter.machine import Env, Machine, Rule
from tapec.errors import BackendError
from tapec.ir.core import Op
from tapec.ir.ops import lapack, opaque, packed
from tapec.ir.ops.loop import STATUS
from tapec.ir.types import Type

# --- buffers -------------------------------------------------------------------------------------


def _load(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    return (env[op.operands[0]].reshape(-1)[machine.address(op, env)],)


def _store(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    value, buffer, *_ = op.operands
    env[buffer].reshape(-1)[machine.address(op, env)] = env[value]
    return ()


def _alloc(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    type: Type = op.attrs["type"]
    if "data" in op.attrs:
        return (op.attrs["data"].array,)
    return (np.zeros(type.shape, type.numpy),)


def _gemm(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    (m, n, k), matrices = op.attrs["sizes"], op.attrs["matrices"]
    shapes = zip(((m, n), (m, k), (k, n)), ((n, 1), *matrices), op.attrs["strides"], strict=True)
    views = []
    for buffer, (shape, steps, strides) in zip(op.operands[:3], shapes, strict=True):
        places = zip(strides, op.operands[3:], strict=True)
        start = sum(s * int(env[i]) for s, i in places)
        flat = env[buffer].reshape(-1)[start:]
        width = flat.itemsize
        views.append(np.lib.stride_tricks.as_strided(flat, shape, [s * width for s in steps]))
    views[0][...] = views[1] @ views[2]
    return ()


def _getrf(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    square, pivots = (env[v] for v in op.operands)
    rows, n = square.T, len(square)
    pivots[n] = 0
    for k in range(n):
        best = k + int(np.argmax(np.abs(rows[k:, k])))
        pivots[k] = best + 1
        rows[[k, best]] = rows[[best, k]]
        if rows[k, k] != 0:
            rows[k + 1 :, k] /= rows[k, k]
            rows[k + 1 :, k + 1 :] -= np.outer(rows[k + 1 :, k], rows[k, k + 1 :])
        elif not pivots[n]:
            pivots[n] = k + 1
    if pivots[n] and op.attrs.get("strict", True):
        raise np.linalg.LinAlgError("Singular matrix")
    return ()


def _getrs(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    square, pivots, right = (env[v] for v in op.operands)
    rows, n = square.T, len(square)
    matrix = (np.tril(rows, -1) + np.eye(n, dtype=rows.dtype)) @ np.triu(rows)
    for k in reversed(range(n)):
        other = pivots[k] - 1
        matrix[[k, other]] = matrix[[other, k]]
    right[...] = np.linalg.solve(matrix.T if op.attrs["transposed"] else matrix, right.T).T
    return ()


def _potrf(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    square = env[op.operands[0]]
    n = len(square)
    square[np.tri(n, dtype=bool)] = np.linalg.cholesky(square)[np.tri(n, dtype=bool)]
    return ()


def _host(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    out, *given = (env[v] for v in op.operands)
    out[...] = opaque.evaluate(*given, count=out.shape[-1], **op.attrs)
    return ()


def _numpy(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    out, *given = (env[v] for v in op.operands)
    out[...] = packed.evaluate(*given, **op.attrs)
    return ()


def _lapack(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    *buffers, _ = (env[v] for v in op.operands)
    lapack.run(op.attrs["routine"], op.attrs["arguments"], buffers, op.attrs["status"])
    return ()


def _expect(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    if not env[op.operands[0]]:
        kind, message = STATUS[op.attrs["status"]]
        raise kind(message)
    return ()


def _check_index(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    index, size = env[op.operands[0]], int(op.attrs["size"])
    if not -size <= index < size:
        raise IndexError(f"index {index} is out of bounds for size {size}")
    return (np.where(index < 0, index + size, index),)


# --- loops and branches --------------------------------------------------------------------------


def _for(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    attrs = op.attrs
    return _counted(machine, op, env, range(attrs["lower"], attrs["upper"], attrs.get("step", 1)))


def _parallel(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    (body,) = op.regions
    for k in range(op.attrs["parts"]):
        env.update(zip(body.params, np.array([k, k % op.attrs["threads"]]), strict=True))
        machine.block(body, env)
    return ()


def _repeat(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    return _counted(machine, op, env, range(int(env[op.operands[0]])), skip=1)


def _counted(machine: Machine, op: Op, env: Env, numbers: range, skip: int = 0) -> tuple[Any, ...]:
    (body,) = op.regions
    counter, *carried = body.params
    values = [env[v] for v in op.operands[skip:]]
    for i in numbers:
        env[counter] = np.asarray(i, counter.type.numpy)
        env.update(zip(carried, values, strict=True))
        values = machine.block(body, env)
    return tuple(values)


def _while(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    test, body = op.regions
    values = [env[v] for v in op.operands]
    while True:
        env.update(zip(test.params, values, strict=True))
        (go_on,) = machine.block(test, env)
        if not go_on:
            return tuple(values)
        env.update(zip(body.params, values, strict=True))
        values = machine.block(body, env)


def _if(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    then, otherwise = op.regions
    return tuple(machine.block(then if env[op.operands[0]] else otherwise, env))


def _nest(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    return tuple(machine.block(op.regions[0], env))


def _invoke(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    (block,) = op.regions
    indices = op.operands[len(block.params) :]
    views = []
    for k, param in enumerate(block.params):
        places = zip(op.attrs["strides"][k], indices, strict=True)
        start = op.attrs["offsets"][k] + sum(s * int(env[i]) for s, i in places)
        part = env[op.operands[k]].reshape(-1)[start : start + param.type.size]
        views.append(part.reshape(param.type.shape))
    machine.call(block, views)
    return ()


# --- tapes ---------------------------------------------------------------------------------------


class _SlotStack:
    """A growing stack of slots; those above `top` hold what was popped, until the next push."""

    __slots__ = ("slots", "top")

    def __init__(self) -> None:
        self.slots: list[Any] = []
        self.top = 0

    def push(self, count: int) -> int:
        first = self.top
        self.top += count
        self.slots[first:] = [None] * count
        return first

    def pop(self, count: int) -> int:
        self.top -= count
        if self.top < 0:
            raise BackendError("more slots are popped than were pushed")
        return self.top


def _tape(op: Op, position: int, env: Env) -> _SlotStack:
    tape: _SlotStack = env[op.operands[position]].item()
    return tape


def _tape_load(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    found = _tape(op, 0, env).slots[machine.address(op, env)]
    if found is None or found.dtype != op.result.type.numpy:
        raise BackendError(f"the slot holds {found!r}, not a {op.result.type}")
    return (found,)


def _tape_store(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    tape, slot = _tape(op, 1, env), machine.address(op, env)
    if not 0 <= slot < tape.top:
        raise BackendError(f"slot {slot} of a tape of {tape.top} slots is written")
    tape.slots[slot] = env[op.operands[0]]
    return ()


RULES: dict[str, Rule] = {
    "load": _load,
    "store": _store,
    "gemm": _gemm,
    "getrf": _getrf,
    "getrs": _getrs,
    "potrf": _potrf,
    "host": _host,
    "numpy": _numpy,
    "lapack": _lapack,
    "expect": _expect,
    "alloc": _alloc,
    "check_index": _check_index,
    "for": _for,
    "parallel": _parallel,
    "repeat": _repeat,
    "while": _while,
    "if": _if,
    "nest": _nest,
    "invoke": _invoke,
    "tape_open": lambda machine, op, env: (_SlotStack(),),
    "tape_push": lambda machine, op, env: (_tape(op, 0, env).push(op.attrs["slots"]),),
    "tape_pop": lambda machine, op, env: (_tape(op, 0, env).pop(op.attrs["slots"]),),
    "tape_load": _tape_load,
    "tape_store": _tape_store,
}

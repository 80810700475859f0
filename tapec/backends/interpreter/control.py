"""Control flow of array programs interpreted: branches, loops, calls and tapes.

Regions are closed, so each runs in an environment of its own. Tapes are persistent linked
lists: a push makes a new cell and mutates none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapec.backends.interpreter.machine import Array, Env, Machine, Rule
from tapec.errors import BackendError
from tapec.ir.core import Op
from tapec.ir.regions import region_op


def _values(op: Op, env: Env) -> list[Array]:
    return [env[v] for v in op.operands]


# --- branches and calls --------------------------------------------------------------------------


def _cond(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    pred, *operands = _values(op, env)
    return tuple(machine.call(op.regions[0 if pred else 1], operands))


def _switch(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    index, *operands = _values(op, env)
    taken = min(max(int(index), 0), len(op.regions) - 1)
    return tuple(machine.call(op.regions[taken], operands))


def _first(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    """The function of a call, or of an op with rules of its own."""
    return tuple(machine.call(op.regions[0], _values(op, env)))


# --- loops ---------------------------------------------------------------------------------------


def _groups(op: Op, env: Env) -> tuple[Sequence[Array], ...]:
    """A loop's constants, the start of its carried values, and the arrays that it slices."""
    loop = region_op(op)
    return loop.groups([env[v] for v in loop.args])


def _numbers(count: int, attrs: Any) -> range:
    """The iteration numbers in the order of execution."""
    forward = range(count)
    return forward[::-1] if attrs.get("reverse", False) else forward


def _scan(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    (body,) = op.regions
    fixed, carry, xs = _groups(op, env)
    ys = [np.empty(v.type.shape, v.type.numpy) for v in op.results[len(carry) :]]
    for i in _numbers(op.attrs["length"], op.attrs):
        found = machine.call(body, [np.int64(i), *fixed, *carry, *(x[i] for x in xs)])
        carry = found[: len(carry)]
        for y, element in zip(ys, found[len(carry) :], strict=True):
            y[i] = element
    return (*carry, *ys)


def _fori(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    (body,) = op.regions
    count = env[op.operands[0]]
    fixed, carry, _ = _groups(op, env)
    for i in _numbers(max(int(count), 0), op.attrs):
        carry = machine.call(body, [np.int64(i), *fixed, *carry])
    return tuple(carry)


def _while(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    test, body = op.regions
    fixed, carry, _ = _groups(op, env)
    while machine.call(test, [*fixed, *carry])[0]:
        carry = machine.call(body, [*fixed, *carry])
    return tuple(carry)


# --- tapes ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """The top of a tape: what was pushed last, on what was there before."""

    below: Cell | None = None
    values: tuple[Array, ...] = ()


def _push(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    tape, *values = _values(op, env)
    return (Cell(tape.item(), tuple(values)),)


def _pop(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    cell: Cell = env[op.operands[0]].item()
    types = op.attrs["types"]
    found = tuple((v.dtype, v.shape) for v in cell.values)
    if cell.below is None or found != tuple((t.numpy, t.shape) for t in types):
        listed = ", ".join(map(str, types))
        raise BackendError(f"the values pushed last are not ({listed})", where=op.loc)
    return (cell.below, *cell.values)


RULES: dict[str, Rule] = {
    "cond": _cond,
    "switch": _switch,
    "scan": _scan,
    "fori_loop": _fori,
    "while_loop": _while,
    "call": _first,
    "custom": _first,
    "tape": lambda machine, op, env: (Cell(),),
    "push": _push,
    "pop": _pop,
}

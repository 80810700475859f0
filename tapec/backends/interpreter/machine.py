"""The interpreter loop, and its rules for ops with regions or memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapec.errors import UnsupportedOperation
from tapec.ir.addresses import address
from tapec.ir.affine import Affine
from tapec.ir.core import Block, Op, Value
from tapec.ir.nested import reads

Array = np.ndarray[Any, Any]
Env = dict[Value, Array]


class Machine:
    """One run: executes blocks, and frees values after their last use."""

    def __init__(self) -> None:
        self.deaths: dict[Block, list[tuple[Value, ...]]] = {}
        self.places: dict[Op, Affine] = {}

    def block(self, block: Block, env: Env) -> list[Array]:
        """Execute all ops of a block in `env`, which gains and loses its values; its results."""
        for op, dead in zip(block.ops, self._deaths(block), strict=True):
            for value, array in zip(op.results, self.op(op, env), strict=True):
                env[value] = np.asarray(array)
            for value in dead:
                del env[value]
        return [env[v] for v in block.results]

    def call(self, block: Block, args: Sequence[Any]) -> list[Array]:
        """Execute a closed region on arguments."""
        pairs = zip(block.params, args, strict=True)
        return self.block(block, {p: np.asarray(a) for p, a in pairs})

    def op(self, op: Op, env: Env) -> tuple[Any, ...]:
        """Execute one op: one array per result."""
        rule = RULES.get(op.name)
        if rule is not None:
            return rule(self, op, env)
        evaluate = op.primitive.evaluate
        if evaluate is None:
            raise UnsupportedOperation(f"the interpreter cannot run {op.name}", where=op.loc)
        found = evaluate(*[env[v] for v in op.operands], **op.attrs)
        return found if isinstance(found, tuple) else (found,)

    def address(self, op: Op, env: Env) -> int:
        """The element that a load or store is of; its form is found once for all iterations."""
        if op not in self.places:
            self.places[op] = address(op)[1]
        return self.places[op].at(env)

    def _deaths(self, block: Block) -> list[tuple[Value, ...]]:
        """Per op, the values of this block that are dead after it."""
        if block not in self.deaths:
            self.deaths[block] = _last_uses(block)
        return self.deaths[block]


def _last_uses(block: Block) -> list[tuple[Value, ...]]:
    own = {v for op in block.ops for v in op.results}.difference(block.results)
    dead: list[tuple[Value, ...]] = []
    for op in reversed(block.ops):
        dying = tuple(dict.fromkeys(v for v in (*op.results, *reads(op)) if v in own))
        own.difference_update(dying)
        dead.append(dying)
    return dead[::-1]


# A rule for an op whose meaning is not a function of arrays: regions, memory.
Rule = Callable[[Machine, Op, Env], tuple[Any, ...]]
RULES: dict[str, Rule] = {}

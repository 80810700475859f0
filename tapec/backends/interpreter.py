"""The reference backend: a program run op by op with the primitives' own NumPy evaluation.

Slow, exact and obvious. Everything else (passes, native code) is compared with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tapec.backends.interpreter_control import CONTROL
from tapec.backends.interpreter_memory import MEMORY, Array, Env, Rule
from tapec.errors import DTypeError, ShapeError, UnsupportedOperation
from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.nested import reads
from tapec.ir.types import Type


def run(func: Func, args: Sequence[Any]) -> list[Array]:
    """The results of `func` on arrays of exactly the parameters' types.

    Results are fresh C-contiguous arrays that share memory with nothing. Parameters that are
    buffers (lowered programs) are written in place and must be C-contiguous. Raises ShapeError
    or DTypeError for arguments that do not fit, IndexError where a checked index is out of range.
    """
    if len(args) != len(func.params):
        raise ShapeError(f"@{func.name} takes {len(func.params)} arguments, not {len(args)}")
    pairs = zip(func.params, args, strict=True)
    env = {p: _argument(func, i, p.type, a) for i, (p, a) in enumerate(pairs)}
    given = [id(a) for a in env.values()]
    with np.errstate(all="ignore"):
        results = Machine().block(func.block, env)
    return _fresh(results, given)


def _argument(func: Func, position: int, type: Type, given: Any) -> Array:
    array = np.asarray(given)
    if array.shape != type.shape:
        raise ShapeError(
            f"argument {position} of @{func.name} has shape {list(array.shape)}, not {type}"
        )
    if array.dtype != type.numpy:
        raise DTypeError(f"argument {position} of @{func.name} is {array.dtype}, not {type}")
    if type.buffer and not array.flags.c_contiguous:
        raise ShapeError(f"argument {position} of @{func.name} is a buffer: must be contiguous")
    return array


def _fresh(results: Sequence[Array], taken: list[int]) -> list[Array]:
    """The results as arrays the caller may write to: views, constants and repeats are copied."""
    seen = set(taken)
    out = []
    for array in results:
        flags = array.flags
        own = flags.owndata and flags.writeable and flags.c_contiguous and id(array) not in seen
        seen.add(id(array))
        out.append(array if own else np.array(array, order="C", copy=True))
    return out


class Machine:
    """One run: executes blocks and remembers when their values die."""

    def __init__(self) -> None:
        self.deaths: dict[Block, list[tuple[Value, ...]]] = {}

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

    def _deaths(self, block: Block) -> list[tuple[Value, ...]]:
        """Per op, the values of this block that nobody reads afterwards."""
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


RULES: dict[str, Rule] = {**CONTROL, **MEMORY}

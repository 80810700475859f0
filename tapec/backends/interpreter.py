"""The reference backend: a program run op by op with the primitives' own NumPy evaluation.

Slow, exact and obvious. Everything else (passes, native code) is compared with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from tapec.errors import DTypeError, ShapeError, UnsupportedOperation
from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.types import Type

Array = np.ndarray[Any, Any]
Env = dict[Value, Array]
# A rule for an op whose meaning is not a function of arrays: regions, memory.
Rule = Callable[["Machine", Op, Env], tuple[Any, ...]]


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
        dying = tuple(dict.fromkeys(v for v in (*op.results, *_reads(op)) if v in own))
        own.difference_update(dying)
        dead.append(dying)
    return dead[::-1]


def _reads(op: Op) -> Iterator[Value]:
    """The values an op reads, those read inside its regions included."""
    pending = [op]
    while pending:
        current = pending.pop()
        yield from current.operands
        for region in current.regions:
            yield from region.results
            pending.extend(region.ops)


# --- memory and loops ----------------------------------------------------------------------------


def _address(op: Op, indices: Sequence[Value], env: Env) -> int:
    strides = op.attrs.get("strides", ())
    address: int = op.attrs.get("offset", 0)
    for stride, index in zip(strides, indices, strict=True):
        address += stride * int(env[index])
    return address


def _load(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    buffer, *indices = op.operands
    return (env[buffer].reshape(-1)[_address(op, indices, env)],)


def _store(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    value, buffer, *indices = op.operands
    env[buffer].reshape(-1)[_address(op, indices, env)] = env[value]
    return ()


def _alloc(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    type: Type = op.attrs["type"]
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


def _check_index(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    index, size = env[op.operands[0]], int(op.attrs["size"])
    if not -size <= index < size:
        raise IndexError(f"index {index} is out of bounds for size {size}")
    return (np.where(index < 0, index + size, index),)


def _for(machine: Machine, op: Op, env: Env) -> tuple[Any, ...]:
    (body,) = op.regions
    counter, *carried = body.params
    values = [env[v] for v in op.operands]
    attrs = op.attrs
    for i in range(attrs["lower"], attrs["upper"], attrs.get("step", 1)):
        env[counter] = np.asarray(i, counter.type.numpy)
        env.update(zip(carried, values, strict=True))
        values = machine.block(body, env)
    return tuple(values)


RULES: dict[str, Rule] = {
    "load": _load,
    "store": _store,
    "gemm": _gemm,
    "alloc": _alloc,
    "check_index": _check_index,
    "for": _for,
}

"""The reference backend: a program run op by op with the primitives' own NumPy evaluation.

Slow, exact and obvious. Everything else (passes, native code) is compared with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tapec.backends.interpreter import control, memory
from tapec.backends.interpreter.machine import RULES, Array, Machine
from tapec.errors import DTypeError, ShapeError
from tapec.ir.core import Func
from tapec.ir.types import Type

__all__ = ["Machine", "run"]

RULES.update(control.RULES | memory.RULES)


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

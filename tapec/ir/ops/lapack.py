"""Routines of LAPACK as ops on matrices, in stacks too.

An op of NumPy's is a formula around them (its `expand`), declared beside the routine: nothing else
need know of either. Matrices lie in row-major order, so that LAPACK sees their transposes.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapec.errors import BackendError
from tapec.ir.exports import addresses
from tapec.ir.ops.loop import STATUS
from tapec.ir.ops.matrices import eliminations
from tapec.ir.ops.shape import Array
from tapec.ir.primitive import Primitive, structured
from tapec.ir.types import Type, type_of


@dataclass(frozen=True)
class Call:
    """How a routine is called for one matrix.

    `arguments` are Fortran's but the last, INFO: letters, integers, and `@k` for buffer k. Buffers
    are copies of the operands, which may be overwritten, then `room`; `results` are some of them.
    """

    arguments: str
    room: tuple[Type, ...]
    results: tuple[int, ...]


@dataclass(frozen=True)
class Routine:
    """A routine: its call for operands of these ranks, and the status where INFO is not 0."""

    call: Callable[..., Call]
    ranks: tuple[int, ...]
    status: int

    def lead(self, types: Sequence[Type]) -> tuple[int, ...]:
        """The shape of the stack."""
        return types[0].shape[: types[0].ndim - self.ranks[0]]

    def one(self, types: Sequence[Type], attrs: Mapping[str, Any]) -> tuple[Call, list[Type]]:
        """The call for one matrix of the stack, and the types of all buffers."""
        skip = len(self.lead(types))
        operands = [t.with_shape(t.shape[skip:]) for t in types]
        call = self.call(*operands, **attrs)
        return call, [*operands, *call.room]


ROUTINES: dict[str, Routine] = {}


def routine(
    name: str, call: Callable[..., Call], doc: str, *, ranks: tuple[int, ...] = (2,),
    results: int = 1, status: int = 0, cost: int = 40,
) -> Primitive:  # fmt: skip
    """Declare a routine by its name without the letter of the element type."""
    made = ROUTINES[name] = Routine(call, ranks, status)

    def infer(*types: Type, **attrs: Any) -> Any:
        one, buffers = made.one(types, attrs)
        lead = made.lead(types)
        found = [buffers[k] for k in one.results]
        stacks = tuple(t.with_shape((*lead, *t.shape)) for t in found)
        return stacks if results > 1 else stacks[0]

    def evaluate(*arrays: Array, **attrs: Any) -> Any:
        types = infer(*map(type_of, arrays), **attrs)
        found = [np.empty(t.shape, t.numpy) for t in (types if results > 1 else (types,))]
        for at in np.ndindex(*arrays[0].shape[: arrays[0].ndim - ranks[0]]):
            for out, value in zip(found, _one(name, [a[at] for a in arrays], attrs), strict=True):
                out[at] = value
        return tuple(found) if results > 1 else found[0]

    return structured(
        name,
        infer,
        evaluate,
        results=results,
        cost=cost,
        work=eliminations,
        raises=bool(status),
        lower="lapack",
        doc=doc,
    )


def _one(name: str, given: Sequence[Array], attrs: Mapping[str, Any]) -> list[Array]:
    """The results for one matrix."""
    call = ROUTINES[name].call(*map(type_of, given), **attrs)
    room = [np.zeros(t.shape, t.numpy) for t in call.room]
    buffers = [*(np.array(a, order="C") for a in given), *room]
    run(name, call.arguments, buffers, ROUTINES[name].status)
    return [buffers[k] for k in call.results]


@functools.cache
def _addresses() -> Mapping[str, int]:
    return addresses("cython_lapack", [t + name for t in "ds" for name in ROUTINES], "")


def run(name: str, arguments: str, buffers: Sequence[Array], status: int) -> None:
    """Call the routine on contiguous buffers; raises what the status says where it fails."""
    if not buffers[0].size:
        return
    if not _addresses():
        raise BackendError(f"{name} needs SciPy's LAPACK")
    letter, flag = "d" if buffers[0].itemsize == 8 else "s", ctypes.c_int(0)
    held = [_argument(token, buffers) for token in arguments.split()]
    pointers = [x if type(x) is int else ctypes.addressof(x) for x in (*held, flag)]
    ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * len(pointers))(_addresses()[letter + name])(
        *pointers
    )
    if flag.value and status:
        kind, message = STATUS[status]
        raise kind(message)


def _argument(token: str, buffers: Sequence[Array]) -> Any:
    if token[0] == "@":
        return buffers[int(token[1:])].ctypes.data
    return ctypes.c_char(token.encode()) if token.isalpha() else ctypes.c_int(int(token))


def scratch(like: Type, size: int) -> Type:
    """Work memory in the element type of a matrix."""
    return Type(like.dtype, (max(size, 1),))


def integers(size: int) -> Type:
    """Work memory of LAPACK's integers."""
    return Type("i32", (max(size, 1),))

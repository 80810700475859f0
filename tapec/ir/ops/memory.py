"""Memory in lowered programs: elements of buffers, work memory, checked indices, growing tapes.

Buffers are values of a `Type` with `buffer=True`: parameters of a lowered program (inputs, then
outputs) and results of `alloc`. An address is `offset + sum(stride * index)` in elements of the
flat C-contiguous buffer.
"""

from __future__ import annotations

from typing import Any

from tapec.errors import VerifyError
from tapec.ir.primitive import Primitive, register
from tapec.ir.types import Type

TAPE = Type("tape")
PLACES = frozenset({"index", "i64"})  # element types of what addresses are computed from


def _move(tape: Type, *, slots: int) -> Type:
    if tape != TAPE:
        raise VerifyError(f"not a tape: {tape}")
    return Type("index")


def _address(memory: Type, indices: tuple[Type, ...], strides: tuple[int, ...]) -> None:
    """Raise VerifyError unless elements of this memory can be reached by these indices."""
    if not (memory.buffer or memory == TAPE):
        raise VerifyError(f"{memory} is not memory")
    if len(indices) != len(strides) or any(i.shape or i.dtype not in PLACES for i in indices):
        listed = ", ".join(map(str, indices))
        raise VerifyError(f"one stride per index, and integer numbers, got ({listed}) {strides}")


def _peek(
    tape: Type, *indices: Type, dtype: str, offset: int = 0, strides: tuple[int, ...] = ()
) -> Type:
    _address(tape, indices, strides)
    return Type(dtype)


def _poke(
    value: Type, tape: Type, *indices: Type, offset: int = 0, strides: tuple[int, ...] = ()
) -> tuple[Type, ...]:
    _address(tape, indices, strides)
    return ()


def _load(buffer: Type, *indices: Type, offset: int = 0, strides: tuple[int, ...] = ()) -> Type:
    _address(buffer, indices, strides)
    return Type(buffer.dtype)


def _store(
    value: Type, buffer: Type, *indices: Type, offset: int = 0, strides: tuple[int, ...] = ()
) -> tuple[Type, ...]:
    _address(buffer, indices, strides)
    if value != Type(buffer.dtype):
        raise VerifyError(f"store of {value} into {buffer}")
    return ()


def _alloc(*, type: Type, data: Any = None) -> Type:
    return Type(type.dtype, type.shape, buffer=True)


def _check(index: Type, *, size: int) -> Type:
    return index


LOAD = register(
    Primitive(
        name="load",
        kind="loop",
        infer=_load,
        doc="The element of a buffer at offset + sum(strides * indices).",
    )
)
STORE = register(
    Primitive(
        name="store",
        kind="loop",
        infer=_store,
        effect=True,
        results=0,
        doc="Write one element of a buffer.",
    )
)
ALLOC = register(
    Primitive(
        name="alloc",
        kind="loop",
        infer=_alloc,
        effect=True,
        doc="Uninitialised work memory of a type; with `data` a constant array, not to be written.",
    )
)
CHECK = register(
    Primitive(
        name="check_index",
        kind="loop",
        infer=_check,
        effect=True,
        doc="An index made non-negative as NumPy does; outside [-size, size) the kernel ends "
        "with status 1.",
    )
)
TAPE_OPEN = register(
    Primitive(
        name="tape_open",
        kind="loop",
        infer=lambda: Type("tape"),
        effect=True,
        doc="An empty growing stack of 8-byte slots, freed when the kernel ends.",
    )
)
TAPE_PUSH = register(
    Primitive(
        name="tape_push",
        kind="loop",
        infer=_move,
        effect=True,
        doc="Room for `slots` more slots; the number of the first. Without memory the kernel ends "
        "with status 2.",
    )
)
TAPE_POP = register(
    Primitive(
        name="tape_pop",
        kind="loop",
        infer=_move,
        effect=True,
        doc="Take `slots` slots off (they stay readable until the next push); the first of them.",
    )
)
TAPE_LOAD = register(
    Primitive(
        name="tape_load",
        kind="loop",
        infer=_peek,
        effect=True,
        doc="The slot at offset + sum(strides * indices), as a `dtype`.",
    )
)
TAPE_STORE = register(
    Primitive(
        name="tape_store",
        kind="loop",
        infer=_poke,
        effect=True,
        results=0,
        doc="Write the slot at offset + sum(strides * indices).",
    )
)

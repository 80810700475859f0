"""Constant arrays as LLVM text: bytes, with long runs of zeros left out; large ones by address.

Text of megabytes takes LLVM as long as a program of hundreds of ops. The array of the lowered
program stays where it is instead, and lives as long as the code that reads it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tapec.backends.llvm.tuning import EXTERNAL_BYTES, ZERO_GAP
from tapec.ir.core import Dense, Op
from tapec.ir.nested import every
from tapec.ir.ops.memory import ALLOC


def definition(array: Dense, number: int) -> tuple[str, str]:
    """The name of a constant with the array's elements, and its text in the module."""
    if array.array.nbytes > EXTERNAL_BYTES:
        name = _name(array)
        return name, f"@{name} = external constant i8"
    return f"data{number}", constant_text(f"data{number}", array.array)


def external(ops: Iterable[Op]) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays that the code of these ops reads where they are, by name."""
    data = (op.attrs["data"] for op in every(ops) if op.primitive is ALLOC and "data" in op.attrs)
    return {_name(a): a.array for a in data if a.array.nbytes > EXTERNAL_BYTES}


def _name(array: Dense) -> str:
    return f"tapec.data.{id(array)}"


def constant_text(name: str, array: np.ndarray[Any, Any]) -> str:
    """The definition of a private constant with the array's elements in C order."""
    raw = array.tobytes()
    pieces = list(_pieces(raw)) or [f"[{len(raw)} x i8] zeroinitializer"]
    types = ", ".join(piece[: piece.index("]") + 1] for piece in pieces)
    return f"@{name} = private constant <{{ {types} }}> <{{ {', '.join(pieces)} }}>, align 64"


def _pieces(raw: bytes) -> list[str]:
    """Typed pieces: what is there, and zeros between."""
    places = np.flatnonzero(np.frombuffer(raw, np.uint8))
    if not places.size:
        return []
    breaks = np.flatnonzero(np.diff(places) > ZERO_GAP)
    starts = [int(places[0]), *map(int, places[breaks + 1])]
    ends = [*(int(p) + 1 for p in places[breaks]), int(places[-1]) + 1]
    pieces, at = [], 0
    for start, end in zip(starts, ends, strict=True):
        pieces += _zeros(start - at)
        pieces.append(f'[{end - start} x i8] c"\\{raw[start:end].hex(chr(92))}"')
        at = end
    return pieces + _zeros(len(raw) - at)


def _zeros(count: int) -> list[str]:
    return [f"[{count} x i8] zeroinitializer"] if count else []

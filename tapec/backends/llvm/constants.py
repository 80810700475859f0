"""Constant arrays as LLVM text: bytes, with long runs of zeros left out."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.backends.llvm.tuning import ZERO_GAP


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

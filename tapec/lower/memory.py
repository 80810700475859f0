"""Where a large value is: a buffer, from a place in it on."""

from __future__ import annotations

from dataclasses import dataclass

from tapec.ir.affine import ZERO, Affine
from tapec.ir.core import Value


@dataclass(frozen=True, slots=True)
class Memory:
    """A C-contiguous array in a buffer; `base` is where its first element is."""

    buffer: Value
    base: Affine = ZERO

    def part(self, offset: Affine) -> Memory:
        """What begins `offset` elements later."""
        return Memory(self.buffer, self.base + offset)

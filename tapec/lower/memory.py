"""Places of large values, an offset into a buffer, and of the factors of a matrix."""

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
        """The memory that begins `offset` elements later."""
        return Memory(self.buffer, self.base + offset)


@dataclass(frozen=True)
class Factors:
    """A factored matrix in memory, or the transpose of what was factored."""

    square: Value
    pivots: Value
    transposed: bool = False
    checked: bool = True  # known to be of a regular matrix

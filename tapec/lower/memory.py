"""Where a large value is: a buffer, from a place in it on; where the factors of a matrix are."""

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


@dataclass(frozen=True)
class Factors:
    """A factored matrix in memory, or the transpose of what was factored."""

    square: Value
    pivots: Value
    transposed: bool = False
    checked: bool = True  # known to be of a regular matrix

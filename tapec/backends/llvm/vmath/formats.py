"""The floating-point formats that vector mathematics is written for."""

from __future__ import annotations

import struct
from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    """A floating-point format: LLVM's names, bits of the fraction, and the exponent's bias."""

    element: str
    suffix: str
    integer: str
    fraction: int
    bias: int
    magic: float  # adding it leaves the nearest integer in the low bits
    pack: str  # of the struct module, for the number and the integer of the same bits

    def bits(self, value: float) -> int:
        """The bits of a number as a signed integer."""
        return int(struct.unpack(f"<{self.pack[1]}", struct.pack(f"<{self.pack[0]}", value))[0])

    def literal(self, value: float) -> str:
        """The nearest number as LLVM writes it: as a double."""
        (rounded,) = struct.unpack(f"<{self.pack[0]}", struct.pack(f"<{self.pack[0]}", value))
        return f"0x{DOUBLE.bits(rounded) & (2**64 - 1):016X}"


DOUBLE = Format("double", "f64", "i64", 52, 1023, 1.5 * 2.0**52, "dq")
SINGLE = Format("float", "f32", "i32", 23, 127, 1.5 * 2.0**23, "fi")

"""Functions that share most of their work with a twin of the same operands: sine and cosine."""

from __future__ import annotations

from collections.abc import Sequence

from tapec.backends.llvm.emit_scalar import LIBM
from tapec.backends.llvm.vmath import PAIRS, Sink, emit_pair
from tapec.ir.core import Op, Value

_PAIR_OF = {name: pair for pair in PAIRS for name in pair}
# The C library has none of these, which would compute numbers one by one.
_PAIRED_NUMBERS = {name for pair in PAIRS if LIBM.keys().isdisjoint(pair) for name in pair}


class Pairs:
    """The functions of a block whose twins are wanted too: the first one emits both."""

    def __init__(self, ops: Sequence[Op] = ()) -> None:
        found = {(op.name, op.operands): op.primitive.twin for op in ops if op.primitive.twin}
        self.made: dict[tuple[str, tuple[Value, ...]], str] = {
            key: "" for key, twin in found.items() if (twin, key[1]) in found
        }

    def result(self, lines: Sink, op: Op, args: Sequence[str], width: int) -> str:
        """The name of the op's result; empty where it is to be emitted alone."""
        key = (op.name, op.operands)
        if key not in self.made or (width == 1 and op.name not in _PAIRED_NUMBERS):
            return ""
        if not self.made[key]:
            names = _PAIR_OF[op.name]
            both = emit_pair(names, lines, args, op.result.type.dtype, width)
            self.made.update(zip([(n, op.operands) for n in names], both, strict=True))
        return self.made[key]

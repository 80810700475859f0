"""Where loads and stores of lowered programs go."""

from __future__ import annotations

from tapec.ir.affine import Affine, affine_sum
from tapec.ir.core import Op, Value
from tapec.ir.ops.memory import STORE, TAPE_STORE


def address(op: Op) -> tuple[Value, Affine]:
    """The buffer or tape of a load or store, and the element of it as a form of the indices."""
    buffer, *indices = op.operands[op.primitive in (STORE, TAPE_STORE) :]
    terms = zip(indices, op.attrs.get("strides", ()), strict=True)
    return buffer, affine_sum(op.attrs.get("offset", 0), list(terms))

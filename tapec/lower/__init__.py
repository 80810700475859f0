"""From array programs to the loop vocabulary."""

from __future__ import annotations

from tapec.ir.core import Func
from tapec.lower.scalars import expand

__all__ = ["expand", "lower"]


def lower(func: Func) -> Func:
    """The program in loads, scalar ops, loops and stores; its parameters are buffers.

    Inputs come first, then one output buffer per result. Raises UnsupportedLowering for an op
    without a rule.
    """
    return expand(func)

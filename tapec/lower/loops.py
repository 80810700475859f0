"""The last step from arrays to loops: every nest, loop and branch as machine loops and memory."""

from __future__ import annotations

from tapec.ir.core import Func
from tapec.ir.rewrite import copy_func
from tapec.lower import branches, control, functions, tapes
from tapec.lower.frame import Shared
from tapec.lower.nests import function
from tapec.lower.stacks import made_inside, stacks

__all__ = ["branches", "control", "functions", "tapes", "to_loops"]


def to_loops(func: Func) -> Func:
    """The program in loads, scalar ops, loops and stores, over buffers: inputs, then outputs.

    Raises UnsupportedLowering for an op without a rule.
    """
    shared = Shared()
    if made_inside(func):
        func = copy_func(func)
        shared = Shared(stacks(func))
    return Func(func.name, function(func.block, shared))

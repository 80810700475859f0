"""How a region reads what is around it: parameters bound to registers, memory or views."""

from __future__ import annotations

from tapec.errors import UnsupportedLowering
from tapec.ir.affine import Affine, Index, flat
from tapec.ir.core import Block, Value
from tapec.lower.frame import Frame
from tapec.lower.scalars import Grid
from tapec.lower.tuning import SMALL


def child(n: Frame, block: Block) -> Frame:
    """A region, in the same program."""
    return Frame(block, n.build, n.shared)


def bind(n: Frame, inner: Frame, param: Value, value: Value, at: Index = ()) -> None:
    """Let a parameter stand for a value outside, or for its slice `at`."""
    small = value.type.size <= SMALL and not at and value not in n.roots
    if small and n.in_registers(value):
        inner.grids[param] = n.grids[value]
    elif n.in_memory(value):
        shape = value.type.shape
        first = (*at, *(Affine() for _ in shape[len(at) :]))
        inner.memory[param] = n.memory[value].part(flat(first, shape))
    else:
        inner.outer[param] = lambda index: n.pull(value, (*at, *index))


def same_tape(a: Grid, b: Grid) -> None:
    """Tapes are not chosen at run time."""
    if a.item() is not b.item():
        raise UnsupportedLowering("a tape that is made inside a loop or branch and leaves it")

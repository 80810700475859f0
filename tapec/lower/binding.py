"""How a region reads what is around it: parameters bound to registers, memory or views."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapec.errors import UnsupportedLowering
from tapec.ir.affine import Affine, Index, flat
from tapec.ir.core import Block, Func, Value
from tapec.lower.inplace import SMALL
from tapec.lower.plan import Roles
from tapec.lower.scalars import Grid

if TYPE_CHECKING:
    from tapec.lower.nests import Nests


def child(n: Nests, block: Block, roles: Roles) -> Nests:
    """The lowering of a region, in the same program."""
    return type(n)(Func(n.func.name, block), n.options, n.build, roles)


def bind(n: Nests, inner: Nests, param: Value, value: Value, at: Index = ()) -> None:
    """Let a parameter stand for a value outside, or for its slice `at`."""
    small = value.type.size <= SMALL and not at and value not in n.options.forced
    if small and n.in_registers(value):
        inner.grids[param] = n.grids[value]
    elif n.in_memory(value):
        shape = value.type.shape
        first = (*at, *(Affine() for _ in shape[len(at) :]))
        inner.memory[param] = n.memory[value].part(flat(first, shape))
    else:
        inner.outer[param] = lambda index: n.pull(value, (*at, *index))


def registers(n: Nests, value: Value) -> list[Value]:
    """The elements of a small value."""
    assert n.in_registers(value)
    found: list[Value] = n.grids[value].ravel().tolist()
    return found


def same_tape(a: Grid, b: Grid) -> None:
    """Tapes are not chosen at run time."""
    if a.item() is not b.item():
        raise UnsupportedLowering("a tape that is made inside a loop or branch and leaves it")

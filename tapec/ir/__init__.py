"""What a program is: types, values, ops, functions, primitives.

The names here are loaded, with the table of primitives, when the first of them is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapec.lazy import exported

if TYPE_CHECKING:
    from tapec.ir.build import Builder, Expr
    from tapec.ir.core import Block, Dense, Func, Loc, Op, Value
    from tapec.ir.primitive import PRIMITIVES, Primitive, lookup
    from tapec.ir.types import Type, broadcast_shapes, dtype_name, promote, type_of

__all__ = [
    "PRIMITIVES",
    "Block",
    "Builder",
    "Dense",
    "Expr",
    "Func",
    "Loc",
    "Op",
    "Primitive",
    "Type",
    "Value",
    "broadcast_shapes",
    "dtype_name",
    "lookup",
    "promote",
    "type_of",
]

# The families fill the table of primitives.
__getattr__ = exported(
    __name__,
    {
        **dict.fromkeys(("Builder", "Expr"), "tapec.ir.build"),
        **dict.fromkeys(("Block", "Dense", "Func", "Loc", "Op", "Value"), "tapec.ir.core"),
        **dict.fromkeys(("PRIMITIVES", "Primitive", "lookup"), "tapec.ir.primitive"),
        **dict.fromkeys(
            ("Type", "broadcast_shapes", "dtype_name", "promote", "type_of"), "tapec.ir.types"
        ),
    },
    first="tapec.ir.ops",
)

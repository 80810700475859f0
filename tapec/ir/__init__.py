"""What a program is: types, values, ops, functions, primitives."""

from __future__ import annotations

from tapec.ir import ops as _families  # noqa: F401  fills the table of primitives
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

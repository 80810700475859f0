"""Helpers for the rules of scalar ops: types, literals, the op being emitted.

A rule appends instructions to a `Lines` and returns the name of its result. `lines.emit(rhs)`
appends one instruction, `lines.declare` and `lines.define` add to the module. Registers hold bool
as i1; memory holds it as one byte.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from typing import Any

from tapec.backends.llvm.target import PURE
from tapec.errors import UnsupportedLowering
from tapec.ir.core import Op

REGISTER = {"bool": "i1", "i32": "i32", "i64": "i64", "f32": "float", "f64": "double"}
REGISTER["index"] = "i64"
MEMORY = {**REGISTER, "bool": "i8"}
SIZES = {"bool": 1, "i32": 4, "i64": 8, "f32": 4, "f64": 8, "index": 8}
BITS = {"i32": 32, "i64": 64, "index": 64, "f32": 32, "f64": 64}

# Names of the C library for what has no instruction; f32 has an f at the end.
LIBM = {
    name: name
    for name in [
        "exp",
        "exp2",
        "expm1",
        "log",
        "log2",
        "log10",
        "log1p",
        "cbrt",
        "sin",
        "cos",
        "tan",
        "sinh",
        "cosh",
        "tanh",
        "erf",
        "erfc",
        "hypot",
        "lgamma",
        "tgamma",
        "floor",
        "ceil",
        "trunc",
        "rint",
    ]
} | {
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arctan2": "atan2",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
    "power": "pow",
    "fmod": "fmod",
}


@cache
def vmath() -> Any:
    """The vector mathematics module, or None where it is not part of this build."""
    try:
        return import_module("tapec.backends.llvm.vmath")
    except ModuleNotFoundError:
        return None


def kind(dtype: str) -> str:
    """f, i or b."""
    return {"f": "f", "b": "b"}.get(dtype[0], "i")


def vector(element: str, width: int) -> str:
    """The LLVM type of `width` elements."""
    return element if width == 1 else f"<{width} x {element}>"


def literal(value: Any, dtype: str, width: int = 1) -> str:
    """A constant as text."""
    if dtype == "bool":
        one = "true" if value else "false"
    elif kind(dtype) == "i":
        one = str(int(value))
    else:
        number = float(value)
        if dtype == "f32":
            number = _single(number)
        one = f"0x{struct.unpack('<Q', struct.pack('<d', number))[0]:016X}"
    if width == 1:
        return one
    return "<" + ", ".join([f"{REGISTER[dtype]} {one}"] * width) + ">"


def _single(number: float) -> float:
    try:
        return float(struct.unpack("<f", struct.pack("<f", number))[0])
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


BINARY = {
    # Products are contracted only with sums that allow it (see `FUSED`).
    ("add", "f"): "fadd",
    ("sub", "f"): "fsub",
    ("mul", "f"): "fmul contract",
    ("div", "f"): "fdiv",
    ("add", "i"): "add",
    ("sub", "i"): "sub",
    ("mul", "i"): "mul",
    ("bitwise_and", "i"): "and",
    ("bitwise_or", "i"): "or",
    ("bitwise_xor", "i"): "xor",
    ("bitwise_and", "b"): "and",
    ("bitwise_or", "b"): "or",
    ("bitwise_xor", "b"): "xor",
    ("logical_and", "b"): "and",
    ("logical_or", "b"): "or",
    ("logical_xor", "b"): "xor",
    ("add", "b"): "or",
    ("mul", "b"): "and",
    ("maximum", "b"): "or",
    ("minimum", "b"): "and",
}
COMPARE = {
    "less": ("olt", "slt", "ult"),
    "less_equal": ("ole", "sle", "ule"),
    "greater": ("ogt", "sgt", "ugt"),
    "greater_equal": ("oge", "sge", "uge"),
    "equal": ("oeq", "eq", "eq"),
    "not_equal": ("une", "ne", "ne"),
}


class Emit:
    """One op being emitted: its operands as text, element type and width."""

    def __init__(self, lines: Any, op: Op, args: Sequence[str], width: int) -> None:
        self.lines, self.op, self.args, self.width = lines, op, args, width
        self.dtype = op.operands[0].type.dtype
        self.kind = kind(self.dtype)
        self.type = vector(REGISTER[self.dtype], width)
        self.bool = vector("i1", width)

    def do(self, instruction: str, *args: str) -> str:
        """instruction <type> args."""
        return str(self.lines.emit(f"{instruction} {self.type} {', '.join(args)}"))

    def num(self, value: Any) -> str:
        """A constant of the operand type."""
        return literal(value, self.dtype, self.width)

    def cmp(self, how: str, a: str, b: str) -> str:
        """A comparison: of floats o.. or u.., else of integers."""
        return self.do(f"{'f' if self.kind == 'f' else 'i'}cmp {how}", a, b)

    def pick(self, c: str, a: str, b: str) -> str:
        """select."""
        return str(self.lines.emit(f"select {self.bool} {c}, {self.type} {a}, {self.type} {b}"))

    def both(self, how: str, a: str, b: str) -> str:
        """and, or, xor of two truth values."""
        return str(self.lines.emit(f"{how} {self.bool} {a}, {b}"))

    def intrinsic(self, name: str, *args: str) -> str:
        """llvm.<name> on the operand type."""
        element = {"double": "f64", "float": "f32"}.get(REGISTER[self.dtype], REGISTER[self.dtype])
        suffix = element if self.width == 1 else f"v{self.width}{element}"
        symbol = f"@llvm.{name}.{suffix}"
        self.lines.declare(f"declare {self.type} {symbol}({', '.join([self.type] * len(args))})")
        return str(self.lines.emit(f"call {self.type} {symbol}({self.typed(args)})"))

    def typed(self, args: Sequence[str]) -> str:
        """The arguments of a call."""
        return ", ".join(f"{self.type} {a}" for a in args)

    def math(self, name: str, *args: str) -> str:
        """A mathematical function: vector code on vectors, the C library on scalars.

        Inlined vector code costs compile time in long scalar programs, and gains little there.
        """
        ours = vmath()
        scalar = self.width == 1 and name in LIBM
        if ours is not None and name in ours.SUPPORTED and not scalar:
            return str(ours.emit(name, self.lines, list(args), self.dtype, self.width))
        if name not in LIBM or self.kind != "f":
            raise UnsupportedLowering(f"no native code for {name} of {self.dtype}")
        made = self.libm(LIBM[name] + ("f" if self.dtype == "f32" else ""), args)
        if name != "lgamma":
            return made
        lowest = self.cmp("oeq", args[0], self.num(-math.inf))  # SciPy's limit there is another
        return self.pick(lowest, args[0], made)

    def libm(self, symbol: str, args: Sequence[str]) -> str:
        """Call the C library for every lane."""
        element = REGISTER[self.dtype]
        self.lines.declare(f"declare {element} @{symbol}({', '.join([element] * len(args))}){PURE}")

        def one(lanes: Sequence[str]) -> str:
            call = ", ".join(f"{element} {lane}" for lane in lanes)
            return str(self.lines.emit(f"call {element} @{symbol}({call})"))

        return self.by_lane(one, args)

    def by_lane(self, one: Callable[[Sequence[str]], str], args: Sequence[str]) -> str:
        """`one` applied to every lane."""
        if self.width == 1:
            return one(args)
        result, element = "poison", REGISTER[self.dtype]
        for lane in range(self.width):
            value = one([self.lane(a, lane) for a in args])
            result = self.lines.emit(
                f"insertelement {self.type} {result}, {element} {value}, i32 {lane}"
            )
        return result

    def lane(self, value: str, lane: int) -> str:
        """One lane of a vector."""
        return str(self.lines.emit(f"extractelement {self.type} {value}, i32 {lane}"))

"""Calls of the special functions that SciPy exports to Cython code, one number after the other."""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Sequence

from tapec.backends.llvm.emit_scalar import REGISTER, Emit, literal
from tapec.backends.llvm.names import SPECIAL
from tapec.backends.llvm.target import PURE
from tapec.errors import UnsupportedLowering
from tapec.ir.exports import address, signature
from tapec.ir.primitive import PRIMITIVES

# Names under which Cython exports a function, or its variants by element type.
_NAMES = ("{}", "__pyx_fuse_0{}", "__pyx_fuse_1{}")
_DOUBLES = re.compile(r"double \((double, )+int \w+\)")


@functools.cache
def symbols() -> dict[str, int]:
    """Addresses of the functions that primitives name, by symbol; empty without SciPy."""
    try:
        table = importlib.import_module("scipy.special.cython_special").__pyx_capi__
    except (ImportError, AttributeError):
        return {}
    named = {p.function for p in PRIMITIVES.values() if p.lower.startswith("scipy.")}
    pairs = ((name, form.format(name)) for name in named for form in _NAMES)
    return {
        SPECIAL + name: address(table[full])
        for name, full in pairs
        if full in table and _DOUBLES.fullmatch(signature(table[full]))
    }


def call(e: Emit, function: str, args: Sequence[str]) -> str:
    """The function on every lane, in double precision; attributes of the op come first."""
    symbol = SPECIAL + function
    if symbol not in symbols():
        raise UnsupportedLowering(f"{function} needs SciPy's special functions", where=e.op.loc)
    given = [literal(value, "f64") for value in e.op.attrs.values()]
    types = ", ".join(["double"] * (len(given) + len(args)) + ["i32"])
    e.lines.declare(f"declare double @{symbol}({types}){PURE}")

    def one(lanes: Sequence[str]) -> str:
        wide = [_resized(e, "fpext", lane, "double") for lane in lanes]
        listed = ", ".join(f"double {x}" for x in (*given, *wide))
        return _resized(e, "fptrunc", e.lines.emit(f"call double @{symbol}({listed}, i32 0)"), "")

    return e.by_lane(one, args)


def _resized(e: Emit, how: str, value: str, target: str) -> str:
    """A number between the op's element type and double."""
    element = REGISTER[e.dtype]
    if element == "double":
        return value
    pair = (element, target) if target else ("double", element)
    return str(e.lines.emit(f"{how} {pair[0]} {value} to {pair[1]}"))

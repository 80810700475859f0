"""Calls of the special functions that SciPy exports to Cython code, one number after the other."""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from tapec.backends.llvm.emit_scalar import REGISTER, Emit, literal
from tapec.backends.llvm.names import SPECIAL
from tapec.backends.llvm.target import PURE, STORES
from tapec.errors import UnsupportedLowering
from tapec.ir.exports import address, signature
from tapec.ir.ops.called import FUNCTIONS
from tapec.ir.primitive import PRIMITIVES

# Names under which Cython exports a function, or its variants by element type.
_NAMES = ("{}", "__pyx_fuse_0{}", "__pyx_fuse_1{}", "__pyx_fuse_0_1{}", "__pyx_fuse_1_1{}")
# Of numbers, the first ones whole; with several results, which it stores; with options at the end.
_WHOLE, _REAL = r"(?P<whole>(?:(?:long|Py_ssize_t), )*)", r"(?P<real>(?:double, )*)"
_KINDS = {
    "double": re.compile(rf"double \({_WHOLE}{_REAL}int \w+\)"),
    "void": re.compile(rf"void \({_WHOLE}{_REAL}(?P<made>double \*(?:, double \*)*)\)"),
    "complex": re.compile(r"__pyx_t_double_complex \(__pyx_t_double_complex, int \w+\)"),
    "options": re.compile(rf"double \({_WHOLE}{_REAL}int \w+, struct .*\)"),
}


@dataclass(frozen=True)
class Variant:
    """One exported function: its address, whole and real arguments, results that it stores."""

    address: int
    kind: str
    results: int

    @property
    def returned(self) -> str:
        """The type of its result; a complex number comes in two registers."""
        return "{double, double}" if self.kind == "complex" else "double"

    @property
    def rest(self) -> list[str]:
        """The types behind its numbers, with what is passed there."""
        return {"void": [], "options": ["i32 0", "ptr null"]}.get(self.kind, ["i32 0"])


@functools.cache
def _variants() -> dict[tuple[str, int, int], Variant]:
    """By name, whole and real arguments; empty without SciPy."""
    try:
        table = importlib.import_module("scipy.special.cython_special").__pyx_capi__
    except (ImportError, AttributeError):
        return {}
    pairs = ((name, form.format(name)) for name in _named() for form in _NAMES)
    found: dict[tuple[str, int, int], Variant] = {}
    for name, full in pairs:
        for kind, pattern in _KINDS.items() if full in table else ():
            match = pattern.fullmatch(signature(table[full]))
            if match:
                counts = (0, 2)  # a complex number is two real ones
                if kind != "complex":
                    counts = (match["whole"].count(","), match["real"].count(","))
                made = match["made"].count("*") if kind == "void" else 0
                found.setdefault((name, *counts), Variant(address(table[full]), kind, made))
    return found


def _named() -> set[str]:
    """The functions that primitives and entries of the table call."""
    alone = {p.function for p in PRIMITIVES.values() if p.lower.startswith("scipy.")}
    return alone | {entry.function for entry in FUNCTIONS.values()}


def _symbol(name: str, whole: int, real: int) -> str:
    return f"{SPECIAL}{name}.{whole}.{real}"


@functools.cache
def symbols() -> dict[str, int]:
    """Addresses of the functions that programs may call, by symbol; empty without SciPy."""
    return {_symbol(*key): variant.address for key, variant in _variants().items()}


def call(e: Emit, function: str, args: Sequence[str]) -> str:
    """The function on every lane, in double precision; attributes of the op come first."""
    return _call(e, function, (), [literal(v, "f64") for v in e.op.attrs.values()], args, None)


def call_entry(e: Emit, *args: str) -> str:
    """A function of the table, by the attributes of the op."""
    entry = FUNCTIONS[e.op.attrs["of"]]
    orders = e.op.attrs.get("orders", ())
    return _call(e, entry.function, orders, [], args, entry.part)


def _call(
    e: Emit, function: str, whole: Sequence[int], given: Sequence[str], args: Sequence[str],
    part: int | None,
) -> str:  # fmt: skip
    key = (function, len(whole), len(given) + len(args))
    variant = _variants().get(key)
    if variant is None:
        raise UnsupportedLowering(f"{function} needs SciPy's special functions", where=e.op.loc)
    symbol, first = _symbol(*key), [f"i64 {n}" for n in whole]
    _declare(e, symbol, variant, key)

    def one(lanes: Sequence[str]) -> str:
        wide = [_resized(e, "fpext", lane, "double") for lane in lanes]
        listed = [*first, *(f"double {x}" for x in (*given, *wide))]
        return _resized(e, "fptrunc", _result(e, symbol, variant, listed, part), "")

    return e.by_lane(one, args)


def _declare(e: Emit, symbol: str, variant: Variant, key: tuple[str, int, int]) -> None:
    types = ["i64"] * key[1] + ["double"] * key[2] + ["ptr"] * variant.results
    types += [argument.split()[0] for argument in variant.rest]
    returned, effects = ("void", STORES) if variant.results else (variant.returned, PURE)
    e.lines.declare(f"declare {returned} @{symbol}({', '.join(types)}){effects}")


def _result(e: Emit, symbol: str, variant: Variant, numbers: list[str], part: int | None) -> str:
    if not variant.results:
        called = f"call {variant.returned} @{symbol}({', '.join([*numbers, *variant.rest])})"
        made = str(e.lines.emit(called))
        if variant.kind != "complex":
            return made
        return str(e.lines.emit(f"extractvalue {variant.returned} {made}, {part}"))
    e.lines.declare("declare ptr @llvm.stacksave.p0()")
    e.lines.declare("declare void @llvm.stackrestore.p0(ptr)")
    stack = e.lines.emit("call ptr @llvm.stacksave.p0()")
    room = [str(e.lines.emit("alloca double")) for _ in range(variant.results)]
    e.lines.effect(f"call void @{symbol}({', '.join([*numbers, *(f'ptr {r}' for r in room)])})")
    found = str(e.lines.emit(f"load double, ptr {room[part or 0]}"))
    e.lines.effect(f"call void @llvm.stackrestore.p0(ptr {stack})")
    return found


def _resized(e: Emit, how: str, value: str, target: str) -> str:
    """A number between the op's element type and double."""
    element = REGISTER[e.dtype]
    if element == "double":
        return value
    pair = (element, target) if target else ("double", element)
    return str(e.lines.emit(f"{how} {pair[0]} {value} to {pair[1]}"))

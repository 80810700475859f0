"""Scalar ops as LLVM text, for one element or a vector of them: one table of rules.

A rule appends instructions to a `Lines` and returns the name of its result. `lines.emit(rhs)`
appends one instruction, `lines.declare` and `lines.define` add to the module. Registers hold bool
as i1; memory holds it as one byte.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from typing import Any

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
Rule = Callable[..., str]


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
    ("add", "f"): "fadd contract",
    ("sub", "f"): "fsub contract",
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
INTRINSIC = {"floor", "ceil", "trunc", "rint", "sqrt", "abs", "copysign"}
_INTRINSIC_NAMES = {"abs": "fabs"}


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
        """A function of mathematics: ours on vectors, the C library's on scalars.

        Inlining ours costs compile time in long scalar programs, and gains little there.
        """
        ours = vmath()
        scalar = self.width == 1 and name in LIBM
        if ours is not None and name in ours.SUPPORTED and not scalar:
            return str(ours.emit(name, self.lines, list(args), self.dtype, self.width))
        if name not in LIBM or self.kind != "f":
            raise UnsupportedLowering(f"no native code for {name} of {self.dtype}")
        return self.libm(LIBM[name] + ("f" if self.dtype == "f32" else ""), args)

    def libm(self, symbol: str, args: Sequence[str]) -> str:
        """Call the C library for every lane."""
        element = REGISTER[self.dtype]
        self.lines.declare(f"declare {element} @{symbol}({', '.join([element] * len(args))})")
        if self.width == 1:
            return str(self.lines.emit(f"call {element} @{symbol}({self.typed(args)})"))
        result = "poison"
        for lane in range(self.width):
            picked = [self._lane(a, lane) for a in args]
            call = ", ".join(f"{element} {p}" for p in picked)
            value = self.lines.emit(f"call {element} @{symbol}({call})")
            result = self.lines.emit(
                f"insertelement {self.type} {result}, {element} {value}, i32 {lane}"
            )
        return result

    def _lane(self, value: str, lane: int) -> str:
        return str(self.lines.emit(f"extractelement {self.type} {value}, i32 {lane}"))


def emit_op(lines: Any, op: Op, args: Sequence[str], width: int) -> str:
    """Append the instructions of a scalar op on vectors of `width`; returns the result's name."""
    name = op.name
    dtype = op.operands[0].type.dtype
    plain = BINARY.get((name, kind(dtype)))
    if plain is not None:
        type = vector(REGISTER[dtype], width)
        return str(lines.emit(f"{plain} {type} {args[0]}, {args[1]}"))
    e = Emit(lines, op, args, width)
    if name in COMPARE:
        return e.cmp(COMPARE[name]["fib".index(e.kind)], *args)
    rule = RULES.get(name)
    if rule is not None:
        return rule(e, *args)
    if name in INTRINSIC and e.kind == "f":
        return e.intrinsic(_INTRINSIC_NAMES.get(name, name), *args)
    return e.math(name, *args)


def _neg(e: Emit, x: str) -> str:
    return e.do("fneg", x) if e.kind == "f" else e.do("sub", e.num(0), x)


def _extreme(above: str, nan_of: int) -> Rule:
    """NumPy's maximum: a if a >= b or a is nan, else b (fmax: or b is nan)."""

    def emit(e: Emit, a: str, b: str) -> str:
        if e.kind != "f":
            return e.pick(e.cmp("s" + above, a, b), a, b)
        suspect = (a, b)[nan_of]
        wins = e.both("or", e.cmp("o" + above, a, b), e.cmp("uno", suspect, suspect))
        return e.pick(wins, a, b)

    return emit


def _sign(e: Emit, x: str) -> str:
    zero, one, minus = e.num(0), e.num(1), e.num(-1)
    if e.kind == "f":
        rest = e.pick(e.cmp("olt", x, zero), minus, x)
        return e.pick(e.cmp("ogt", x, zero), one, rest)
    return e.pick(e.cmp("sgt", x, zero), one, e.pick(e.cmp("slt", x, zero), minus, zero))


def _abs(e: Emit, x: str) -> str:
    if e.kind == "f":
        return e.intrinsic("fabs", x)
    return e.pick(e.cmp("slt", x, e.num(0)), e.do("sub", e.num(0), x), x)


def _safe_division(e: Emit, a: str, b: str) -> tuple[str, str, str]:
    """(quotient, rest, truth of a valid divisor) of integers, without traps."""
    valid = e.cmp("ne", b, e.num(0))
    odd = e.both("or", e.cmp("eq", b, e.num(-1)), e.cmp("eq", b, e.num(0)))
    divisor = e.pick(odd, e.num(1), b)
    minus = e.cmp("eq", b, e.num(-1))
    quotient = e.do("sdiv", a, divisor)
    quotient = e.pick(minus, e.do("sub", e.num(0), a), quotient)
    return quotient, e.do("srem", a, divisor), valid


def _needs_shift(e: Emit, rest: str, b: str) -> str:
    mixed = e.cmp("slt", e.do("xor", rest, b), e.num(0))
    return e.both("and", e.cmp("ne", rest, e.num(0)), mixed)


def _remainder(e: Emit, a: str, b: str) -> str:
    if e.kind == "f":
        return _float_divmod(e, a, b)[1]
    _, rest, valid = _safe_division(e, a, b)
    shifted = e.pick(_needs_shift(e, rest, b), e.do("add", rest, b), rest)
    return e.pick(valid, shifted, e.num(0))


def _floor_divide(e: Emit, a: str, b: str) -> str:
    if e.kind == "f":
        return _float_divmod(e, a, b)[0]
    quotient, rest, valid = _safe_division(e, a, b)
    lower = e.pick(_needs_shift(e, rest, b), e.do("sub", quotient, e.num(1)), quotient)
    return e.pick(valid, lower, e.num(0))


def _float_divmod(e: Emit, a: str, b: str) -> tuple[str, str]:
    """As npy_divmod: the rest has the divisor's sign, the quotient is rounded down."""
    rest, zero = e.math("fmod", a, b), e.num(0)
    exact = e.do("fdiv", e.do("fsub", a, rest), b)
    opposite = e.both("xor", e.cmp("olt", b, zero), e.cmp("olt", rest, zero))
    nonzero = e.cmp("une", rest, zero)
    shift = e.both("and", nonzero, opposite)
    mod = e.pick(shift, e.do("fadd", rest, b), rest)
    mod = e.pick(nonzero, mod, e.intrinsic("copysign", zero, b))
    exact = e.pick(shift, e.do("fsub", exact, e.num(1)), exact)
    floor = e.intrinsic("floor", exact)
    up = e.cmp("ogt", e.do("fsub", exact, floor), e.num(0.5))
    floor = e.pick(up, e.do("fadd", floor, e.num(1)), floor)
    plain = e.do("fdiv", a, b)
    floor = e.pick(e.cmp("une", exact, zero), floor, e.intrinsic("copysign", zero, plain))
    by_zero = e.cmp("oeq", b, zero)
    return e.pick(by_zero, plain, floor), e.pick(by_zero, rest, mod)


def _fmod(e: Emit, a: str, b: str) -> str:
    if e.kind == "f":
        return e.math("fmod", a, b)
    _, rest, valid = _safe_division(e, a, b)
    return e.pick(valid, rest, e.num(0))


def _bits(e: Emit, x: str) -> tuple[str, str]:
    type = vector(f"i{BITS[e.dtype]}", e.width)
    return str(e.lines.emit(f"bitcast {e.type} {x} to {type}")), type


def _signbit(e: Emit, x: str) -> str:
    if e.kind != "f":
        return e.cmp("slt", x, e.num(0))
    bits, type = _bits(e, x)
    zero = literal(0, "i64", 1) if e.width == 1 else "zeroinitializer"
    return str(e.lines.emit(f"icmp slt {type} {bits}, {zero}"))


def _invert(e: Emit, x: str) -> str:
    return e.do("xor", x, e.num(True if e.kind == "b" else -1))


def _shift(how: str) -> Rule:
    def emit(e: Emit, a: str, b: str) -> str:
        limit = e.num(BITS[e.dtype])
        inside = e.cmp("ult", b, limit)
        shifted = e.do(how, a, e.pick(inside, b, e.num(0)))
        filled = e.num(0) if how == "shl" else e.do("ashr", a, e.num(BITS[e.dtype] - 1))
        return e.pick(inside, shifted, filled)

    return emit


def _select(e: Emit, c: str, a: str, b: str) -> str:
    type = vector(REGISTER[e.op.operands[1].type.dtype], e.width)
    return str(e.lines.emit(f"select {e.bool} {c}, {type} {a}, {type} {b}"))


_CASTS = {
    ("f", "i"): "fptosi",
    ("i", "f"): "sitofp",
    ("b", "f"): "uitofp",
    ("b", "i"): "zext",
}


def _convert(e: Emit, x: str) -> str:
    target = e.op.attrs["dtype"]
    if REGISTER[target] == REGISTER[e.dtype]:
        return x
    if target == "bool":
        return e.cmp("une" if e.kind == "f" else "ne", x, e.num(0))
    cast = _CASTS.get((e.kind, kind(target)))
    if cast is None:
        wider = SIZES[target] > SIZES[e.dtype]
        pair = ("fpext", "fptrunc") if e.kind == "f" else ("sext", "trunc")
        cast = pair[0] if wider else pair[1]
    return str(e.lines.emit(f"{cast} {e.type} {x} to {vector(REGISTER[target], e.width)}"))


def _logaddexp(e: Emit, a: str, b: str) -> str:
    top = e.pick(e.cmp("ogt", a, b), a, b)
    gap = e.intrinsic("fabs", e.do("fsub", a, b))
    value = e.do("fadd", top, e.math("log1p", e.math("exp", e.do("fneg", gap))))
    same = e.do("fadd", a, e.num(0.6931471805599453))
    value = e.pick(e.cmp("oeq", a, b), same, value)
    return e.pick(e.cmp("uno", gap, gap), e.pick(e.cmp("oeq", a, b), same, gap), value)


RULES: dict[str, Rule] = {
    "neg": _neg,
    "abs": _abs,
    "sign": _sign,
    "maximum": _extreme("ge", 0),
    "minimum": _extreme("le", 0),
    "fmax": _extreme("ge", 1),
    "fmin": _extreme("le", 1),
    "remainder": _remainder,
    "floor_divide": _floor_divide,
    "fmod": _fmod,
    "isnan": lambda e, x: e.cmp("uno", x, x) if e.kind == "f" else e.cmp("ne", x, x),
    "isinf": lambda e, x: e.cmp("oeq", e.intrinsic("fabs", x), e.num(float("inf"))),
    "isfinite": lambda e, x: e.cmp("one", e.intrinsic("fabs", x), e.num(float("inf"))),
    "signbit": _signbit,
    "logical_not": lambda e, x: e.do("xor", x, e.num(True)),
    "invert": _invert,
    "left_shift": _shift("shl"),
    "right_shift": _shift("ashr"),
    "select": _select,
    "convert": _convert,
    "logaddexp": _logaddexp,
    "stop_gradient": lambda e, x: x,
}

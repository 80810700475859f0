"""Scalar ops as LLVM text, for one element or a vector of them: one table of rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from tapec.backends.llvm import emit_scalar, normal
from tapec.backends.llvm.emit_scalar import BINARY, BITS, COMPARE, REGISTER, SIZES, Emit, literal
from tapec.backends.llvm.float_power import whole_power
from tapec.backends.llvm.integer_power import integer_power
from tapec.ir.core import Op
from tapec.ir.ops.arith import FUSED
from tapec.lazy import deferred

if TYPE_CHECKING:
    from tapec.backends.llvm import special
else:
    special = deferred("tapec.backends.llvm.special")

Rule = Callable[..., str]


def emit_op(lines: Any, op: Op, args: Sequence[str], width: int) -> str:
    """Append the instructions of a scalar op on vectors of `width`; returns the result's name."""
    name = op.name
    dtype = op.operands[0].type.dtype
    plain = BINARY.get((name, emit_scalar.kind(dtype)))
    if plain is not None:
        if FUSED in op.attrs:
            plain += " contract"
        type = emit_scalar.vector(REGISTER[dtype], width)
        return str(lines.emit(f"{plain} {type} {args[0]}, {args[1]}"))
    e = Emit(lines, op, args, width)
    if name in COMPARE:
        return e.cmp(COMPARE[name]["fib".index(e.kind)], *args)
    rule = RULES.get(name) if e.kind == "f" else INTEGER_RULES.get(name, RULES.get(name))
    return rule(e, *args) if rule is not None else _declared(e, *args)


def _declared(e: Emit, *args: str) -> str:
    """Emit the lowering that the primitive declares."""
    where, _, function = e.op.primitive.lower.partition(".")
    if where == "llvm" and e.kind == "f":
        return e.intrinsic(function, *args)
    if where == "scipy" and e.kind == "f":
        return special.call(e, function, args) if function else special.call_entry(e, *args)
    return e.math(function or e.op.name, *args)


def _neg(e: Emit, x: str) -> str:
    return e.do("fneg", x) if e.kind == "f" else e.do("sub", e.num(0), x)


def _extreme(beyond: str) -> Rule:
    """NumPy's maximum or minimum: b if it lies beyond a, else a; NaN if either is.

    A chain carries its extreme without NaN beside a flag for NaN, and joins them at the end only:
    each link then costs one instruction of latency.
    """

    def emit(e: Emit, a: str, b: str) -> str:
        if e.kind != "f":
            return e.pick(e.cmp("s" + beyond, b, a), b, a)
        chains: dict[tuple[str, str], tuple[str, str]] = e.lines.chains
        (x, x_nan), (y, y_nan) = (chains.get((beyond, v), (v, "")) for v in (a, b))
        plain = [v for v, nan in ((x, x_nan), (y, y_nan)) if not nan]
        nans = [nan for nan in (x_nan, y_nan) if nan]
        if plain:
            nans.append(e.cmp("uno", plain[0], plain[-1]))
        flag = nans[0] if len(nans) == 1 else e.both("or", *nans)
        best = e.pick(e.cmp("o" + beyond, y, x), y, x)
        result = e.pick(flag, e.num(float("nan")), best)
        chains[beyond, result] = best, flag
        return result

    return emit


def _fextreme(above: str) -> Rule:
    """NumPy's fmax or fmin: a if it is at least as extreme as b, or b is NaN; else b."""

    def emit(e: Emit, a: str, b: str) -> str:
        if e.kind != "f":
            return e.pick(e.cmp("s" + above, a, b), a, b)
        wins = e.both("or", e.cmp("o" + above, a, b), e.cmp("uno", b, b))
        return e.pick(wins, a, b)

    return emit


def _sign(e: Emit, x: str) -> str:
    zero, one, minus = e.num(0), e.num(1), e.num(-1)
    if e.kind == "f":
        rest = e.pick(e.cmp("oeq", x, zero), zero, x)  # as NumPy: 0.0 for -0.0, NaN for NaN
        rest = e.pick(e.cmp("olt", x, zero), minus, rest)
        return e.pick(e.cmp("ogt", x, zero), one, rest)
    return e.pick(e.cmp("sgt", x, zero), one, e.pick(e.cmp("slt", x, zero), minus, zero))


def _integer_abs(e: Emit, x: str) -> str:
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


def _integer_fmod(e: Emit, a: str, b: str) -> str:
    _, rest, valid = _safe_division(e, a, b)
    return e.pick(valid, rest, e.num(0))


def _bits(e: Emit, x: str) -> tuple[str, str]:
    type = emit_scalar.vector(f"i{BITS[e.dtype]}", e.width)
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
        overflowed = e.num(0) if how == "shl" else e.do("ashr", a, e.num(BITS[e.dtype] - 1))
        return e.pick(inside, shifted, overflowed)

    return emit


def _select(e: Emit, c: str, a: str, b: str) -> str:
    type = emit_scalar.vector(REGISTER[e.op.operands[1].type.dtype], e.width)
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
    cast = _CASTS.get((e.kind, emit_scalar.kind(target)))
    if cast is None:
        wider = SIZES[target] > SIZES[e.dtype]
        pair = ("fpext", "fptrunc") if e.kind == "f" else ("sext", "trunc")
        cast = pair[0] if wider else pair[1]
    return str(
        e.lines.emit(f"{cast} {e.type} {x} to {emit_scalar.vector(REGISTER[target], e.width)}")
    )


def _logaddexp(e: Emit, a: str, b: str) -> str:
    top = e.pick(e.cmp("ogt", a, b), a, b)
    gap = e.intrinsic("fabs", e.do("fsub", a, b))
    value = e.do("fadd", top, e.math("log1p", e.math("exp", e.do("fneg", gap))))
    same = e.do("fadd", a, e.num(0.6931471805599453))
    value = e.pick(e.cmp("oeq", a, b), same, value)
    return e.pick(e.cmp("uno", gap, gap), e.pick(e.cmp("oeq", a, b), same, gap), value)


def _expit(e: Emit, x: str) -> str:
    one = e.num(1)
    return e.do("fdiv", one, e.do("fadd", one, e.math("exp", e.do("fneg", x))))


def _tanh_slope(e: Emit, x: str) -> str:
    decay = e.math("exp", e.do("fmul", e.num(-2), e.intrinsic("fabs", x)))
    total, four = e.do("fadd", e.num(1), decay), e.do("fmul", e.num(4), decay)
    if e.width == 1:
        return e.do("fdiv", four, e.do("fmul", total, total))
    inverse = _inverse(e, total)
    return e.do("fmul", e.do("fmul", four, inverse), inverse)


def _inverse(e: Emit, x: str) -> str:
    """1 / x for 1 <= x <= 2: a third of what a division of vectors takes.

    From the parabola with the least relative error, 1 / 99, by two steps of third order.
    """
    fma = partial(e.intrinsic, "fma")
    inverse = fma(fma(e.num(32 / 99), x, e.num(-144 / 99)), x, e.num(210 / 99))
    for _ in range(2):
        error = fma(e.do("fneg", x), inverse, e.num(1))
        inverse = fma(inverse, fma(error, error, error), inverse)
    return inverse


def _strong_mul(e: Emit, a: str, b: str) -> str:
    counts = e.cmp("une", a, e.num(0))
    if e.op.attrs.get("either"):
        counts = e.both("and", counts, e.cmp("une", b, e.num(0)))
    return e.pick(counts, e.do("fmul contract", a, b), e.num(0))


RULES: dict[str, Rule] = {
    "strong_mul": _strong_mul,
    "expit": _expit,
    "integer_pow": whole_power,
    "tanh_slope": _tanh_slope,
    "gauss": normal.gauss,
    "ndtr": normal.ndtr,
    "neg": _neg,
    "sign": _sign,
    "maximum": _extreme("gt"),
    "minimum": _extreme("lt"),
    "fmax": _fextreme("ge"),
    "fmin": _fextreme("le"),
    "remainder": _remainder,
    "floor_divide": _floor_divide,
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
# Integer rules of primitives whose declared lowering is for floats.
INTEGER_RULES: dict[str, Rule] = {
    "abs": _integer_abs, "fmod": _integer_fmod, "power": integer_power,
}  # fmt: skip

"""Vector mathematics as LLVM IR text: any width, branch-free, within 2 ulp in f64.

    lines = Lines()
    y = emit("exp", lines, ["%x"], "f64", 8)     # "%x" is a <8 x double>

Functions of `f32` operands have code of their own (`SINGLES`), or are computed in f64 and rounded
back. Special values are NumPy's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tapec.backends.llvm.target import function_attributes
from tapec.backends.llvm.vmath import (
    bessel,
    erf,
    exp,
    gamma,
    hyper,
    inverse,
    log,
    plane,
    power,
    trig,
)
from tapec.backends.llvm.vmath.core import Kit, Pair, Val
from tapec.backends.llvm.vmath.formats import SINGLE
from tapec.backends.llvm.vmath.lines import Lines, Sink
from tapec.backends.llvm.vmath.single import circular, exponentials, logarithms

__all__ = ["SUPPORTED", "Lines", "Rule", "Sink", "emit", "emit_pair"]


@dataclass(frozen=True)
class Rule:
    """How a function is written: `write(kit, *operands)`, and how many operands it takes."""

    write: Callable[..., Val]
    arity: int = 1


SUPPORTED: Mapping[str, Rule] = {
    "exp": Rule(exp.exp),
    "exp2": Rule(exp.exp2),
    "expm1": Rule(exp.expm1),
    "log": Rule(log.log),
    "log1p": Rule(log.log1p),
    "log2": Rule(log.log2),
    "log10": Rule(log.log10),
    "sin": Rule(trig.sin),
    "cos": Rule(trig.cos),
    "tan": Rule(trig.tan),
    "sinh": Rule(hyper.sinh),
    "cosh": Rule(hyper.cosh),
    "tanh": Rule(hyper.tanh),
    "arcsinh": Rule(hyper.arcsinh),
    "arccosh": Rule(hyper.arccosh),
    "arctanh": Rule(hyper.arctanh),
    "arcsin": Rule(inverse.arcsin),
    "arccos": Rule(inverse.arccos),
    "arctan": Rule(inverse.arctan),
    "arctan2": Rule(inverse.arctan2, 2),
    "power": Rule(power.power, 2),
    "hypot": Rule(plane.hypot, 2),
    "quotient_real": Rule(plane.quotient_real, 4),
    "quotient_imag": Rule(plane.quotient_imag, 4),
    "cbrt": Rule(power.cbrt),
    "erf": Rule(erf.erf),
    "i0": Rule(bessel.i0),
    "i1": Rule(bessel.i1),
    "i0e": Rule(bessel.i0e),
    "i1e": Rule(bessel.i1e),
    "erfc": Rule(erf.erfc),
    "digamma": Rule(gamma.digamma),
}


# Functions of single precision with code of their own.
SINGLES: Mapping[str, Callable[..., Val]] = {
    name: getattr(module, name)
    for module, names in (
        (exponentials, "exp exp2 expm1 sinh cosh tanh"),
        (logarithms, "log log1p log2 log10 arcsinh arccosh arctanh"),
        (circular, "sin cos tan arcsin arccos arctan arctan2"),
    )
    for name in names.split()
} | {"hypot": plane.hypot_single}
SINGLE_PAIRS: Mapping[tuple[str, str], Callable[..., Pair]] = {
    ("sin", "cos"): circular.sincos,
    ("tanh", "tanh_slope"): exponentials.tanh_and_slope,
}


def emit(name: str, lines: Sink, args: Sequence[str], dtype: str, width: int) -> str:
    """Append `name` of `args` to `lines` and return the name of the result.

    `args` are SSA names or literals of `width` elements (scalars when 1) of `dtype`, "f64" or
    "f32".
    Raises KeyError for an unknown function, ValueError for a wrong number of operands.
    """
    rule = SUPPORTED[name]
    if len(args) != rule.arity:
        raise ValueError(f"{name} takes {rule.arity} operands, not {len(args)}")
    if name in lines.outlined and width > 1:
        return _called(name, lines, args, dtype, width)
    if dtype == "f32" and name in SINGLES:
        kit = Kit(lines, width, SINGLE)
        return SINGLES[name](kit, *(Val(kit, a, "d") for a in args)).name
    kit = Kit(lines, width)
    result = rule.write(kit, *(widen(kit, a, dtype) for a in args))
    return narrow(kit, result, dtype)


def _called(name: str, lines: Sink, args: Sequence[str], dtype: str, width: int) -> str:
    """A call of the function, which is defined once in the module."""
    type = f"<{width} x {'double' if dtype == 'f64' else 'float'}>"
    params = [f"%a{k}" for k in range(len(args))]
    body = Lines()
    result = emit(name, body, params, dtype, width)
    for text in body.declarations:
        lines.declare(text)
    for symbol, text in body.definitions.items():
        lines.define(symbol, text)
    head = f"fastcc {type} @tapec.{name}.{dtype}.{width}"
    listed = ", ".join(f"{type} {p}" for p in params)
    code = "\n".join(["entry:", *body.body, f"ret {type} {result}"])
    text = f"define internal {head}({listed}) noinline {function_attributes()} {{\n{code}\n}}"
    lines.define(f"@tapec.{name}.{dtype}.{width}", text)
    return lines.emit(f"call {head}({', '.join(f'{type} {a}' for a in args)})")


# Functions of the same operands that share most of their work.
PAIRS: Mapping[tuple[str, str], Callable[..., Pair]] = {
    ("sin", "cos"): trig.sincos,
    ("tanh", "tanh_slope"): hyper.tanh_and_slope,
    ("quotient_real", "quotient_imag"): plane.quotient,
}


def emit_pair(
    names: tuple[str, str], lines: Sink, args: Sequence[str], dtype: str, width: int
) -> tuple[str, str]:
    """Append two functions of the same operands, a key of `PAIRS`; the names of both results."""
    if dtype == "f32" and names in SINGLE_PAIRS:
        kit = Kit(lines, width, SINGLE)
        one, two = SINGLE_PAIRS[names](kit, *(Val(kit, x, "d") for x in args))
        return one.name, two.name
    kit = Kit(lines, width)
    a, b = PAIRS[names](kit, *(widen(kit, x, dtype) for x in args))
    return narrow(kit, a, dtype), narrow(kit, b, dtype)


def widen(kit: Kit, name: str, dtype: str) -> Val:
    """An operand as doubles."""
    if dtype == "f64":
        return Val(kit, name, "d")
    return kit.new(f"fpext {kit.vector('float')} {name} to {kit.D}", "d")


def narrow(kit: Kit, value: Val, dtype: str) -> str:
    """A result back in `dtype`."""
    if dtype == "f64":
        return value.name
    return kit.lines.emit(f"fptrunc {kit.D} {value.name} to {kit.vector('float')}")

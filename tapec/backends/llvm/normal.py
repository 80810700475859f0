"""Tails of the normal distribution, with the rounding errors of exponents made good."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from tapec.backends.llvm.emit_scalar import Emit


def gauss(e: Emit, x: str) -> str:
    """With the rounding error of the square as a factor 1 - error."""
    square = e.do("fmul", x, x)
    error = e.intrinsic("fma", x, x, e.do("fneg", square))
    error = e.pick(e.cmp("olt", square, e.num(1e4)), error, e.num(0))
    factor = e.num(float(e.op.attrs.get("factor", 1.0)))
    value = e.math("exp", e.do("fneg", e.do("fmul", factor, square)))
    return e.do("fsub", value, e.do("fmul", value, e.do("fmul", factor, error)))


def ndtr(e: Emit, x: str) -> str:
    """erfc(u) / 2 of u = -x sqrt(1/2), with the rounding error of u as a factor 1 - 2 u error.

    That is the slope of log(erfc) in the tail, where alone the error counts.
    """
    number = float if e.dtype == "f64" else np.float32
    root = float(number(math.sqrt(0.5)))
    rest = float((Fraction(1, 2) - Fraction(root) ** 2) / (2 * Fraction(root)))
    u = e.do("fmul", x, e.num(-root))
    error = e.intrinsic("fma", x, e.num(-root), e.do("fneg", u))
    error = e.do("fadd", error, e.do("fmul", x, e.num(-rest)))
    tail = e.both("and", e.cmp("ogt", u, e.num(1)), e.cmp("olt", u, e.num(100)))
    slope = e.pick(tail, e.do("fmul", e.do("fadd", u, u), error), e.num(0))
    value = e.math("erfc", u)
    return e.do("fmul", e.num(0.5), e.do("fsub", value, e.do("fmul", value, slope)))

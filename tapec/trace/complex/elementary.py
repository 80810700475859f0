"""Elementary functions of complex numbers, by real ones.

Branch cuts and signs of zeros are those of C99, annex G, as in NumPy. Sources: W. Kahan, "Branch
Cuts for Complex Elementary Functions, or Much Ado About Nothing's Sign Bit", 1987.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tapec.ir.primitive import lookup
from tapec.trace.arrays.promote import common_float
from tapec.trace.arrays.tracer import is_symbolic
from tapec.trace.arrays.ufuncs import NUMPY_UFUNCS, emit, integer_exponent
from tapec.trace.complex.array import RULES, ComplexTracer, pair, rule, split
from tapec.trace.complex.options import in_loop_of
from tapec.trace.numpy.select import where
from tapec.tree import is_complex

_LOG_TWO, _LOG_TEN = math.log(2.0), math.log(10.0)
_QUOTIENT = ("quotient_real", "quotient_imag")
NUMPY_UFUNCS.update({name: lookup(name).evaluate for name in _QUOTIENT})


# -- arithmetic ------------------------------------------------------------------------------------


@rule("multiply")
def multiply(a: Any, b: Any) -> Any:
    """The product; a real factor scales both parts."""
    if not is_complex(a):
        return pair(a * b.real, a * b.imag)
    if not is_complex(b):
        return pair(a.real * b, a.imag * b)
    return pair(a.real * b.real - a.imag * b.imag, a.real * b.imag + a.imag * b.real)


@rule("square")
def square(z: Any) -> Any:
    """z * z."""
    return pair((z.real - z.imag) * (z.real + z.imag), 2.0 * z.real * z.imag)


@rule("divide", "true_divide")
def divide(a: Any, b: Any) -> Any:
    """The quotient, which neither overflows nor underflows early."""
    if not is_complex(b):
        return pair(a.real / b, a.imag / b)
    parts = (*split(a), *split(b))
    return pair(*(emit(name, name, common_float, parts) for name in _QUOTIENT))


@rule("reciprocal")
def reciprocal(z: Any) -> Any:
    """1 / z, at 0 NaN as in NumPy: 1.0 / z is infinite there."""
    zero = (z.real == 0) & (z.imag == 0)
    return divide(1.0, pair(z.real, where(zero, np.nan, z.imag)))


@rule("conjugate", "conj")
def conjugate(z: Any) -> Any:
    """The number with the sign of its imaginary part changed."""
    return pair(+z.real, -z.imag)


@rule("absolute", "abs")
def absolute(z: Any) -> Any:
    """The modulus."""
    return np.hypot(z.real, z.imag)


@rule("sign")
def sign(z: Any) -> Any:
    """z / |z|, and 0 at 0."""
    size = absolute(z)
    known = size != 0
    scale = where(known, 1.0 / where(known, size, 1.0), 0.0)
    return pair(z.real * scale, z.imag * scale)


# -- exponentials and powers -----------------------------------------------------------------------


def grown(size: Any, factor: Any, zero: Any) -> Any:
    """size * factor; where `zero` is 0 so is the factor, also beside an infinite size."""
    return where(np.logical_and(zero == 0, np.isinf(size)), zero, size * factor)


@rule("exp")
def exp(z: Any) -> Any:
    """e ** z."""
    x, y = split(z)
    size = np.exp(x)
    return pair(size * np.cos(y), grown(size, np.sin(y), y))


@rule("exp2")
def exp2(z: Any) -> Any:
    """2 ** z."""
    size, turn = np.exp2(z.real), z.imag * _LOG_TWO
    return pair(size * np.cos(turn), size * np.sin(turn))


@rule("expm1")
def expm1(z: Any) -> Any:
    """e ** z - 1, also near 0."""
    half = np.sin(0.5 * z.imag)
    grown = np.expm1(z.real)
    return pair(grown * np.cos(z.imag) - 2.0 * half * half, (grown + 1.0) * np.sin(z.imag))


def _log_size(z: Any) -> Any:
    """log |z|, also near the unit circle."""
    x, y = np.abs(z.real), np.abs(z.imag)
    big, small = np.maximum(x, y), np.minimum(x, y)
    near = (big > 0.5) & (big < 1.5) & (small < 1.5)
    safe = where(near, big, 1.0)
    close = 0.5 * np.log1p((safe - 1.0) * (safe + 1.0) + small * small)
    return where(near, close, np.log(np.hypot(z.real, z.imag)))


@rule("log")
def log(z: Any) -> Any:
    """The natural logarithm, cut along the negative reals."""
    return pair(_log_size(z), np.arctan2(z.imag, z.real))


@rule("log2")
def log2(z: Any) -> Any:
    """The logarithm to base 2."""
    return log(z) / _LOG_TWO


@rule("log10")
def log10(z: Any) -> Any:
    """The logarithm to base 10."""
    return log(z) / _LOG_TEN


@rule("log1p")
def log1p(z: Any) -> Any:
    """log(1 + z), also near 0."""
    x, y = split(z)
    near = np.abs(x) + np.abs(y) < 0.5
    safe_x, safe_y = where(near, x, 0.0), where(near, y, 0.0)
    close = 0.5 * np.log1p(safe_x * (2.0 + safe_x) + safe_y * safe_y)
    far = pair(1.0 + x, +y)
    return pair(where(near, close, _log_size(far)), np.arctan2(y, 1.0 + x))


@rule("sqrt")
def sqrt(z: Any) -> Any:
    """The square root with nonnegative real part."""
    x, y = split(z)
    size = np.hypot(x, y)
    left = x < 0
    half = 0.5 * size + 0.5 * np.abs(x)
    nonzero = half != 0
    root = np.sqrt(where(nonzero, half, 1.0))
    other = where(np.isinf(y), np.inf, np.abs(y) / (2.0 * root))
    real = where(nonzero, where(left, other, root), 0.0)
    imag = where(nonzero, where(left, root, other), 0.0)
    return pair(real, np.copysign(imag, y))


@rule("float_power")
def float_power(a: Any, b: Any) -> Any:
    """a ** b in double precision."""
    return power(*(RULES["astype"](x, complex) if is_complex(x) else x for x in (a, b)))


@rule("power", "pow")
def power(a: Any, b: Any) -> Any:
    """a ** b; integer exponents that are constant by products."""
    n = None if is_complex(b) else integer_exponent(b)
    if n is not None and abs(n) <= 100 and not getattr(b, "shape", ()):
        return _integer_power(in_loop_of(np.power, (a, b))[0], n)
    positive = not is_complex(a) and not is_symbolic(a) and bool(np.all(np.asarray(a) > 0))
    a, b = in_loop_of(np.power, (a, b))
    kind = (a if type(a) is ComplexTracer else b).dtype
    made = exp(multiply(np.log(a.real), b)) if positive else _general_power(a, b)
    return RULES["astype"](made, kind)


def _general_power(a: Any, b: Any) -> Any:
    """a ** b by the logarithm; a base of 0 has NumPy's values."""
    zero = (a.real == 0) & (a.imag == 0)
    safe = pair(where(zero, 1.0, a.real), where(zero, 0.0, a.imag))
    made = exp(multiply(log(safe), b))
    none = (b.real == 0) & (b.imag == 0)
    at_zero = where(b.real > 0, 0.0, np.nan)
    real = where(zero, where(none, 1.0, at_zero), made.real)
    return pair(real, where(zero, where(none, 0.0, at_zero), made.imag))


def _integer_power(z: Any, n: int) -> Any:
    if n < 0:
        return reciprocal(_integer_power(z, -n))
    made: Any = None
    factor = z
    while n:
        if n & 1:
            made = factor if made is None else multiply(made, factor)
        n >>= 1
        factor = square(factor) if n else factor
    return pair(z.real * 0.0 + 1.0, z.imag * 0.0) if made is None else pair(+made.real, +made.imag)

"""Elementwise functions written as formulas of others, scipy.special's among them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.errors import DTypeError
from tapec.ir.ops.special import BERNOULLI
from tapec.ir.types import NUMPY_DTYPES
from tapec.trace.arrays.dispatch import eager
from tapec.trace.arrays.halves import HALVES, refuse_halves
from tapec.trace.arrays.loop_types import in_loop_types
from tapec.trace.arrays.narrow import refuse_narrow
from tapec.trace.arrays.operands import as_array, key_of, session_of
from tapec.trace.arrays.promote import common_float
from tapec.trace.arrays.session import where as user_line
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.arrays.ufuncs import (
    NUMPY_UFUNCS,
    emit,
    np_,
    power,
    with_options,
)
from tapec.trace.numpy.select import where


def composite(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a formula of arrays as the translation of ufuncs."""

    def register(formula: Callable[..., Any]) -> Callable[..., Any]:
        name = names[0]
        of_scipy = not hasattr(np, name)

        def ufunc(*args: Any, **kwargs: Any) -> Any:
            if kwargs:
                return with_options(name, args, kwargs)
            if session_of(*(args := tuple(as_array(a) for a in args))) is None:
                return eager(NUMPY_UFUNCS[name], args, {})
            if name in HALVES:
                refuse_halves(name, args)
            return formula(*(in_loop_types(NUMPY_UFUNCS[name], args) if of_scipy else args))

        TABLE.update(dict.fromkeys(names, ufunc))
        return ufunc

    return register


@composite("square")
def _square(x: Any) -> Any:
    return power(x, 2)


@composite("reciprocal")
def _reciprocal(x: Any) -> Any:
    if key_of(x)[0][0] == "f":
        return 1 / x
    kind = NUMPY_DTYPES[key_of(x)[0]]
    # Integers: the quotient by 0 is the least one.
    of_zero = np.where(np.equal(x, 0), np.iinfo(kind).min, 0)
    return np.where(np.equal(np.absolute(x), 1), x, of_zero.astype(kind))


@composite("deg2rad", "radians")
def _deg2rad(x: Any) -> Any:
    return x * (math.pi / 180.0)


@composite("rad2deg", "degrees")
def _rad2deg(x: Any) -> Any:
    return x * (180.0 / math.pi)


@composite("heaviside")
def _heaviside(x: Any, half: Any) -> Any:
    refuse_narrow(x, half)
    dtype, _ = common_float(key_of(x), key_of(half))
    x, half = (np_("astype", v, NUMPY_DTYPES[dtype]) for v in (x, half))
    steps = np_("where", np_("greater", x, 0.0), 1.0, np_("where", np_("equal", x, 0.0), half, 0.0))
    return np_("astype", np_("where", np_("isnan", x), x, steps), NUMPY_DTYPES[dtype])


@composite("logaddexp2")
def _logaddexp2(x: Any, y: Any) -> Any:
    swap = np_("less", x, y)
    low, top = np_("where", swap, x, y), np_("where", swap, y, x)
    equal = np_("logical_and", np_("isinf", x), np_("equal", x, y))
    gap = np_("where", equal, 0.0, low - np_("where", equal, 0.0, top))
    return top + np_("log1p", np_("exp2", gap)) / math.log(2.0)


@composite("log_expit")
def _log_expit(x: Any) -> Any:
    return -np.logaddexp(0.0, -x)


@composite("logit")
def _logit(x: Any) -> Any:
    # Around 1/2, where the logarithms cancel, 2 arctanh(2x - 1); 2x - 1 is exact there.
    near = np_("less", np_("absolute", x - 0.5), 0.25)
    inner = 2.0 * np_("arctanh", np_("where", near, 2.0 * x - 1.0, 0.0))
    outer = np_("where", near, 0.5, x)
    return np_("where", near, inner, np_("log", outer / (1.0 - outer)))


def times(x: Any, y: Any) -> Any:
    """x y, but 0 where x is 0 and y infinite; the derivative by x is y there, too."""
    return emit("multiply", "strong_mul", common_float, (x, y))


def _xlog(x: Any, y: Any, log: str) -> Any:
    return np_("where", np_("isnan", y), y * 1.0, times(x, np_(log, y)))


@composite("xlogy")
def _xlogy(x: Any, y: Any) -> Any:
    return _xlog(x, y, "log")


@composite("xlog1py")
def _xlog1py(x: Any, y: Any) -> Any:
    return _xlog(x, y, "log1p")


@composite("entr")
def _entr(x: Any) -> Any:
    below = np_("less", x, 0.0)
    return np_("where", below, -math.inf, -_xlogy(x, np_("where", below, 1.0, x)))


@composite("rel_entr")
def _rel_entr(x: Any, y: Any) -> Any:
    positive = np_("logical_and", np_("greater", x, 0.0), np_("greater", y, 0.0))
    nothing = np_("logical_and", np_("equal", x, 0.0), np_("greater_equal", y, 0.0))
    inside = np_("logical_or", positive, nothing)
    unknown = np_("logical_or", np_("isnan", x), np_("isnan", y))
    over = np_("where", inside, x, 1.0)
    under = np_("where", np_("greater", y, 0.0), y, 1.0)
    value = times(over, np_("log", over) - np_("log", np_("where", inside, under, 1.0)))
    return np_("where", unknown, x + y, np_("where", inside, value, math.inf))


@composite("log_ndtr")
def _log_ndtr(x: Any) -> Any:
    # Continued by log1p above 0, and by Laplace's continued fraction far below.
    below, far = np_("less", x, 0.0), np_("less", x, -4.0)
    near = np_("log", np_("ndtr", np_("where", far, -1.0, np_("where", below, x, -1.0))))
    right = np_("log1p", -np_("ndtr", -np_("where", below, 1.0, x)))
    t = np_("where", far, x, -4.0)
    tail = t
    for k in range(40, 0, -1):
        tail = t + k / tail
    left = -0.5 * t * t - 0.5 * math.log(2 * math.pi) - np_("log", -tail)
    return np_("where", far, left, np_("where", below, near, right))


@composite("sinc")
def _sinc(x: Any) -> Any:
    # The power series up to 1/2: there the derivatives of the quotient cancel.
    x = x * math.pi
    near = np_("less_equal", np_("absolute", x), 0.5 * math.pi)
    z = np_("where", near, x, 0.0)
    z = z * z
    series: Any = 0.0
    for k in range(14, -1, -1):
        series = series * z + (-1.0) ** k / math.factorial(2 * k + 1)
    far = np_("where", near, 1.0, x)
    return np_("where", near, series, np_("sin", far) / far)


def _stirling(x: Any) -> Any:
    """gammaln(x) - ((x - 1/2) log x - x + log(2 pi) / 2), for x >= 10."""
    z = 1.0 / x / x
    total: Any = 0.0
    for k in range(len(BERNOULLI), 0, -1):
        total = total * z + BERNOULLI[k - 1] / (2 * k * (2 * k - 1))
    return total / x


@composite("betaln")
def _betaln(a: Any, b: Any) -> Any:
    # By Stirling's series where an argument is large: digits of the three gammaln would cancel.
    swap = np_("greater", a, b)
    small, large = np_("where", swap, b, a), np_("where", swap, a, b)
    pole, finite = _at_pole(small, large)
    small = np_("where", finite, 1.0 - small - large, np_("where", pole, 1.0, small))
    a, b = small, large
    one = np_("logical_and", np_("greater_equal", large, 10.0), np_("greater", small, 0.0))
    one = np_("logical_and", one, np_("isfinite", large))
    both = np_("logical_and", one, np_("greater_equal", small, 10.0))
    s, q = np_("where", one, small, 1.0), np_("where", one, large, 10.0)
    ratio, rest = np_("log1p", s / q), _stirling(q) - _stirling(s + q)
    log_gamma = np_("gammaln", np_("where", both, 1.0, s))
    first = log_gamma + (s - (q - 0.5) * ratio) - s * (np_("log", q) + ratio) + rest
    t = np_("where", both, s, 10.0)
    second = 0.5 * math.log(2 * math.pi) - 0.5 * np_("log", q) + _stirling(t) + rest
    second = second - (t - 0.5) * np_("log1p", q / t) - q * np_("log1p", t / q)
    a, b = np_("where", one, 1.0, a), np_("where", one, 1.0, b)
    plain = np_("gammaln", a) + np_("gammaln", b) - np_("gammaln", a + b)
    made = np_("where", both, second, np_("where", one, first, plain))
    infinite = np_("where", np_("greater", small, 0.0), -math.inf, math.inf)
    made = np_("where", np_("equal", large, math.inf), infinite, made)
    return np_("where", np_("logical_and", pole, np_("logical_not", finite)), math.inf, made)


def _at_pole(small: Any, large: Any) -> tuple[Any, Any]:
    """Whether an argument is 0, -1, ..., and whether beta is finite: both poles cancel there."""
    whole = [np_("equal", np_("floor", x), x) for x in (small, large)]
    pole = np_("logical_and", whole[0], np_("less_equal", small, 0.0))
    between = np_("logical_and", np_("greater", large, 0.0), np_("less_equal", large, -small))
    between = np_("logical_and", between, np_("isfinite", small))
    return pole, np_("logical_and", np_("logical_and", pole, whole[1]), between)


@composite("loggamma")
def _loggamma(x: Any) -> Any:
    # Of a complex function; on numbers below 0 it is no number, unlike gammaln.
    return np_("gammaln", np_("where", np_("less", x, 0.0), math.nan, x))


@composite("modf")
def _modf(x: Any) -> Any:
    integral = np.trunc(x)
    rest = np.where(np.isinf(x), 0.0, x - np.where(np.isinf(x), 0.0, integral))
    return np.copysign(rest, x), integral * 1.0


@composite("ldexp")
def _ldexp(x: Any, n: Any) -> Any:
    if key_of(n)[0][0] == "f":
        raise DTypeError("np.ldexp takes integers as its second argument", where=user_line())
    refuse_narrow(x)
    if key_of(x)[0] == "bool":
        raise DTypeError(
            "np.ldexp of booleans is float16, which is not supported",
            where=user_line(),
            hint="convert them: x.astype(float)",
        )
    made = np_("astype", x, np.float64)
    for part in reversed(_normal_exponents(n)):
        made = made * np_("power", 2.0, part * 1.0)
    return np_("astype", made, np.float32) if key_of(x)[0] == "f32" else made


def _normal_exponents(n: Any) -> list[Any]:
    """Exponents with the sum n, as far as that matters, of which no power overflows.

    The last factor is the largest, so that a denormal result is rounded once.
    """
    found, rest = [], np_("clip", n, -2200, 2200)  # from the largest number beyond the smallest
    for _ in range(2):
        found.append(np_("clip", rest, -1022, 1023))
        rest = rest - found[-1]
    return [*found, rest]


@composite("frexp")
def _frexp(x: Any) -> Any:
    refuse_narrow(x)
    kind = np.float32 if key_of(x)[0] == "f32" else np.float64
    x = np_("astype", x, np.float64)
    none = np.logical_or(np.equal(x, 0.0), np.logical_not(np.isfinite(x)))
    size = np.absolute(np_("where", none, 1.0, x))
    e = np.floor(np.log2(size)).astype(int) + 1
    m = _ldexp(size, -e)  # 1 or 1/2 at most one step aside, as logarithms are rounded
    e = e + np_("where", m >= 1.0, 1, np_("where", m < 0.5, -1, 0))
    mantissa = np_("where", none, x, _ldexp(x, -e))
    return mantissa.astype(kind), np_("where", none, 0, e).astype(np.int32)


@composite("divmod")
def _divmod(a: Any, b: Any) -> Any:
    return np_("floor_divide", a, b), np_("remainder", a, b)


@implements("huber")
def huber(delta: Any, r: Any) -> Any:
    """Huber's loss: quadratic within delta, linear beyond."""
    size = TABLE["absolute"](r)
    return where(size <= delta, 0.5 * r * r, delta * (size - 0.5 * delta))

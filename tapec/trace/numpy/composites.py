"""Elementwise functions written as formulas of others, scipy.special's among them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.errors import DTypeError
from tapec.trace.arrays.dispatch import eager
from tapec.trace.arrays.operands import as_array, key_of, session_of
from tapec.trace.arrays.session import where as user_line
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.arrays.ufuncs import NUMPY_UFUNCS, np_, power, with_options
from tapec.trace.numpy.select import where


def _composite(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def register(formula: Callable[..., Any]) -> Callable[..., Any]:
        name = names[0]

        def ufunc(*args: Any, **kwargs: Any) -> Any:
            if kwargs:
                return with_options(name, args, kwargs)
            if session_of(*(args := tuple(as_array(a) for a in args))) is None:
                return eager(NUMPY_UFUNCS[name], args, {})
            return formula(*args)

        TABLE.update(dict.fromkeys(names, ufunc))
        return ufunc

    return register


@_composite("square")
def _square(x: Any) -> Any:
    return power(x, 2)


@_composite("reciprocal")
def _reciprocal(x: Any) -> Any:
    if key_of(x)[0][0] == "f":
        return 1 / x
    return np.where(np.equal(np.absolute(x), 1), x, 0)  # of integers: whole numbers


@_composite("deg2rad", "radians")
def _deg2rad(x: Any) -> Any:
    return x * (math.pi / 180.0)


@_composite("rad2deg", "degrees")
def _rad2deg(x: Any) -> Any:
    return x * (180.0 / math.pi)


@_composite("heaviside")
def _heaviside(x: Any, half: Any) -> Any:
    steps = np_("where", np_("greater", x, 0.0), 1.0, np_("where", np_("equal", x, 0.0), half, 0.0))
    return np_("where", np_("isnan", x), x, steps)


@_composite("logaddexp2")
def _logaddexp2(x: Any, y: Any) -> Any:
    return np_("logaddexp", x * math.log(2.0), y * math.log(2.0)) / math.log(2.0)


@_composite("expit")
def _expit(x: Any) -> Any:
    return 0.5 * np.tanh(0.5 * x) + 0.5


@_composite("log_expit")
def _log_expit(x: Any) -> Any:
    return -np.logaddexp(0.0, -x)


@_composite("logit")
def _logit(x: Any) -> Any:
    return np.log(x) - np.log1p(-x)


def _where_positive(x: Any, value: Callable[[Any], Any]) -> Any:
    """value(x) where x != 0 and 0 elsewhere, with a finite derivative at the excluded points."""
    zero = np_("equal", x, 0)
    return np_("where", zero, 0.0, value(np_("where", zero, 1.0, x)))


@_composite("xlogy")
def _xlogy(x: Any, y: Any) -> Any:
    y = np_("where", np_("equal", x, 0), 1.0, y)
    return x * np_("log", y)


@_composite("xlog1py")
def _xlog1py(x: Any, y: Any) -> Any:
    y = np_("where", np_("equal", x, 0), 0.0, y)
    return x * np_("log1p", y)


@_composite("entr")
def _entr(x: Any) -> Any:
    plain = -_where_positive(x, lambda v: v * np.log(v))
    return np.where(np.less(x, 0), -math.inf, plain)


@_composite("rel_entr")
def _rel_entr(x: Any, y: Any) -> Any:
    return _where_positive(x, lambda v: v * np_("log", v / y))


@_composite("ndtr")
def _ndtr(x: Any) -> Any:
    return 0.5 * np_("erfc", x * -math.sqrt(0.5))


@_composite("log_ndtr")
def _log_ndtr(x: Any) -> Any:
    # Continued by log1p above 0, and by Laplace's continued fraction far below.
    far = np.less(x, -10.0)
    near = np.log(_ndtr(np.where(far, -10.0, np.minimum(x, 0.0))))
    right = np.log1p(-_ndtr(-np.maximum(x, 0.0)))
    t = np.where(far, x, -10.0)
    tail = t
    for k in range(40, 0, -1):
        tail = t + k / tail
    left = -0.5 * t * t - 0.5 * math.log(2 * math.pi) - np.log(-tail)
    return np.where(far, left, np.where(np.less(x, 0.0), near, right))


@_composite("gamma")
def _gamma(x: Any) -> Any:
    size = np.exp(np_("gammaln", x))
    flipped = np.logical_and(np.less(x, 0.0), np.remainder(np.floor(x), 2.0) != 0.0)
    return np.where(flipped, -size, size)


@_composite("modf")
def _modf(x: Any) -> Any:
    whole = np.trunc(x)
    rest = np.where(np.isinf(x), 0.0, x - np.where(np.isinf(x), 0.0, whole))
    return np.copysign(rest, x), whole * 1.0


@_composite("ldexp")
def _ldexp(x: Any, n: Any) -> Any:
    if key_of(n)[0][0] == "f":
        raise DTypeError("np.ldexp takes integers as its second argument", where=user_line())
    # In two steps: neither power leaves the range of floats.
    half = np_("floor_divide", n, 2)
    first, second = (np_("power", 2.0, part * 1.0) for part in (half, n - half))
    if key_of(x)[0] == "f32":
        first, second = (np_("astype", p, "f4") for p in (first, second))
    return x * first * second


@_composite("divmod")
def _divmod(a: Any, b: Any) -> Any:
    return np_("floor_divide", a, b), np_("remainder", a, b)


@implements("betaln")
def betaln(a: Any, b: Any) -> Any:
    """Logarithm of the beta function."""
    log_gamma = TABLE["gammaln"]
    return log_gamma(a) + log_gamma(b) - log_gamma(a + b)


@implements("huber")
def huber(delta: Any, r: Any) -> Any:
    """Huber's loss: quadratic within delta, linear beyond."""
    size = TABLE["absolute"](r)
    return where(size <= delta, 0.5 * r * r, delta * (size - 0.5 * delta))

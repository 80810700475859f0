"""Elementwise ops in mpmath, and their Taylor coefficients along curves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mpmath as mp
import numpy as np


def _rint(x: Any) -> Any:
    return mp.nint(x)


def _trunc(x: Any) -> Any:
    return mp.floor(x) if mp.re(x) >= 0 else mp.ceil(x)


def _floor_divide(a: Any, b: Any) -> Any:
    return mp.floor(a / b)


def _sign(x: Any) -> Any:
    return mp.sign(x)


def _bessel(name: str, scale: Callable[[Any], Any] = lambda x: 1) -> Callable[..., Any]:
    return lambda x, n=0: getattr(mp, name)(n, x) * scale(x)


def _order(function: Callable[..., Any], n: int) -> Callable[..., Any]:
    return lambda x: function(x, n)


def _down(x: Any) -> Any:
    return mp.exp(-abs(x))


JV, YV, IV, KV = (_bessel(f"bessel{c}") for c in "jyik")
IVE, KVE = _bessel("besseli", _down), _bessel("besselk", mp.exp)

# Of which mpmath takes seconds for high degrees, with their order where it is an attribute.
SLOW = {
    *((name, n) for name in ("yv", "kv", "kve") for n in (2, 3)),
    *((name, None) for name in ("y0", "y1", "k0", "k1", "k0e", "k1e")),
    *((name, None) for name in ("lgamma", "digamma", "erfinv", "erfcinv", "ndtri")),
    *(("polygamma", n) for n in (0, 1, 2)),
}
CALLED: dict[str, Callable[..., Any]] = {
    "erfi": mp.erfi,
    "rgamma": mp.rgamma,
    "beta": mp.beta,
    "elliprc": mp.elliprc,
    "elliprf": mp.elliprf,
    "elliprj": mp.elliprj,
    "betainc": lambda a, b, x: mp.betainc(a, b, 0, x, regularized=True),
}
# By the name of the op; attributes are keyword arguments.
REFERENCES: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "strong_mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda x: -x,
    "select": lambda c, a, b: a if c else b,
    "convert": lambda x, dtype: x,
    "power": lambda a, b: a**b,
    "integer_pow": lambda x, n: x**n,
    "abs": abs,
    "sign": _sign,
    "maximum": max,
    "minimum": min,
    "fmax": max,
    "fmin": min,
    "floor": mp.floor,
    "ceil": mp.ceil,
    "trunc": _trunc,
    "rint": _rint,
    "floor_divide": _floor_divide,
    "remainder": lambda a, b: a - b * mp.floor(a / b),
    "fmod": lambda a, b: a - b * _trunc(a / b),
    "copysign": lambda a, b: abs(a) * mp.sign(b),
    "exp": mp.exp,
    "exp2": lambda x: mp.mpf(2) ** x,
    "expm1": mp.expm1,
    "log": mp.log,
    "log2": lambda x: mp.log(x, 2),
    "log10": mp.log10,
    "log1p": mp.log1p,
    "sqrt": mp.sqrt,
    "cbrt": mp.cbrt,
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
    "arcsin": mp.asin,
    "arccos": mp.acos,
    "arctan": mp.atan,
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "tanh": mp.tanh,
    "tanh_slope": lambda x: mp.sech(x) ** 2,
    "arcsinh": mp.asinh,
    "arccosh": mp.acosh,
    "arctanh": mp.atanh,
    "hypot": mp.hypot,
    "quotient_real": lambda a, b, c, d: (a * c + b * d) / (c * c + d * d),
    "quotient_imag": lambda a, b, c, d: (b * c - a * d) / (c * c + d * d),
    "arctan2": mp.atan2,
    "expit": lambda x: 1 / (1 + mp.exp(-x)),
    "logaddexp": lambda a, b: mp.log(mp.exp(a) + mp.exp(b)),
    "gauss": lambda x, factor: mp.exp(-factor * x * x),
    "ndtr": mp.ncdf,
    "erf": mp.erf,
    "erfc": mp.erfc,
    "erfcx": lambda x: mp.exp(x * x) * mp.erfc(x),
    "erfinv": mp.erfinv,
    "erfcinv": lambda x: mp.erfinv(1 - x),
    "ndtri": lambda x: mp.sqrt(2) * mp.erfinv(2 * x - 1),
    "dawsn": lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x),
    "expi": mp.ei,
    "exp1": mp.e1,
    **{f"special_{k}": lambda *xs, of: CALLED[of](*xs) for k in (1, 2, 3, 4)},
    "lgamma": mp.loggamma,
    "gamma": mp.gamma,
    "digamma": mp.digamma,
    "polygamma": lambda x, n: mp.polygamma(n, x),
    "jv": JV,
    "j0": _order(JV, 0),
    "j1": _order(JV, 1),
    "yv": YV,
    "y0": _order(YV, 0),
    "y1": _order(YV, 1),
    "iv": IV,
    "ive": IVE,
    "i0": _order(IV, 0),
    "i1": _order(IV, 1),
    "i0e": _order(IVE, 0),
    "i1e": _order(IVE, 1),
    "kv": KV,
    "kve": KVE,
    "k0": _order(KV, 0),
    "k1": _order(KV, 1),
    "k0e": _order(KVE, 0),
    "k1e": _order(KVE, 1),
}


def expansion(
    function: Callable[..., Any], curves: Sequence[np.ndarray], degree: int, digits: int = 20
) -> np.ndarray:
    """Coefficients of the function of polynomials in t, each given by an array of coefficients."""
    with mp.workdps(digits):
        exact = [[mp.mpf(float(c)) for c in curve] for curve in curves]

        def along(t: Any) -> Any:
            return function(*(sum(a * t**k for k, a in enumerate(c)) for c in exact))

        return np.array([float(mp.re(c)) for c in mp.taylor(along, 0, degree)])

"""Functions of `cmath` on traced numbers, beside those of `math`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from tapec.trace.arrays.operands import any_symbolic
from tapec.trace.arrays.special import complex_call
from tapec.trace.arrays.table import TABLE
from tapec.trace.python.builtin_classes import Complex
from tapec.trace.python.proxy import math_function

# NumPy's names where they differ.
_NAMES = {
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh", "acosh": "arccosh",
    "atanh": "arctanh", "phase": "angle",
}  # fmt: skip


def _log(x: Any, *base: Any) -> Any:
    made = complex_call("log", Complex(x))
    return made / _log(*base) if base else made


def _polar(x: Any) -> Any:
    z = Complex(x)
    return complex_call("absolute", z), complex_call("angle", z)


def _rect(r: Any, phi: Any) -> Any:
    return Complex(r * TABLE["cos"](phi), r * TABLE["sin"](phi))


_OTHERWISE: dict[str, Callable[..., Any]] = {"log": _log, "polar": _polar, "rect": _rect}


def complex_function(real: Any) -> Any:
    """A function of `cmath` that takes traced numbers too."""
    name = _NAMES.get(real.__name__, real.__name__)
    otherwise = _OTHERWISE.get(real.__name__)

    @functools.wraps(real)
    def translated(*args: Any, **kwargs: Any) -> Any:
        if not any_symbolic(args) or kwargs:
            return real(*args, **kwargs)
        return otherwise(*args) if otherwise else complex_call(name, Complex(*args))

    return translated


# What makes the stand-ins of these modules' functions.
FUNCTIONS_OF = {"math": math_function, "cmath": complex_function}

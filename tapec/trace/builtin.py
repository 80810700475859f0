"""Python's own functions inside traced code: float, max and min take traced numbers."""

from __future__ import annotations

import builtins
import functools
from collections.abc import Callable
from typing import Any

from tapec.trace.dispatch import any_symbolic
from tapec.trace.functions_select import where
from tapec.trace.proxy import Meta
from tapec.trace.table import TABLE
from tapec.trace.tracer import Tracer, is_symbolic


class Float(metaclass=Meta):
    """`float`: a traced number is converted to f64, anything else as ever."""

    real = builtins.float
    dtype = builtins.float  # NumPy reads this where the class is given as dtype=

    def __new__(cls, x: Any = 0.0) -> Any:
        if not is_symbolic(x) or x.size != 1:
            return builtins.float(x)
        return TABLE["astype"](TABLE["reshape"](x, ()), builtins.float)

    @staticmethod
    def accepts(tracer: Tracer) -> bool:
        """Traced f64 numbers: NumPy's scalar class is a subclass of float."""
        return not tracer.shape and tracer._dtype == "f64"


def _extreme(real: Any, better: str) -> Callable[..., Any]:
    @functools.wraps(real)
    def extreme(*args: Any, **kwargs: Any) -> Any:
        items = args[0] if len(args) == 1 else args
        if kwargs or not any_symbolic(list(args)):
            return real(*args, **kwargs)
        first, *rest = items
        for item in rest:
            # As Python compares: the first of equal ones is kept.
            first = where(TABLE[better](item, first), item, first)
        return first

    return extreme


MEMBERS: dict[str, Any] = {
    "float": Float,
    "max": _extreme(builtins.max, "greater"),
    "min": _extreme(builtins.min, "less"),
}

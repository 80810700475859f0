"""Functions of `scipy.special` that are entries of a table (`ir/ops/called.py`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.errors import UnsupportedOperation
from tapec.ir.ops.called import FUNCTIONS, op_of
from tapec.ir.primitive import lookup
from tapec.ir.tuning import MANY_CONSTANTS
from tapec.trace.arrays.dispatch import eager
from tapec.trace.arrays.loop_types import in_loop_types
from tapec.trace.arrays.operands import any_symbolic, unwrap
from tapec.trace.arrays.session import where as user_line
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.ufuncs import NUMPY_UFUNCS, with_options
from tapec.trace.numpy.declared import made_by


def entry(name: str, *operands: Any, orders: tuple[int, ...] = ()) -> Any:
    """The function on traced values."""
    attrs: dict[str, Any] = {"of": name, "orders": orders} if orders else {"of": name}
    return made_by(lookup(op_of(name)), *operands, **attrs)


def of_orders(name: str, orders: Any, function: Callable[[int], Any]) -> Any:
    """The function of one order or an array of them: integers known while tracing."""
    known = np.nan if any_symbolic(orders) else unwrap(orders)
    if not np.all(np.equal(known, np.floor(known))):
        raise UnsupportedOperation(
            f"scipy.special.{name} takes orders that are integers known while tracing",
            where=user_line(),
            hint="pass a number, or name its parameter in static_argnums",
        )
    numbers, places = np.unique(known, return_inverse=True)
    if len(numbers) > MANY_CONSTANTS:
        raise UnsupportedOperation(
            f"scipy.special.{name} of {len(numbers)} different orders at once",
            where=user_line(),
            hint=f"use at most {MANY_CONSTANTS} of them in one call",
        )
    made = [function(int(n)) for n in numbers]
    which = places.reshape(np.shape(known))
    return TABLE["select"]([which == k for k in range(len(made))], made) if which.ndim else made[0]


def _function(name: str) -> Callable[..., Any]:
    count, arity = FUNCTIONS[name].orders, len(FUNCTIONS[name].domain)

    def function(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            return with_options(name, args, kwargs)
        if len(args) != count + arity:
            raise TypeError(f"{name}() takes {count + arity} arguments, not {len(args)}")
        if not any_symbolic(args):
            return eager(NUMPY_UFUNCS[name], args, {})
        if not count:
            return entry(name, *in_loop_types(NUMPY_UFUNCS[name], args))
        wide = [TABLE["astype"](a, float) for a in args[count:]]  # as SciPy's, beside integers
        return of_orders(name, args[0], lambda n: entry(name, *wide, orders=(n,)))

    function.__name__ = name
    return function


for _name, _entry in FUNCTIONS.items():
    if _entry.public:
        TABLE.setdefault(_name, _function(_name))  # others have a translation of their own

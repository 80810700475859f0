"""Operators and functions of NumPy with a sparse matrix among their arguments."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapec.scipy.registry import refused
from tapec.scipy.sparse.matrix import Sparse
from tapec.trace.arrays.operands import as_array
from tapec.trace.arrays.special import IS_TRACED, SPECIAL

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "matmul": operator.matmul, "dot": operator.matmul, "add": operator.add,
    "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
    "power": operator.pow,
}  # fmt: skip
_REFLECTED = {
    f.__name__: f"__r{operator_name}__"
    for f, operator_name in (
        (np.matmul, "matmul"), (np.dot, "matmul"), (np.add, "add"), (np.subtract, "sub"),
        (np.multiply, "mul"),
    )
}  # fmt: skip


def _applied(name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """A function of NumPy's or an operator with a sparse matrix among its arguments."""
    if len(args) == 2 and not kwargs and name in _OPERATORS:
        a, b = (as_array(x) for x in args)
        if isinstance(a, Sparse):
            return _OPERATORS[name](a, b)
        if name in _REFLECTED:
            return getattr(b, _REFLECTED[name])(a)
    raise refused(f"np.{name} of a sparse matrix", "call its own methods, or use A.toarray()")


SPECIAL[Sparse] = _applied
IS_TRACED[Sparse] = lambda m: m.real is None

"""Whether a function of `np.linalg` raises LinAlgError, asked at run time inside a `try`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapec.ir.ops import opaque
from tapec.trace.arrays.handlers import may_raise
from tapec.trace.arrays.session import current
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.tracer import Tracer, is_symbolic, wrap
from tapec.tree import flatten

Array = np.ndarray[Any, Any]
_MESSAGES = {
    "cholesky": "Matrix is not positive definite",
    "eigh": "Eigenvalues did not converge",
    "eigvalsh": "Eigenvalues did not converge",
    "svd": "SVD did not converge",
    "svdvals": "SVD did not converge",
}


def expect_success(function: Callable[..., Any], args: Sequence[Any], kwargs: Any) -> None:
    """Let the `try` around this call catch what NumPy would raise for the values of a run."""
    message = _MESSAGES.get(function.__name__, "Singular matrix")
    may_raise(np.linalg.LinAlgError, lambda: _succeeds(function, args, kwargs), message)


def _succeeds(function: Callable[..., Any], args: Sequence[Any], kwargs: Any) -> Any:
    """A traced truth: NumPy itself is called, whose word on singular matrices is the last."""
    leaves, tree = flatten((tuple(args), kwargs))
    traced = [k for k, x in enumerate(leaves) if is_symbolic(x)]
    fixed = [x._array if type(x) is Tracer and k not in traced else x
             for k, x in enumerate(leaves)]  # fmt: skip

    def run(given: Sequence[Array]) -> Array:
        filled = list(fixed)
        for k, x in zip(traced, given, strict=True):
            filled[k] = x
        some, named = tree.unflatten(filled)
        try:
            function(*some, **named)
        except np.linalg.LinAlgError:
            return np.zeros(1)
        return np.ones(1)

    session = current()
    assert session is not None
    values = [session.emit("stop_gradient", leaves[k]._value(session)) for k in traced]
    name = opaque.named(run, f"success of {function.__name__}")
    found = session.emit("opaque", *values, function=name, count=1)
    return TABLE["greater"](wrap(session, found)[0], 0.5)

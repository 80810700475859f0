"""Values on their way into a program and out of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from tapec.lazy import deferred

if TYPE_CHECKING:
    from tapec.backends import llvm
    from tapec.trace import results
else:
    llvm, results = deferred("tapec.backends.llvm"), deferred("tapec.trace.results")

_PYTHON: dict[str, Any] = {"f64": "float", "i64": "int", "bool": "bool", "c128": "complex"}
Array = np.ndarray[Any, Any]


def boxed(value: Array, python: bool, array: bool = False) -> Any:
    """A result of the interpreter in the form that native code returns: an array or a scalar."""
    if array or value.ndim:
        return value
    return value.item() if python else value[()]


def passed(
    dtype: str,
    shape: tuple[int, ...],
    python: bool = False,
    order: tuple[int, ...] = (),
    boxed: bool = False,
) -> Any:
    """How native code takes an input: a number of Python's or of NumPy's, or an array."""
    if python:
        return llvm.ScalarArg(_PYTHON[dtype])
    return llvm.ArrayArg(dtype, shape, order=order, number=not (shape or boxed))


def inlined(f: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """A kernel in traced code: its function as a part of the running trace."""
    return results.call_inlined(f, *args, **kwargs)


def is_traced(leaves: Iterable[Any]) -> bool:
    """Whether one of these is a traced value; there are none before the first trace."""
    kind = getattr(sys.modules.get("tapec.trace.arrays.tracer"), "Tracer", ())
    return any(isinstance(leaf, kind) for leaf in leaves)


def prepared(x: Any, order: tuple[int, ...] = ()) -> Any:
    """An input as native code wants it: an exact, aligned ndarray without gaps, or a number."""
    if not isinstance(x, np.ndarray):
        return x
    if order:
        return prepared(np.asarray(x).transpose(order)).transpose(np.argsort(order))
    if type(x) is np.ndarray and x.flags.c_contiguous and x.flags.aligned:
        return x
    return np.require(np.asarray(x), requirements=("C", "A"))


def has_gaps(x: Any) -> bool:
    """Whether this is an array that does not lie in C order without gaps."""
    return isinstance(x, np.ndarray) and not x.flags.c_contiguous


def owned(y: Array) -> Array:
    """A result that the caller owns: fresh, C-contiguous, writable."""
    if y.base is not None or not y.flags.c_contiguous or not y.flags.writeable:
        return np.array(y, order="C")
    return y

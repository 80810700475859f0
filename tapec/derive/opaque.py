"""Python functions that are called, never traced: `tapec.opaque`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapec.errors import ShapeError, TraceError
from tapec.ir.ops import opaque as calls
from tapec.ir.types import Type
from tapec.trace import Tracer, current
from tapec.trace.arrays.session import where
from tapec.trace.arrays.tracer import is_symbolic, wrap
from tapec.trace.numpy.shape import reshaped
from tapec.tree import Tree, flatten

Array = np.ndarray[Any, Any]
Function = Callable[..., Any]


def opaque(f: Function, like: Any) -> Function:
    """`f`, never traced: compiled code calls it with arrays, whenever it gets there.

    For code that tapec cannot follow, such as SciPy's solvers. `like` is a value of the structure
    and the shapes of what `f` returns: float64 arrays and floats in any nesting. `f` must return
    the same for the same arguments and change nothing: it may be called more often than the
    program says, or less. It has no derivatives of its own; `tapec.implicit` and
    `tapec.custom_rule` give it some. A call costs some microseconds. What `f` raises, the kernel
    raises. A number is passed as a NumPy scalar.

    >>> from scipy.optimize import brentq
    >>> root = tapec.opaque(lambda a: brentq(lambda x: x**3 - a, 0.0, 10.0), like=0.0)
    >>> round(float(tapec.compile(lambda a: 2.0 * root(a))(8.0)), 6)
    4.0
    """
    leaves, tree = flatten(like)
    for leaf in leaves:
        if np.asarray(leaf).dtype != np.float64:
            raise TraceError(
                f"opaque: a result like {leaf!r} is no float64 array", where=where(),
                hint="give `like` with floats, as np.zeros(shape)",
            )  # fmt: skip
    return _Opaque(f, [np.asarray(x) for x in leaves], [type(x) is float for x in leaves], tree)


class _Opaque:
    """A function with the kind of its results."""

    def __init__(self, f: Function, like: list[Array], weak: list[bool], tree: Tree) -> None:
        self.f, self.like, self.weak, self.tree = f, like, weak, tree
        functools.update_wrapper(self, f, updated=())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        session = current()
        leaves, tree = flatten((args, kwargs))
        traced = [k for k, x in enumerate(leaves) if is_symbolic(x)]
        if session is None or not traced:
            return self.f(*args, **kwargs)
        fixed = [x._array if isinstance(x, Tracer) and k not in traced else x
                 for k, x in enumerate(leaves)]  # fmt: skip

        def run(given: Sequence[Array]) -> Array:
            filled = list(fixed)
            for k, x in zip(traced, given, strict=True):
                filled[k] = x if x.ndim else x[()]
            args, kwargs = tree.unflatten(filled)
            return self._flat(self.f(*args, **kwargs))

        name = calls.named(run, getattr(self.f, "__name__", type(self.f).__name__))
        count = sum(x.size for x in self.like)
        operands = [leaves[k]._value(session) for k in traced]
        flat = wrap(session, session.emit("opaque", *operands, function=name, count=count))
        return self._result(flat)

    def _flat(self, result: Any) -> Array:
        """The leaves of the function's result."""
        leaves, tree = flatten(result)
        arrays = [np.asarray(x, float) for x in leaves]
        if tree != self.tree or [x.shape for x in arrays] != [x.shape for x in self.like]:
            got = ", ".join(str(Type("f64", x.shape)) for x in arrays)
            wanted = ", ".join(str(Type("f64", x.shape)) for x in self.like)
            raise ShapeError(
                f"{self.f} returned {got}, not the {wanted} of `like` in its structure",
                hint="give tapec.opaque a `like` with the shapes of the result",
            )
        return np.concatenate([x.ravel() for x in arrays]) if arrays else np.zeros(0)

    def _result(self, flat: Tracer) -> Any:
        made, start = [], 0
        for x, weak in zip(self.like, self.weak, strict=True):
            part = reshaped(flat[start : start + x.size], x.shape)
            part._weak = weak
            made.append(part)
            start += x.size
        return self.tree.unflatten(made)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """A function in a class body is a method."""
        return self if instance is None else functools.partial(self, instance)

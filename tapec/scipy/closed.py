"""Functions that users give to SciPy's solvers, as programs of explicit arguments.

What such a function takes from around it is an argument of its program too: derivatives go
through it, and the solver gets a compiled function of the unknowns.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapec.call.kernel import Kernel
from tapec.derive.derived import Jvp
from tapec.derive.nesting import Inner, inline, trace_inner
from tapec.trace.arrays.operands import as_array, as_tracer
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.tracer import is_symbolic
from tapec.tree import flatten

Function = Callable[..., Any]


class Closed:
    """`f(*unknowns, *args)`, traced at the types of these: a function of unknowns and `params`.

    `params` are the traced numbers and arrays among `args` and around `f`.
    """

    def __init__(self, f: Function, unknowns: Sequence[Any], args: Sequence[Any] = ()) -> None:
        self.count = len(unknowns)
        given = (*(floating(x) for x in unknowns), *args)
        self._inner: Inner = trace_inner(f, given, {}, set(range(self.count)))
        self.params = self._inner.inputs[self.count :]

    def __call__(self, unknowns: Sequence[Any], params: Sequence[Any]) -> Any:
        """The result of `f`, in its structure, in the running trace."""
        return self._inner.result(inline(self._inner.func, [*unknowns, *params]))


def floating(x: Any) -> Any:
    """An argument as an array or number of doubles."""
    made = as_tracer(as_array(x))
    return made if made._dtype == "f64" and not made._weak else TABLE["astype"](made, float)


def known_array(x: Any) -> Any:
    """The content of an array that is known while tracing, None of another."""
    return None if is_symbolic(x) else x._array


def flat(result: Any) -> Any:
    """All numbers of a result as one vector."""
    parts = [np.ravel(floating(leaf)) for leaf in flatten(result)[0]]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


class CompiledLater:
    """A function in traced code, compiled when it is first called."""

    def __init__(self, f: Function, name: str) -> None:
        self._f, self.__name__ = f, name
        self.__qualname__ = name

    def __call__(self, *args: Any) -> Any:
        """The function on arrays of NumPy's."""
        return self._kernel(*args)

    @functools.cached_property
    def _kernel(self) -> Kernel:
        return Kernel(_Ours(self._f, self.__name__))


class _Ours:
    """A function of ours in the form that kernels take."""

    def __init__(self, f: Function, name: str) -> None:
        self.run, self.__name__, self.__qualname__ = f, name, name

    def __call__(self, *args: Any) -> Any:
        return self.run(*args)


def tangent_along(f: Function, params: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The tangent of f(*params) where some parameters move; None where none does."""
    moving = [k for k, t in enumerate(tangents) if t is not None]
    if not moving:
        return None

    def of_moving(*moved: Any) -> Any:
        given = list(params)
        for k, x in zip(moving, moved, strict=True):
            given[k] = x
        return f(*given)

    return Jvp(of_moving)([params[k] for k in moving], [tangents[k] for k in moving])[1]

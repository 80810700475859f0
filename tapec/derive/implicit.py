"""Functions defined by equations: `tapec.implicit`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapec.call.kernel import Kernel
from tapec.derive.custom import CustomRule, Function
from tapec.derive.derived import Jacobian, Jvp
from tapec.derive.opaque import opaque
from tapec.errors import ShapeError, TraceError
from tapec.trace import Tracer, current
from tapec.trace.arrays.operands import as_tracer
from tapec.trace.arrays.session import where
from tapec.trace.arrays.table import TABLE
from tapec.trace.numpy.shape import ravel, reshaped
from tapec.trace.numpy.solve import solve
from tapec.trace.python.prepare import prepare
from tapec.tree import flatten


def implicit(solver: Function, residual: Function, *, like: Any = None) -> Function:
    """``x = solver(*params)``, differentiated through the equation that it solves.

    The result x satisfies ``residual(x, *params) = 0``, which has as many equations as x has
    numbers. Derivatives of any order, in both modes, follow from the implicit function theorem,
    dx = -(dF/dx)^-1 dF/dp, at the x that the solver returns: they are as good as x is (whether
    the residual is small there is not checked), and dF/dx must not be singular (LinAlgError).
    The solver's own code is never differentiated: it may iterate, branch and stop as it likes.
    With `like`, a value of the structure and shapes of x, it is not traced either but called as it
    is (see `tapec.opaque`): it may be SciPy's.

    x is a number, an array or any nesting of them, and so are the parameters. For a fixed point
    give ``x - f(x, p)`` as the residual, for a minimum the gradient of the objective.

    >>> def newton(a):
    ...     x = 1.0
    ...     for _ in range(30):
    ...         x = x - (x * x - a) / (2.0 * x)
    ...     return x
    >>> root = tapec.implicit(newton, lambda x, a: x * x - a)
    >>> abs(float(tapec.grad(root)(4.0)) - 0.25) < 1e-12
    True
    >>> from scipy.optimize import fsolve
    >>> def curve(x, a):
    ...     return np.array([x[0] + x[1] ** 3 - a, x[0] ** 3 - x[1]])
    >>> point = tapec.implicit(lambda a: fsolve(curve, np.ones(2), (a,)), curve, like=np.ones(2))
    >>> np.round(tapec.jacobian(point)(2.0), 6)
    array([0.1, 0.3])
    """
    inner = residual.__wrapped__ if isinstance(residual, Kernel) else residual
    made = CustomRule(solver if like is None else opaque(solver, like), None, None)
    made.rules = {"jvp": functools.partial(_rule, inner)}
    made.given_results = True
    return made


def _rule(residual: Function, primals: tuple[Any, ...], x: Any, tangents: tuple[Any, ...]) -> Any:
    """The tangent of the solution x."""
    session = current()
    assert session is not None
    equations = prepare(residual, session)
    leaves, tree = flatten(x)
    _check(leaves)

    def of_unknown(flat: Any) -> Any:
        return _flat(equations(tree.unflatten(_parts(flat, leaves)), *primals))

    moving, places, rebuild = _moving(primals)
    seeds = [flatten(tangents, is_leaf=_is_none)[0][k] for k in places]

    def of_params(*values: Any) -> Any:
        return _flat(equations(x, *rebuild(values)))

    unknown = _flat(x)
    matrix = Jacobian(of_unknown, 0, "auto")(unknown)
    n = unknown.shape[0]
    if matrix.shape != (n, n):
        raise ShapeError(
            f"implicit: {n} unknowns and {matrix.shape[0]} equations", where=where(),
            hint="residual(x, *params) must return as many numbers as x has",
        )  # fmt: skip
    moved = Jvp(of_params)(moving, seeds)[1]
    return tree.unflatten(_parts(-solve(matrix, moved), leaves))


def _moving(
    primals: tuple[Any, ...],
) -> tuple[list[Tracer], list[int], Callable[[Sequence[Any]], tuple[Any, ...]]]:
    """The traced float leaves of the parameters, their places, and how to exchange them."""
    leaves, tree = flatten(primals, is_leaf=_is_none)
    places = [k for k, v in enumerate(leaves) if isinstance(v, Tracer) and v._dtype[0] == "f"]

    def rebuild(values: Sequence[Any]) -> tuple[Any, ...]:
        replaced = list(leaves)
        for k, value in zip(places, values, strict=True):
            replaced[k] = value
        params: tuple[Any, ...] = tree.unflatten(replaced)
        return params

    return [leaves[k] for k in places], places, rebuild


def _is_none(x: Any) -> bool:
    # Tangents have None where a parameter is no number: it counts as a leaf on both sides.
    return x is None


def _check(leaves: Sequence[Any]) -> None:
    for leaf in leaves:
        if as_tracer(leaf)._dtype[0] != "f":
            raise TraceError(
                "implicit: the solution must consist of floats", where=where(),
                hint="return only the solution from the solver, not counters or flags",
            )  # fmt: skip


def _flat(x: Any) -> Any:
    """All numbers of a nested structure as one vector."""
    parts = [ravel(as_tracer(leaf)) for leaf in flatten(x)[0]]
    return parts[0] if len(parts) == 1 else TABLE["concatenate"](parts)


def _parts(flat: Any, like: Sequence[Any]) -> list[Any]:
    """The vector cut into arrays of these shapes."""
    found, start = [], 0
    for leaf in like:
        shape = tuple(np.shape(leaf))
        size = int(np.prod(shape, dtype=int))
        found.append(reshaped(flat[start : start + size], shape))
        start += size
    return found

"""SciPy's solvers of differential equations, given exact Jacobians of plain functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import integrate

from tapec.call.kernel import Kernel
from tapec.derive.bundle import Bundle
from tapec.derive.derived import Function
from tapec.derive.transforms import jacobian
from tapec.interop.optimize import first
from tapec.interop.vectors import Stacked, Vector

Array = np.ndarray[Any, Any]

IMPLICIT = {"Radau": "auto", "BDF": "auto", "LSODA": "dense"}  # which form of the Jacobian


def solve_ivp(
    fun: Function,
    t_span: Sequence[float],
    y0: Any,
    method: Any = "RK45",
    *,
    args: Sequence[Any] | None = None,
    **options: Any,
) -> Any:
    """`scipy.integrate.solve_ivp` of y' = fun(t, y, *args), compiled, with its Jacobian.

    Radau and BDF get a sparse Jacobian where the pattern found in `fun` is sparse, LSODA a dense
    one; explicit methods need none. A complex `y0` gives a complex solution, by BDF of a function
    that is holomorphic in y. All options are passed on.

    >>> from tapec.interop import integrate

    >>> f = lambda t, y: (y[1], 50.0 * (1.0 - y[0] ** 2) * y[1] - y[0])
    >>> s = integrate.solve_ivp(f, (0.0, 10.0), [2.0, 0.0], "Radau")
    >>> bool(s.success)
    True
    """
    vector, start, given = RightSide(fun), _state(y0), tuple(args or ())
    if method in IMPLICIT and start.dtype.kind == "c":
        options["jac"] = _time_first(jacobian(vector, holomorphic=True))
    elif method in IMPLICIT:
        slope = first(vector, start, float(t_span[0]), *given, form=IMPLICIT[method])
        options["jac"] = _time_first(slope)
    right = Kernel(vector)
    return integrate.solve_ivp(_time_first(right), t_span, start, method, args=args, **options)


def _state(y0: Any) -> Array:
    """The initial values as floats, or as complex numbers where they are."""
    found = np.asarray(y0)
    return found.astype(complex if found.dtype.kind == "c" else float)


class RightSide(Vector):
    """fun(t, y, *args) as a function of (y, t, *args)."""

    suffix = "right_side"

    def __call__(self, y: Any, t: Any, *rest: Any) -> Any:
        if y.dtype.kind != "c":
            return self.vector(t, y, *rest)
        found = self.returned((t, y, *rest), {})
        rows = found if isinstance(found, list | tuple) else [found]
        return np.concatenate([np.reshape(row, (-1,)) for row in rows]) * (1.0 + 0.0j)


def _time_first(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda t, y, *args: f(y, float(t), *args)


def solve_bvp(fun: Function, bc: Function, x: Any, y: Any, p: Any = None, **options: Any) -> Any:
    """`scipy.integrate.solve_bvp` of y' = fun(x, y[, p]), bc(y(a), y(b)[, p]) = 0, with Jacobians.

    `fun` gets all nodes of a mesh at once, as SciPy asks for. Meshes are filled up to powers of
    two, so that few of them are compiled.

    >>> from tapec.interop import integrate

    >>> f = lambda x, y: np.stack([y[1], -np.exp(y[0])])
    >>> bc = lambda ya, yb: np.array([ya[0], yb[0]])
    >>> x = np.linspace(0.0, 1.0, 5)
    >>> s = integrate.solve_bvp(f, bc, x, np.zeros((2, 5)))
    >>> round(float(s.sol(0.5)[0]), 4)
    0.1405
    """
    several = 0 if p is None else (0, 1)
    slope = Kernel(Bundle(Stacked(fun), ("jvp",), several, "auto"))
    ends = (0, 1) if p is None else (0, 1, 2)
    edges = jacobian(Vector(bc), ends)
    return integrate.solve_bvp(
        fun, bc, x, y, p, fun_jac=_Slopes(slope), bc_jac=lambda *args: edges(*args), **options
    )


class _Slopes:
    """The Jacobians of all nodes: those of one node do not depend on another."""

    def __init__(self, slope: Kernel) -> None:
        self.slope = slope

    def __call__(self, x: Array, y: Array, p: Array | None = None) -> Any:
        size = x.size
        x, y = _filled_up(x), _filled_up(y)
        n, k = y.shape[0], 0 if p is None else p.size
        along = np.zeros((n + k, *y.shape))
        along[np.arange(n), np.arange(n)] = 1.0
        if p is None:
            found = self.slope(y, x, along)[0]
            return np.moveaxis(found, 0, 1)[..., :size]
        found = self.slope(y, p, x, (along, np.eye(n + k, k, -n)))[0]
        moved = np.moveaxis(found, 0, 1)[..., :size]
        return moved[:, :n], moved[:, n:]


def _filled_up(nodes: Array) -> Array:
    """As many nodes as the next power of two, the last one again."""
    size = 1 << (nodes.shape[-1] - 1).bit_length()
    behind = np.repeat(nodes[..., -1:], size - nodes.shape[-1], axis=-1)
    return np.concatenate([nodes, behind], axis=-1)


__all__ = ["RightSide", "solve_bvp", "solve_ivp"]

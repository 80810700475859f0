"""The derivative transforms as users call them."""

from __future__ import annotations

from typing import Any, Literal

from tapec.call.kernel import Kernel
from tapec.call.method import BoundKernel
from tapec.derive.derived import (
    Argnums,
    Function,
    Gnvp,
    Grad,
    Hessian,
    Hvp,
    Jacobian,
    Jvp,
    ValueAndGrad,
)
from tapec.derive.kept import kept
from tapec.derive.mapped import Vmap
from tapec.trace import Tracer


def grad(f: Function, argnums: Argnums = 0, *, has_aux: bool = False) -> Kernel:
    """The gradient of a scalar function: g(*args) has the shape of argument `argnums`.

    A tuple of `argnums` gives a tuple of gradients. With `has_aux` the function returns
    (value, aux) and the gradient function (gradient, aux).

    >>> tapec.grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    array([2., 4.])
    """
    return Kernel(Grad(f, argnums, has_aux), **options(f))


def value_and_grad(f: Function, argnums: Argnums = 0, *, has_aux: bool = False) -> Kernel:
    """A function returning (value, gradient), or ((value, aux), gradient) with `has_aux`."""
    return Kernel(ValueAndGrad(f, argnums, has_aux), **options(f))


def jacobian(
    f: Function, argnums: Argnums = 0, *, mode: Literal["auto", "fwd", "rev"] = "auto"
) -> Kernel:
    """The Jacobian, of shape out.shape + in.shape; `mode="auto"` takes the cheaper sweep."""
    return Kernel(Jacobian(f, argnums, mode), **options(f))


def hessian(f: Function, argnums: Argnums = 0) -> Kernel:
    """Second derivatives, of shape out.shape + in.shape + in.shape (forward over reverse)."""
    if isinstance(argnums, int):
        return Kernel(Hessian(f, argnums), **options(f))
    return jacobian(jacobian(f, argnums), argnums, mode="fwd")


def jvp(f: Function, primals: Any, tangents: Any) -> Any:
    """(f(*primals), J @ tangents)."""
    return kept(f, "jvp", Jvp, options(f))(tuple(primals), tuple(tangents))


def hvp(f: Function, argnums: int = 0) -> Kernel:
    """h(x, v, *rest) = H(x) v, the Hessian in argument `argnums` times v; `rest` the others."""
    return Kernel(Hvp(f, argnums), **options(f))


def gnvp(f: Function, argnums: int = 0) -> Kernel:
    """h(x, v, *rest) = J^T J v, the Gauss-Newton product."""
    return Kernel(Gnvp(f, argnums), **options(f))


def vmap(f: Function, in_axes: Any = 0, out_axes: Any = 0) -> Kernel:
    """`f` over an axis of its arguments; None in `in_axes` holds an argument fixed.

    `in_axes` is one axis for all arguments or a sequence with an entry for each; for a nested
    argument the entry may be a container of axes like it. The lanes of the results are along
    `out_axes`: one axis, or a container of axes like the result.

    >>> tapec.vmap(np.dot, in_axes=(0, None))(np.eye(2), np.array([3.0, 4.0]))
    array([3., 4.])
    """
    return Kernel(Vmap(f, in_axes, out_axes), **options(f, static=False))


def options(f: Function, static: bool = True) -> dict[str, Any]:
    """A transform of a kernel keeps its options."""
    f = f.__func__ if isinstance(f, BoundKernel) else f
    if not isinstance(f, Kernel):
        return {}
    if static:
        return f._options
    return {"backend": f._options["backend"]}


__all__ = [
    "Tracer",
    "gnvp",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "value_and_grad",
    "vmap",
]

"""The derivative transforms as users call them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Literal, overload

from tapec.call.engine import engine_options
from tapec.call.kernel import Kernel
from tapec.call.method import BoundKernel
from tapec.derive.derived import (
    Argnums,
    Function,
    Grad,
    Hessian,
    Jacobian,
    Jvp,
    ValueAndGrad,
)
from tapec.derive.holomorphic import Holomorphic
from tapec.derive.kept import kept
from tapec.derive.mapped import Vmap
from tapec.errors import SparsityError
from tapec.lazy import deferred

if TYPE_CHECKING:
    from tapec.derive import bundle
    from tapec.derive.sparse import SparseKernel
    from tapec.derive.sparse_parts import Format, Mode, Route, Symmetric, Triangle
    from tapec.sparse.colouring import Order
else:
    bundle = deferred("tapec.derive.bundle")


def grad(
    f: Function, argnums: Argnums = 0, *, has_aux: bool = False, holomorphic: bool = False
) -> Kernel:
    """The gradient of a function with one float result.

    `grad(f)(*args)` has the structure, shapes and dtypes of argument `argnums`; a tuple of
    `argnums` gives a tuple of gradients. Arguments may be nested in tuples, lists and dicts. With
    `has_aux` the function returns (value, aux), and the gradient function (gradient, aux). Reverse
    mode: the cost is a small multiple of that of `f`, whatever the number of inputs.

    The gradient in a complex argument x + iy is df/dx + i df/dy, the direction of steepest ascent
    (as in PyTorch; JAX gives its conjugate). Where `holomorphic`, the result of `f` is complex, and
    what is returned is f'(z).

    Raises NonDifferentiableError where `f` does not return one float number, DTypeError for
    arguments that are not floats (Python integers become floats).

    >>> tapec.grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    array([2., 4.])
    >>> tapec.grad(lambda a, b: a * b, argnums=(0, 1))(2.0, 3.0)
    (np.float64(3.0), np.float64(2.0))
    """
    made = Holomorphic(f, argnums, has_aux) if holomorphic else Grad(f, argnums, has_aux)
    return Kernel(made, **options(f))


def value_and_grad(
    f: Function, argnums: Argnums = 0, *, has_aux: bool = False, holomorphic: bool = False
) -> Kernel:
    """A function returning (value, gradient), in one run of both.

    The gradient is that of `tapec.grad`, with the same arguments and errors. With `has_aux` the
    result is ((value, aux), gradient).

    >>> tapec.value_and_grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    (np.float64(5.0), array([2., 4.]))
    """
    whole = functools.partial(Holomorphic, value=True) if holomorphic else ValueAndGrad
    return Kernel(whole(f, argnums, has_aux), **options(f))


@overload
def jacobian(
    f: Function,
    argnums: Argnums = 0,
    *,
    mode: Mode = "auto",
    sparse: Literal[False] = False,
    holomorphic: bool = False,
) -> Kernel: ...
@overload
def jacobian(
    f: Function,
    argnums: Argnums = 0,
    *,
    mode: Mode = "auto",
    sparse: Literal[True],
    format: Format = "csr",
    order: Order = "best",
    route: Route = "auto",
) -> SparseKernel: ...
def jacobian(
    f: Function,
    argnums: Argnums = 0,
    *,
    mode: Mode = "auto",
    sparse: bool = False,
    format: Format = "csr",
    order: Order = "best",
    route: Route = "auto",
    holomorphic: bool = False,
) -> Any:
    """All first derivatives of all results.

    For a result of shape `out` and an argument of shape `in` the Jacobian has shape `out + in`;
    nested results and arguments give one block for each pair, results outermost. `mode` is "fwd"
    (one tangent for each input number), "rev" (one cotangent for each result number) or "auto": the
    one with fewer.

    With `sparse` each block is a `scipy.sparse` array with a row for every number of the result and
    a column for every number of the argument, in `format` "csr", "csc" or "coo". Where it can be
    nonzero is found by following index sets through the program, once for a signature (and for the
    values of integer arguments that decide it); columns or rows that do not meet share a direction
    (`order` says in which order they are coloured), and one kernel computes all nonzeros. `mode`
    may be "both" then: some columns and some rows. `route` is "compressed" for this, "direct" to
    compute every nonzero by itself (programs without loops whose elements meet few others), "auto"
    for the one with less to compute. See `tapec.derive.sparse.SparseKernel`.

    A complex result of real arguments has a complex Jacobian; rows of a real result in a complex
    argument are gradients as `tapec.grad` gives them. Both complex need `holomorphic`: the Jacobian
    is the complex derivative then.

    Raises DTypeError where a result or a chosen argument is not a float, SparsityError for options
    that do not exist and for sparse derivatives inside a traced function.

    >>> f = lambda x: np.array([x[0] * x[1], x[0] + x[1]])
    >>> tapec.jacobian(f)(np.array([2.0, 3.0]))
    array([[3., 2.],
           [1., 1.]])
    >>> tapec.jacobian(lambda x: x[1:] * x[:-1], sparse=True)(np.ones(3)).toarray()
    array([[1., 1., 0.],
           [0., 1., 1.]])
    """
    if sparse:
        from tapec.derive.sparse import SparseKernel  # brings scipy.sparse
        from tapec.derive.sparse_parts import Style

        return SparseKernel(f, argnums, Style(format, order, mode, route), options(f))
    if mode == "both":
        raise SparsityError("a dense Jacobian has one mode", hint="use 'auto', 'fwd' or 'rev'")
    _of_dense(format, order, route)
    if holomorphic:
        return Kernel(Holomorphic(f, argnums, mode=mode), **options(f))
    return Kernel(Jacobian(f, argnums, mode), **options(f))


@overload
def hessian(f: Function, argnums: Argnums = 0, *, sparse: Literal[False] = False) -> Kernel: ...
@overload
def hessian(
    f: Function,
    argnums: Argnums = 0,
    *,
    sparse: Literal[True],
    triangle: Triangle = None,
    format: Format = "csr",
    order: Order = "best",
    route: Route = "auto",
    colouring: Symmetric = "star",
) -> SparseKernel: ...
def hessian(
    f: Function,
    argnums: Argnums = 0,
    *,
    sparse: bool = False,
    triangle: Triangle = None,
    format: Format = "csr",
    order: Order = "best",
    route: Route = "auto",
    colouring: Symmetric = "star",
) -> Any:
    """All second derivatives: forward over reverse mode.

    For a number of an argument of shape `in` the Hessian has shape `in + in`, for a result of shape
    `out` it is `out + in + in`. A tuple of `argnums` gives all pairs, nested. Raises as
    `tapec.jacobian` does.

    With `sparse` the function returns one number, and the blocks are `scipy.sparse` arrays, as
    those of `tapec.jacobian` are. `triangle` is None for the whole matrix, "lower" or "upper" for
    a half of it with the diagonal. Directions are those of a star colouring: an element may be read
    in place of its mirror image. With `colouring` "acyclic" they are fewer, and elements are found
    from these one after the other, which costs some digits where they differ much in size.

    >>> tapec.hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 3.0]))
    array([[6., 2.],
           [2., 0.]])
    >>> f = lambda x: np.sum(x[1:] * x[:-1])
    >>> tapec.hessian(f, sparse=True, triangle="lower")(np.ones(3)).toarray()
    array([[0., 0., 0.],
           [1., 0., 0.],
           [0., 1., 0.]])
    """
    if sparse:
        from tapec.derive.sparse_parts import Style
        from tapec.derive.sparse_symmetric import SparseHessian  # brings scipy.sparse

        return SparseHessian(
            f, argnums, Style(format, order, "auto", route, triangle, colouring), options(f)
        )
    _of_dense(format, order, route, triangle, colouring)
    if isinstance(argnums, int):
        return Kernel(Hessian(f, argnums), **options(f))
    return jacobian(jacobian(f, argnums), argnums, mode="fwd")


def _of_dense(
    format: Any, order: Any, route: Any, triangle: Any = None, colouring: Any = "star"
) -> None:
    """Raise where a dense derivative is asked for with options of sparse ones."""
    if (format, order, route, triangle, colouring) != ("csr", "best", "auto", None, "star"):
        raise SparsityError("these are options of sparse derivatives", hint="set sparse=True")


def jvp(f: Function, primals: Any, tangents: Any) -> Any:
    """(f(*primals), J @ tangents): the value, and the derivative along a direction.

    `tangents` are as many as `primals`, each of the structure and shapes of its primal; the second
    result has the structure and shapes of the first. Forward mode: the cost is about that of `f`
    twice. Raises ShapeError where a tangent does not fit its primal.

    >>> value, slope = tapec.jvp(np.sin, (0.0,), (2.0,))
    >>> float(slope)
    2.0
    """
    return kept(f, "jvp", Jvp, options(f))(tuple(primals), tuple(tangents))


def hvp(f: Function, argnums: int = 0) -> Kernel:
    """h(x, v, *rest) = H(x) v: the Hessian in argument `argnums` times a direction.

    `v` has the structure and shapes of `x`, and so has the result; several directions are stacked
    along a leading axis of `v`, and of the result. `rest` are the other arguments of `f`, which
    returns one float number. Forward over reverse mode: the Hessian is never formed,
    and the cost is a small multiple of that of `f` (Pearlmutter 1994). Raises as `tapec.grad` and
    `tapec.jvp` do.

    >>> tapec.hvp(lambda x: np.sum(x**3))(np.array([1.0, 2.0]), np.array([1.0, 0.0]))
    array([6., 0.])
    """
    return Kernel(bundle.Hvp(f, argnums), **options(f))


def gnvp(f: Function, argnums: int = 0) -> Kernel:
    """h(x, v, *rest) = J^T J v: the Gauss-Newton matrix in argument `argnums` times a direction.

    J is the Jacobian of `f`, whose results may have any shape; `v` and the result are like `x`,
    with a leading axis where there are several directions. One tangent and one cotangent, without
    forming J (Schraudolph 2002). Raises as `tapec.jvp` does.

    >>> f = lambda x: np.array([x[0], 2.0 * x[1]])
    >>> tapec.gnvp(f)(np.array([1.0, 1.0]), np.array([1.0, 1.0]))
    array([1., 4.])
    """
    return Kernel(bundle.Gnvp(f, argnums), **options(f))


def vmap(f: Function, in_axes: Any = 0, out_axes: Any = 0) -> Kernel:
    """`f` over an axis of its arguments: the vector axis of the machine code, not a loop in Python.

    `in_axes` is one axis for all arguments or a sequence with an entry for each, and None holds an
    argument fixed; for a nested argument the entry may be a container of axes like it. The lanes of
    the results are along `out_axes`: one axis, or a container of axes like the result. Branches and
    loops whose conditions differ from lane to lane run for all lanes until the last one is done.

    Raises ShapeError where the mapped axes differ in length or an argument has no such axis.

    >>> tapec.vmap(np.dot, in_axes=(0, None))(np.eye(2), np.array([3.0, 4.0]))
    array([3., 4.])
    >>> tapec.vmap(tapec.grad(np.sin))(np.zeros(3))
    array([1., 1., 1.])
    """
    return Kernel(Vmap(f, in_axes, out_axes), **options(f, static=False))


def options(f: Function, static: bool = True) -> dict[str, Any]:
    """A transform of a kernel keeps its options."""
    f = f.__func__ if isinstance(f, BoundKernel) else f
    if not isinstance(f, Kernel):
        return {}
    if static:
        return f._options
    return engine_options(f._options)


__all__ = [
    "gnvp",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "value_and_grad",
    "vmap",
]

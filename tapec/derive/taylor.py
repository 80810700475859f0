"""Taylor mode as users call it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tapec.call.kernel import Kernel
from tapec.derive.derived import Argnums, Function
from tapec.derive.expansion import Taylor, checked
from tapec.derive.kept import kept
from tapec.derive.solutions import Solution
from tapec.derive.tensors import Distinct, Tensors
from tapec.derive.transforms import options
from tapec.errors import DTypeError

if TYPE_CHECKING:
    from numpy.polynomial import Polynomial

    from tapec.derive.polynomials import TaylorPolynomial


def taylor(f: Function, degree: int, argnums: Argnums = 0, *, series: bool = False) -> Kernel:
    """t(x, v, *rest): the coefficients of f(x + t v) up to t**degree, not scaled by factorials.

    `v` has the structure and shapes of the argument `argnums`, x; `rest` are the other arguments of
    `f`, in their order. A tuple of `argnums` takes a tuple of points and one of directions. A
    result of shape `out` gives an array (degree + 1, *out), nested results give one for each part.
    With `series` the call is t(c, *rest): `c` are the coefficients of a curve x(t) themselves, 1 to
    degree + 1 of them along the first axis of every part (those left out are zero), and the result
    has those of f(x(t)).

    Every op has a recurrence for its coefficients, of a cost that is quadratic in the degree
    (Griewank and Walther, Evaluating Derivatives, chapter 13; of gamma and Bessel functions it is
    cubic, unless their argument is linear in t). Loops stay loops. Comparisons, branches, rounding,
    sorting and every integer are those at t = 0; where `abs`, `maximum` and the like tie there, the
    first coefficient that differs decides, as for small t > 0. Where f is not analytic the
    coefficients are infinite or NaN, as those of sqrt at 0.

    Raises ShapeError for a negative degree and for directions or coefficients that do not fit,
    DTypeError for arguments and results that are not floats, NonDifferentiableError for functions
    that tell only reverse mode their derivative.

    >>> tapec.taylor(np.exp, 3)(0.0, 1.0)
    array([1.        , 1.        , 0.5       , 0.16666667])
    >>> f = lambda x: x[0] * x[1]
    >>> tapec.taylor(f, 2)(np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([2., 3., 1.])
    >>> tapec.taylor(lambda x: 1 / x, 3, series=True)(np.array([1.0, 0.0, 1.0]))
    array([ 1., -0., -1.,  0.])
    """
    return Kernel(Taylor(f, degree, argnums, series), **options(f, static=False))


def taylor_polynomial(f: Function, x0: Any, degree: int) -> Polynomial | TaylorPolynomial:
    """The Taylor polynomial of `f` around `x0`: callable with x itself.

    For a number `x0` and a function with one number as its result it is a
    `numpy.polynomial.Polynomial`; its domain is around x0, so that `p(x)` takes x, and `p.coef` are
    the coefficients of powers of x - x0. For an array `x0` (of n numbers), and for results that are
    arrays, it is a `TaylorPolynomial`, with all C(n + degree, n) coefficients up to that total
    degree in `coefficients`.

    Raises as `tapec.taylor` does, and DTypeError for results that are nested.

    >>> p = tapec.taylor_polynomial(np.sin, 0.0, 3)
    >>> p.coef.round(4).tolist()
    [0.0, 1.0, -0.0, -0.1667]
    >>> q = tapec.taylor_polynomial(lambda x: x[0] * x[1] ** 2, np.array([1.0, 1.0]), 2)
    >>> float(q.coefficients[1, 1]), float(q(np.array([1.0, 2.0])))
    (2.0, 4.0)
    """
    from tapec.derive.polynomials import of_array, of_number  # brings numpy.polynomial

    degree = checked("degree", degree)
    found = kept(f, f"derivatives {degree}", lambda g: Distinct(g, degree), options(f))(x0)
    if not all(isinstance(order, np.ndarray) for order in found):
        raise DTypeError("a Taylor polynomial is of a function with one array or number as result")
    polynomial = of_array(found, np.array(x0, float))
    if np.ndim(x0) or found[0].ndim > 1:
        return polynomial
    return of_number(np.array(list(polynomial.coefficients.values())), float(x0))


def ode_series(f: Function, degree: int) -> Kernel:
    """s(t, y, *args): Taylor coefficients of the solution of dy/dt = f(t, y, *args) through y at t.

    `f` is what `scipy.integrate.solve_ivp` takes: its result has the structure and shapes of the
    state y. An array y gives an array (degree + 1, *y.shape) of coefficients of powers of the time
    after t: the solution is `np.polynomial.polynomial.polyval(h, coefficients)` at t + h, within
    the radius of convergence. All ops make their coefficients of one order before those of the next
    (Moore 1979), so that the cost is that of `tapec.taylor`; a function with loops or branches that
    cannot be unrolled is expanded once for each order. Raises as `tapec.taylor` does.

    >>> tapec.ode_series(lambda t, y: y, 3)(0.0, 1.0)
    array([1.        , 1.        , 0.5       , 0.16666667])
    >>> tapec.ode_series(lambda t, y: 2.0 * t * y, 4)(0.0, 1.0)
    array([1. , 0. , 1. , 0. , 0.5])
    """
    return Kernel(Solution(f, degree), **options(f))


def tensors(f: Function, order: int, argnums: int = 0) -> Kernel:
    """All derivatives up to an order: t(*args) = (value, Jacobian, second derivatives, ...).

    For a result of shape `out` and an argument of shape `in` the derivatives of order k have shape
    out + in + ... + in (k times). Every distinct derivative is computed once: n numbers have
    C(n + k - 1, k) of order k. They come from Taylor coefficients along C(n + order - 1, order)
    directions (Griewank, Utke, Walther, Mathematics of Computation 69, 2000), with weights that
    grow with the order: about a digit is lost with each order beyond the third.

    Raises as `tapec.taylor` does, and ShapeError where the argument is not one array.

    >>> f = lambda x: np.array([x[0] ** 2 * x[1], x[1] ** 3])
    >>> value, jacobian, hessian = tapec.tensors(f, 2)(np.array([1.0, 2.0]))
    >>> hessian.round(12).tolist()
    [[[4.0, 2.0], [2.0, 0.0]], [[0.0, 0.0], [0.0, 12.0]]]
    """
    return Kernel(Tensors(f, order, argnums), **options(f))

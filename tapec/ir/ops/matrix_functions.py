"""Functions of square matrices, and the equation of Sylvester, in stacks too: SciPy's.

The derivative of a function of a matrix is a block of the same function of a larger one:
f([[A, E], [0, A]]) = [[f(A), df(A; E)], [0, f(A)]] (Higham, Functions of Matrices, 2008, theorem
3.6 and section 10.6). It is that of the transposed matrix backwards.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tapec.errors import ShapeError
from tapec.ir.build import Expr
from tapec.ir.incidence import stacked
from tapec.ir.ops.matrices import (
    decomposition,
    eliminations,
    lifted_together,
    matrix_transpose,
    part,
    product,
    square,
)
from tapec.ir.ops.shape import Array, Tangents, call, check_dtypes, zeros
from tapec.ir.primitive import Primitive, Sample, structured
from tapec.ir.types import Type


def _one_by_one(name: str) -> Callable[..., Array]:
    """SciPy's function of single matrices, imported at the first call, on stacks of them."""

    def evaluate(*stacks: Array) -> Array:
        from scipy import linalg

        function = getattr(linalg, name)
        found = np.empty_like(stacks[-1])
        for at in np.ndindex(stacks[0].shape[:-2]):
            found[at] = _real(name, function(*(x[at] for x in stacks)))
        return found

    return evaluate


def _real(name: str, found: Array) -> Array:
    if np.iscomplexobj(found) and np.any(found.imag):
        raise np.linalg.LinAlgError(f"scipy.linalg.{name} of a real matrix is complex here")
    return found.real


def _frechet(name: str, a: Expr, e: Expr) -> Expr:
    """The derivative at a in the direction e."""
    n, last = a.shape[-1], len(a.shape) - 1
    top = call("concatenate", a, e, axis=last)
    bottom = call("concatenate", zeros(a), a, axis=last)
    made = call(name, call("concatenate", top, bottom, axis=last - 1))
    return part(made, (0, n), (n, n))


def _function(name: str, doc: str, samples: tuple[Sample, ...] = ()) -> Primitive:
    """Declare a function of square matrices."""

    def jvp(operands: tuple[Expr, ...], tangents: Tangents, result: Expr) -> Expr | None:
        (a,), (ta,) = operands, tangents
        return None if ta is None else _frechet(name, a, ta)

    def vjp(ct: Expr, result: Expr, operands: tuple[Expr, ...]) -> tuple[Expr]:
        return (_frechet(name, matrix_transpose(operands[0]), ct),)

    return decomposition(
        name,
        lambda a: square(name, a),
        _one_by_one(name),
        jvp=jvp,
        vjp=vjp,
        sparsity=stacked(2),
        cost=200,
        raises=True,
        analytic=False,
        samples=samples,
        doc=doc,
    )


EXPM = _function(
    "expm",
    "The exponentials of square matrices (..., n, n), by Pade approximation.",
    (Sample(((3, 3),)), Sample(((2, 2, 2),))),
)
LOGM = _function(
    "logm",
    "The principal logarithms of square matrices (..., n, n); raises LinAlgError where one has "
    "eigenvalues that are negative, whose logarithm is complex.",
)
SQRTM = _function(
    "sqrtm",
    "The principal square roots of square matrices (..., n, n); raises LinAlgError where one has "
    "eigenvalues that are negative. Singular matrices have no derivative.",
)


# --- a x + x b = q -------------------------------------------------------------------------------


def _infer_sylvester(a: Type, b: Type, q: Type) -> Type:
    check_dtypes("solve_sylvester", a, b, q)
    square("solve_sylvester", a)
    square("solve_sylvester", b)
    *lead, m, n = q.shape
    if a.shape != (*lead, m, m) or b.shape != (*lead, n, n):
        raise ShapeError(f"solve_sylvester: {a}, {b} and {q} do not fit together")
    return q


def _jvp_sylvester(operands: tuple[Expr, ...], tangents: Tangents, result: Expr) -> Expr | None:
    """a dx + dx b = dq - da x - x db."""
    (a, b, _), (ta, tb, right) = operands, tangents
    moving = [product(ta, result)] if ta is not None else []
    moving += [product(result, tb)] if tb is not None else []
    for term in moving:
        right = -term if right is None else right - term
    return None if right is None else call("solve_sylvester", a, b, right)


def _vjp_sylvester(ct: Expr, result: Expr, operands: tuple[Expr, ...]) -> tuple[Expr, ...]:
    """q gets g with a^T g + g b^T = ct, a gets -g x^T and b gets -x^T g."""
    a, b, _ = (matrix_transpose(x) for x in operands)
    g, x = call("solve_sylvester", a, b, ct), matrix_transpose(result)
    return -product(g, x), -product(x, g), g


SYLVESTER = structured(
    "solve_sylvester",
    _infer_sylvester,
    _one_by_one("solve_sylvester"),
    jvp=_jvp_sylvester,
    vjp=_vjp_sylvester,
    batch=lifted_together("solve_sylvester"),
    sparsity=stacked(2),
    cost=100,
    raises=True,
    work=eliminations,
    analytic=False,
    samples=(Sample(((3, 3), (2, 2), (3, 2))), Sample(((2, 2, 2), (2, 3, 3), (2, 2, 3)))),
    doc="x with a x + x b = q for matrices a (..., m, m), b (..., n, n) and q (..., m, n), by "
    "Schur factors; raises LinAlgError where an eigenvalue of a is minus one of b.",
)

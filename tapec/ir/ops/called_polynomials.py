"""Orthogonal polynomials from SciPy, of degrees known while tracing: slopes of DLMF 18.9."""

from __future__ import annotations

from typing import Any

from tapec.ir.ops.called import Slope, called, special
from tapec.ir.ops.rules import number
from tapec.ir.ops.stencils import by_stencil

_X, _SHAPE = (-0.9, 0.9), (0.5, 2.0)
_DEGREES = ((0,), (1,), (4,))


def _step(*operands: Any) -> Any:
    """Polynomials of the shapes, too: their logarithms change like log(n) at most."""
    return 0.02 + 0.0 * operands[0]


def _polynomial(name: str, doc: str, slope: Slope, shapes: int = 0) -> None:
    """`slope` is that of degrees above 0."""

    def by_x(y: Any, *operands: Any) -> Any:
        return slope(*operands) if operands[-1] else 0.0

    called(
        name,
        *(by_stencil(name, k, _step) for k in range(shapes)),
        by_x,
        domain=[_SHAPE] * shapes + [_X],
        orders=1,
        fixed=_DEGREES,
        doc=doc,
    )


def _jacobi(a: Any, b: Any, x: Any, n: int) -> Any:
    return 0.5 * (a + b + (n + 1.0)) * special("eval_jacobi", a + 1.0, b + 1.0, x, orders=(n - 1,))


def _legendre(x: Any, n: int) -> Any:
    one = number(x, 1.0)
    return (0.5 * (n + 1)) * special("eval_jacobi", one, one, x, orders=(n - 1,))


def _second(x: Any, n: int) -> Any:
    return 2.0 * special("eval_gegenbauer", number(x, 2.0), x, orders=(n - 1,))


_polynomial("eval_jacobi", "Jacobi's.", _jacobi, 2)
_polynomial("eval_legendre", "Legendre's.", _legendre)
_polynomial(
    "eval_chebyt",
    "Chebyshev's, of the first kind.",
    lambda x, n: float(n) * special("eval_chebyu", x, orders=(n - 1,)),
)
_polynomial("eval_chebyu", "Chebyshev's, of the second kind.", _second)
_polynomial(
    "eval_gegenbauer",
    "Gegenbauer's.",
    lambda a, x, n: 2.0 * a * special("eval_gegenbauer", a + 1.0, x, orders=(n - 1,)),
    1,
)
_polynomial(
    "eval_genlaguerre",
    "Laguerre's, generalised.",
    lambda a, x, n: -special("eval_genlaguerre", a + 1.0, x, orders=(n - 1,)),
    1,
)
_polynomial(
    "eval_laguerre",
    "Laguerre's.",
    lambda x, n: -special("eval_genlaguerre", number(x, 1.0), x, orders=(n - 1,)),
)
_polynomial(
    "eval_hermite",
    "Hermite's, of the physicists.",
    lambda x, n: 2.0 * n * special("eval_hermite", x, orders=(n - 1,)),
)
_polynomial(
    "eval_hermitenorm",
    "Hermite's, of the statisticians.",
    lambda x, n: float(n) * special("eval_hermitenorm", x, orders=(n - 1,)),
)

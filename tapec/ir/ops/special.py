"""Special functions; the interpreter takes their values from SciPy."""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

from tapec.ir.ops.math import exp
from tapec.ir.ops.rules import ANY, POSITIVE, floating, quiet
from tapec.ir.primitive import Evaluate, Primitive, elementwise

_GAUSS = 2.0 / sqrt(pi)


def _scipy(name: str) -> Evaluate:
    """Evaluate by `scipy.special.<name>`, imported at the first call."""

    def evaluate(x: Any) -> Any:
        from scipy import special

        return getattr(special, name)(x)

    return quiet(evaluate)


erf: Primitive = elementwise(
    "erf",
    _scipy("erf"),
    (lambda y, x: _GAUSS * exp(-(x * x)),),
    infer=floating,
    lower="vmath.erf",
    cost=30,
    domain=(ANY,),
    bounded=True,
    doc="Error function.",
)
erfc: Primitive = elementwise(
    "erfc",
    _scipy("erfc"),
    (lambda y, x: -_GAUSS * exp(-(x * x)),),
    infer=floating,
    lower="vmath.erfc",
    cost=40,
    domain=(ANY,),
    bounded=True,
    doc="1 - erf(x) without cancellation.",
)
lgamma: Primitive = elementwise(
    "lgamma",
    _scipy("gammaln"),
    (lambda y, x: digamma(x),),
    infer=floating,
    lower="libm.lgamma",
    cost=60,
    domain=(POSITIVE,),
    analytic=False,
    doc="Logarithm of |gamma(x)|.",
)
digamma: Primitive = elementwise(
    "digamma",
    _scipy("psi"),
    (lambda y, x: polygamma(x, n=1),),
    infer=floating,
    lower="interpreter",
    cost=60,
    domain=(POSITIVE,),
    analytic=False,
    doc="Derivative of lgamma.",
)


def _polygamma(x: Any, *, n: int) -> Any:
    from scipy import special

    return special.polygamma(n, x).astype(x.dtype)


polygamma: Primitive = elementwise(
    "polygamma",
    quiet(_polygamma),
    (lambda y, x, *, n: polygamma(x, n=n + 1),),
    infer=floating,
    lower="interpreter",
    cost=100,
    domain=(POSITIVE,),
    analytic=False,
    doc="The n-th derivative of digamma.",
)

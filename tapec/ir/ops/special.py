"""Special functions; the interpreter takes their values from SciPy."""

from __future__ import annotations

import operator
from collections.abc import Callable
from inspect import Parameter, Signature
from math import factorial, pi, sqrt
from typing import Any

import numpy as np

from tapec.errors import UnsupportedOperation
from tapec.ir.ops.arith import integer_pow, rint
from tapec.ir.ops.logic import select
from tapec.ir.ops.math import tan
from tapec.ir.ops.rules import ANY, POSITIVE, floating, quiet
from tapec.ir.primitive import Evaluate, Primitive, Sample, elementwise
from tapec.ir.tuning import MANY_CONSTANTS

_GAUSS = 2.0 / sqrt(pi)


def by_scipy(name: str) -> Evaluate:
    """Evaluate by `scipy.special.<name>`, imported at the first call."""

    def evaluate(x: Any) -> Any:
        from scipy import special

        return getattr(special, name)(x)

    return quiet(evaluate)


def scipy_with(name: str, constant: str) -> Evaluate:
    """The same for a function whose first argument is an attribute of the op."""

    def evaluate(x: Any, **attrs: Any) -> Any:
        from scipy import special

        return np.asarray(getattr(special, name)(attrs[constant], x)).astype(x.dtype)

    return quiet(evaluate)


def by_constant(function: str, name: str) -> Callable[..., Any]:
    """The public function whose first argument is that attribute: numbers known while tracing."""

    def public(op: Any, first: Any, x: Any) -> Any:
        if not isinstance(first, int | float | list | tuple | np.ndarray | np.number):
            raise UnsupportedOperation(
                f"scipy.special.{function} takes a first argument that is known while tracing",
                hint="pass a number, or name its parameter in static_argnums",
            )
        numbers, places = np.unique(first, return_inverse=True)
        if len(numbers) > MANY_CONSTANTS:
            raise UnsupportedOperation(
                f"scipy.special.{function} of {len(numbers)} different first arguments at once",
                hint=f"use at most {MANY_CONSTANTS} of them in one call",
            )
        x = promoted(function, first, x)
        made = [op(x, **{name: _int_if_whole(n)}) for n in numbers]
        which = places.reshape(np.shape(first))
        return np.select([which == k for k in range(len(made))], made) if which.ndim else made[0]

    named = [Parameter(k, Parameter.POSITIONAL_OR_KEYWORD) for k in ("op", name, "x")]
    public.__signature__ = Signature(named)  # type: ignore[attr-defined]
    return public


def promoted(function: str, first: Any, x: Any) -> Any:
    """x in double precision where SciPy computes in it."""
    from scipy import special

    one = np.ones((), getattr(x, "dtype", float))
    kind = getattr(special, function)(first, one).dtype
    return x if kind == one.dtype else np.multiply(x, np.float64(1.0))


def _int_if_whole(number: Any) -> int | float:
    value = float(number)
    return int(value) if value.is_integer() else value


def _gauss(x: Any, *, factor: float = 1.0) -> Any:
    """The square in pieces: its rounding would be an error of x^2 units in the last place."""
    wide = np.asarray(x).astype(np.float64)
    near = np.where(np.abs(wide) < 64.0, wide, 64.0)
    high = np.rint(near * 4096.0) / 4096.0
    low = near - high
    value = np.exp(-factor * (high * high)) * np.exp(-factor * (low * (near + high)))
    return np.where(np.isnan(wide), wide, value).astype(x.dtype)


def _upper_tail(x: Any) -> Any:
    """erfc, whose tail loses x^2 units in the last place in SciPy."""
    from scipy import special

    if np.iscomplexobj(x):
        return special.erfc(x)
    wide = np.asarray(x).astype(np.float64)
    tail = special.erfcx(np.maximum(wide, 1.0)) * _gauss(wide)
    return np.where(x > 1.0, tail, special.erfc(wide)).astype(x.dtype)


def _lower_tail(x: Any) -> Any:
    """ndtr, likewise."""
    from scipy import special

    if np.iscomplexobj(x):
        return special.ndtr(x)
    wide = np.asarray(x).astype(np.float64)
    tail = 0.5 * special.erfcx(np.maximum(-wide, 1.0) * sqrt(0.5)) * _gauss(wide, factor=0.5)
    return np.where(x < -1.0, tail, special.ndtr(wide)).astype(x.dtype)


gauss: Primitive = elementwise(
    "gauss",
    quiet(_gauss),
    (lambda y, x, *, factor=1.0: -2.0 * factor * x * y,),
    infer=floating,
    lower="rule",
    cost=24,
    domain=(ANY,),
    bounded=True,
    analytic=False,
    samples=tuple(Sample(attrs={"factor": f}) for f in (1.0, 0.5)),
    doc="exp(-factor x^2), for a factor that is a power of two, with all digits in the tails.",
)
ndtr: Primitive = elementwise(
    "ndtr",
    quiet(_lower_tail),
    (lambda y, x: (1.0 / sqrt(2.0 * pi)) * gauss(x, factor=0.5),),
    infer=floating,
    lower="rule",
    public={"ndtr": None},
    cost=42,
    domain=(ANY,),
    bounded=True,
    analytic=False,
    doc="The distribution function of the normal distribution.",
)
erf: Primitive = elementwise(
    "erf",
    by_scipy("erf"),
    (lambda y, x: _GAUSS * gauss(x, factor=1.0),),
    infer=floating,
    public={"erf": None},
    lower="vmath.erf",
    cost=30,
    domain=(ANY,),
    bounded=True,
    doc="Error function.",
)
erfc: Primitive = elementwise(
    "erfc",
    quiet(_upper_tail),
    (lambda y, x: -_GAUSS * gauss(x, factor=1.0),),
    infer=floating,
    public={"erfc": None},
    lower="vmath.erfc",
    cost=40,
    domain=(ANY,),
    bounded=True,
    doc="1 - erf(x) without cancellation.",
)
lgamma: Primitive = elementwise(
    "lgamma",
    by_scipy("gammaln"),
    (lambda y, x: digamma(x),),
    infer=floating,
    public={"gammaln": None},
    lower="libm.lgamma",
    cost=60,
    domain=(POSITIVE,),
    analytic=False,
    doc="Logarithm of |gamma(x)|.",
)
gamma: Primitive = elementwise(
    "gamma",
    by_scipy("gamma"),
    (lambda y, x: y * digamma(x),),
    infer=floating,
    public={"gamma": None},
    lower="libm.tgamma",
    cost=60,
    domain=(POSITIVE,),
    analytic=False,
    doc="The gamma function.",
)
digamma: Primitive = elementwise(
    "digamma",
    by_scipy("psi"),
    (lambda y, x: polygamma(x, n=1),),
    infer=floating,
    public={"psi": None, "digamma": None},
    lower="vmath.digamma",
    cost=60,
    domain=(POSITIVE,),
    analytic=False,
    doc="Derivative of lgamma.",
)


# --- the derivatives of digamma ------------------------------------------------------------------

# B_2j / (2j)!, from B_2 on: the corrections of Euler and Maclaurin.
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
_SHIFT = 12  # terms of the sum that are added before the rest is taken by its integral


def _polygamma(x: Any, *, n: int) -> Any:
    from scipy import special

    return special.polygamma(n, x).astype(x.dtype)


def _hurwitz(x: Any, s: int) -> Any:
    """zeta(s, x) for x > 0: the sum of (x + k)^-s (Johansson, arXiv:1309.2877, section 2)."""
    z = x + float(_SHIFT)
    square, power = 1.0 / (z * z), integer_pow(z, n=-s)
    rest, factor = integer_pow(z, n=1 - s) * (1.0 / (s - 1)) + power * 0.5, power * (float(s) / z)
    for j, bernoulli in enumerate(BERNOULLI, 1):
        rest = rest + factor * (bernoulli / factorial(2 * j))
        factor = factor * square * float((s + 2 * j - 1) * (s + 2 * j))
    for k in reversed(range(_SHIFT)):
        rest = rest + integer_pow(x + float(k), n=-s)
    return rest


def _cotangent(x: Any, n: int) -> Any:
    """The n-th derivative of cot(pi x) by pi x: a polynomial in it, since cot' = -1 - cot^2.

    Its terms are of one parity and one sign, so that nothing cancels, poles included.
    """
    terms = {1: 1}
    for _ in range(n):
        slopes = [(k - 1, k * a) for k, a in terms.items() if k]
        terms = {}
        for k, a in slopes:
            terms[k] = terms.get(k, 0) - a
            terms[k + 2] = terms.get(k + 2, 0) - a
    c = 1.0 / tan(pi * (x - rint(x)))
    square, powers = c * c, sorted(terms, reverse=True)
    value: Any = float(terms[powers[0]])
    for k in powers[1:]:
        value = square * value + float(terms[k])
    return value * c if powers[-1] else value


def _polygamma_formula(x: Any, *, n: int) -> Any:
    """(-1)^(n+1) n! zeta(n + 1, x), reflected where x is not positive (DLMF 5.15.1, 5.15.6)."""
    if n == 0:
        return digamma(x)
    right = x > 0.0
    sign = -1.0 if n % 2 == 0 else 1.0
    value = _hurwitz(select(right, x, 1.0 - x), n + 1) * (sign * factorial(n))
    mirrored = -sign * value - pi ** (n + 1) * _cotangent(x, n)
    return select(right, value, mirrored)


def _public_polygamma(op: Any, n: Any, x: Any) -> Any:
    """SciPy's is in double precision, whatever x is in."""
    return op(np.multiply(x, np.float64(1.0)), n=operator.index(n))


polygamma: Primitive = elementwise(
    "polygamma",
    quiet(_polygamma),
    (lambda y, x, *, n: polygamma(x, n=n + 1),),
    infer=floating,
    expand=_polygamma_formula,
    public={"polygamma": _public_polygamma},
    samples=tuple(Sample(attrs={"n": n}) for n in range(3)),
    cost=100,
    domain=(POSITIVE,),
    analytic=False,
    doc="The n-th derivative of digamma, from the first on.",
)

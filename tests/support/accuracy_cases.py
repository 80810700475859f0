"""The functions whose accuracy is stated, each with its reference, its points and its bounds.

A reference takes and gives mpmath numbers; the derivatives are taken of it. `regions` are intervals
of the first operand, sampled evenly, or by magnitude where they span more than three decades.
`others` are values of the second operand. Bounds are in units in the last place of the result:
of the value, the first and the second derivative; `floor` is the size below which a result counts
as that size, where digits are lost to a zero of the result that is no zero of the formula.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import numpy as np
from scipy import special, stats

Region = tuple[float, float]
INF = float("inf")


# Where more is lost than 4, 6 and 8 ulp: squares in exponents, powers by products.
BOUNDS: dict[str, tuple[float, float, float]] = {
    "power": (8.0, 8.0, 8.0),
    "hypot": (4.0, 6.0, 300.0),
    "linalg.norm": (4.0, 6.0, 400.0),
    "digamma": (30.0, 8.0, 8.0),
    "gammaln": (4.0, 30.0, 8.0),
    "gamma": (8.0, 40.0, 8.0),
    "erfc": (8.0, 6.0, 8.0),
    "log_ndtr": (8.0, 8.0, 1000.0),  # the second derivative cancels far on the left
    "sinc": (16.0, 8.0, 16.0),
    "logit": (4.0, 8.0, 20.0),
    "logsumexp": (4.0, 800.0, 800.0),
    "betaln": (20.0, 20.0, 20.0),
    "gamma.logpdf": (8.0, 8.0, 8.0),
    "beta.logpdf": (8.0, 8.0, 8.0),
    "t.logpdf": (30.0, 8.0, 16.0),
    "cauchy.logpdf": (4.0, 6.0, 16.0),
}
# The result crosses zero where its terms do not.
FLOORS: dict[str, tuple[float, float, float]] = {
    "sinc": (0.1, 1.0, 10.0),
    "expit": (0.0, 0.0, 0.25),
    "logaddexp": (0.0, 0.0, 0.25),
    "log_expit": (0.0, 0.0, 0.25),
    "digamma": (1.0, 0.0, 0.0),
    "gammaln": (1.0, 1.0, 0.0),
    "gamma": (0.0, 1.0, 1.0),
    "entr": (0.0, 1.0, 0.0),
    "rel_entr": (0.0, 1.0, 0.0),
    "betaln": (1.0, 1.0, 1.0),
    "norm.pdf": (0.0, 0.0, 0.25),
    "ndtr": (0.0, 0.0, 1e-3),
    "logistic.logpdf": (1.0, 1.0, 0.0),
    "gamma.logpdf": (1.0, 1.0, 0.0),
    "beta.logpdf": (1.0, 10.0, 0.0),
    "t.logpdf": (0.0, 1.0, 1.0),
    "cauchy.logpdf": (0.0, 0.0, 1.0),
    "logsumexp": (0.0, 0.0, 1.0),
}


@dataclass(frozen=True)
class Accuracy:
    """One function of one operand, or of two with the second (or first) one fixed."""

    name: str
    function: Callable[..., Any]
    reference: Callable[..., Any]
    regions: tuple[Region, ...]
    others: tuple[float, ...] = ()
    swapped: bool = False
    # Bits of the reference: far more where derivatives are far smaller than values.
    precision: int = 3200

    @property
    def bounds(self) -> tuple[float, float, float]:
        """Ulp of the value, the first and the second derivative."""
        return BOUNDS.get(self.name, (4.0, 6.0, 8.0))

    @property
    def floors(self) -> tuple[float, float, float]:
        """Sizes that results count as, at least."""
        return FLOORS.get(self.name, (0.0, 0.0, 0.0))

    def calls(self) -> Iterator[tuple[str, Callable[[Any], Any], Callable[[Any], Any]]]:
        """(label, function, reference) of one operand each."""
        f, reference = self.function, self.reference
        if not self.others:
            yield self.name, f, reference
        for c in self.others:
            if self.swapped:
                yield f"{self.name}({c:g}, x)", _first(f, c), _first(reference, mp.mpf(c))
            else:
                yield f"{self.name}(x, {c:g})", _second(f, c), _second(reference, mp.mpf(c))


def _first(f: Callable[..., Any], c: Any) -> Callable[[Any], Any]:
    return lambda x: f(c, x)


def _second(f: Callable[..., Any], c: Any) -> Callable[[Any], Any]:
    return lambda x: f(x, c)


ALL = ((-1e300, -1e-300), (-4.0, 4.0), (1e-300, 1e300))
WIDE = ((-1e70, -1e-70), (-4.0, 4.0), (1e-70, 1e70))
POSITIVE = ((1e-300, 1e300), (0.5, 2.0), (1.0, 50.0))
MODERATE = ((-1e5, -1e-300), (-7.0, 7.0), (1e-300, 1e5))
UNIT = ((-1 + 1e-15, -1e-300), (1e-300, 1 - 1e-15), (-1.0 + 1e-3, 1.0 - 1e-3))


def _log_ndtr(x: Any) -> Any:
    return mp.log(mp.erfc(-x / mp.sqrt(2)) / 2)


def _log_beta(a: Any, b: Any) -> Any:
    return mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)


def _sinc(x: Any) -> Any:
    return mp.sin(mp.pi * x) / (mp.pi * x) if x else mp.mpf(1)


def _log_t(x: Any, df: Any) -> Any:
    half = (df + 1) / 2
    constant = mp.loggamma(half) - mp.loggamma(df / 2) - mp.log(df * mp.pi) / 2
    return constant - half * mp.log1p(x * x / df)


def _log_gamma_density(x: Any, a: Any) -> Any:
    return (a - 1) * mp.log(x) - x - mp.loggamma(a)


def _log_beta_density(x: Any, a: Any) -> Any:
    return (a - 1) * mp.log(x) + 2 * mp.log1p(-x) - _log_beta(a, mp.mpf(3))


def _lse(*terms: Any) -> Any:
    return mp.log(mp.fsum(mp.exp(t) for t in terms))


def _stack(*parts: Any) -> Any:
    return np.stack(np.broadcast_arrays(*parts))


def _radius(a: Any, b: Any) -> Any:
    return mp.sqrt(a * a + b * b)


def _norm(x: Any, c: Any) -> Any:
    return np.linalg.norm(_stack(x, c), axis=0)


CASES = (
    Accuracy("exp", np.exp, mp.exp, ((-745.0, 709.7), (-1.0, 1.0), (1e-300, 1.0))),
    Accuracy("exp2", np.exp2, lambda x: mp.mpf(2) ** x, ((-1074.0, 1023.9), (-1.0, 1.0))),
    Accuracy("expm1", np.expm1, mp.expm1, ((-740.0, 709.7), (-1.0, 1.0), (1e-300, 1.0))),
    Accuracy("log", np.log, mp.log, POSITIVE),
    Accuracy("log2", np.log2, lambda x: mp.log(x, 2), POSITIVE),
    Accuracy("log10", np.log10, mp.log10, POSITIVE),
    Accuracy("log1p", np.log1p, mp.log1p, ((-1 + 1e-15, -1e-300), (1e-300, 1e300), (-0.9, 3.0))),
    Accuracy("sqrt", np.sqrt, mp.sqrt, POSITIVE),
    Accuracy("cbrt", np.cbrt, lambda x: mp.sign(x) * mp.cbrt(abs(x)), ((1e-300, 1e300), (-8.0, -0.1))),
    Accuracy("square", np.square, lambda x: x * x, ((1e-150, 1e150), (-4.0, 4.0))),
    Accuracy("reciprocal", np.reciprocal, lambda x: 1 / x, ((1e-100, 1e100), (-4.0, -0.1))),
    Accuracy("sin", np.sin, mp.sin, MODERATE),
    Accuracy("cos", np.cos, mp.cos, MODERATE),
    Accuracy("tan", np.tan, mp.tan, MODERATE),
    Accuracy("sinc", np.sinc, _sinc, ((-30.0, -0.5), (-0.5, 0.5), (1e-300, 0.5), (0.4, 0.6))),
    Accuracy("arcsin", np.arcsin, mp.asin, UNIT),
    Accuracy("arccos", np.arccos, mp.acos, UNIT),
    Accuracy("arctan", np.arctan, mp.atan, ((1e-300, 1e100), (-4.0, 4.0))),
    Accuracy("sinh", np.sinh, mp.sinh, ((-700.0, 700.0), (1e-300, 1.0), (-1.0, 1.0))),
    Accuracy("cosh", np.cosh, mp.cosh, ((-700.0, 700.0), (1e-300, 1.0), (-1.0, 1.0))),
    Accuracy("tanh", np.tanh, mp.tanh, ((-350.0, 350.0), (1e-300, 1.0), (-3.0, 3.0))),
    Accuracy("arcsinh", np.arcsinh, mp.asinh, ((1e-300, 1e100), (-4.0, 4.0), (-1e200, -1e100))),
    Accuracy("arccosh", np.arccosh, mp.acosh, ((1.0 + 1e-14, 1.5), (1.5, 1e100))),
    Accuracy("arctanh", np.arctanh, mp.atanh, UNIT),
    Accuracy("hypot", np.hypot, _radius, ((-4.0, 4.0),), others=(1.0,)),
    Accuracy("hypot", np.hypot, _radius, ((1e-101, 1e-99),), others=(1e-100,)),
    Accuracy("hypot", np.hypot, _radius, ((1e99, 1e101),), others=(1e100,)),
    Accuracy("arctan2", np.arctan2, mp.atan2, WIDE, others=(1.0, 1e-70, 1e70, -2.0)),
    Accuracy("arctan2", np.arctan2, mp.atan2, WIDE, others=(1.0, 1e-70, 1e70, -2.0), swapped=True),
    Accuracy("power", np.power, mp.power, ((1e-30, 1e30), (0.5, 3.0)), others=(0.5, 2.0, -1.5, 3.7, 10.0)),
    Accuracy("power", np.power, mp.power, ((-20.0, 20.0),), others=(0.5, 3.7, 1e-5), swapped=True),
    Accuracy("logaddexp", np.logaddexp, _lse, ((-700.0, 700.0), (-3.0, 3.0)), others=(0.0, 5.0, -300.0)),
    Accuracy(
        "logaddexp2", np.logaddexp2, lambda a, b: mp.log(mp.mpf(2) ** a + mp.mpf(2) ** b, 2),
        ((-700.0, 700.0), (-3.0, 3.0)), others=(0.0, 5.0),
    ),
    Accuracy("erf", special.erf, mp.erf, ((-5.9, 5.9), (1e-300, 1.0), (-26.0, -5.0))),
    Accuracy("erfc", special.erfc, mp.erfc, ((-5.0, 26.0), (1e-300, 1.0))),
    Accuracy("gammaln", special.gammaln, lambda x: mp.re(mp.loggamma(x)), ((1e-300, 1e50), (0.1, 12.0), (-5.9, -5.1)), precision=700),
    Accuracy("gamma", special.gamma, mp.gamma, ((1e-50, 1.0), (0.1, 12.0), (10.0, 170.0), (-5.9, -5.1)), precision=700),
    Accuracy("digamma", special.digamma, mp.digamma, ((1e-50, 1e20), (0.1, 12.0), (-5.9, -5.6)), precision=700),
    Accuracy("expit", special.expit, lambda x: 1 / (1 + mp.exp(-x)), ((-700.0, 700.0), (-4.0, 4.0), (1e-300, 1.0))),
    Accuracy("log_expit", special.log_expit, lambda x: -mp.log1p(mp.exp(-x)), ((-700.0, 700.0), (-4.0, 4.0))),
    Accuracy("logit", special.logit, lambda x: mp.log(x / (1 - x)), ((1e-300, 0.5), (0.01, 0.99), (0.5, 1 - 1e-15))),
    Accuracy("ndtr", special.ndtr, lambda x: mp.erfc(-x / mp.sqrt(2)) / 2, ((-37.0, 37.0), (-1.0, 1.0))),
    Accuracy("log_ndtr", special.log_ndtr, _log_ndtr, ((-11.0, 11.0), (-1000.0, -9.0), (-1.0, 1.0), (1.0, 37.0))),
    Accuracy("entr", special.entr, lambda x: -x * mp.log(x), ((1e-150, 1e150), (0.1, 3.0))),
    Accuracy("xlogy", special.xlogy, lambda x, y: x * mp.log(y), ALL, others=(2.0, 1e-5)),
    Accuracy("xlogy", special.xlogy, lambda x, y: x * mp.log(y), POSITIVE, others=(2.0, -1e-5), swapped=True),
    Accuracy("xlog1py", special.xlog1py, lambda x, y: x * mp.log1p(y), ALL, others=(2.0, -0.5, 1e-20)),
    Accuracy("xlog1py", special.xlog1py, lambda x, y: x * mp.log1p(y), ((-0.99, 5.0), (1e-300, 1e100)), others=(2.0,), swapped=True),
    Accuracy("rel_entr", special.rel_entr, lambda x, y: x * mp.log(x / y), ((1e-100, 1e100), (0.1, 3.0)), others=(1.0, 1e-5)),
    Accuracy("betaln", special.betaln, _log_beta, ((1e-10, 1e15), (0.1, 30.0), (9.0, 11.0)), others=(0.5, 3.0, 12.0, 1e8), precision=700),
    Accuracy("norm.logpdf", lambda x: stats.norm.logpdf(x), lambda x: -x * x / 2 - mp.log(2 * mp.pi) / 2, ((-1e100, -1e-100), (-5.0, 5.0))),
    Accuracy("norm.pdf", lambda x: stats.norm.pdf(x), lambda x: mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi), ((-38.0, 38.0), (-1.0, 1.0))),
    Accuracy("cauchy.logpdf", lambda x: stats.cauchy.logpdf(x), lambda x: -mp.log(mp.pi) - mp.log1p(x * x), ((1e-100, 1e100), (-5.0, 5.0))),
    Accuracy("laplace.logpdf", lambda x: stats.laplace.logpdf(x), lambda x: -abs(x) - mp.log(2), ((1e-100, 1e100), (-5.0, -0.1))),
    Accuracy("logistic.logpdf", lambda x: stats.logistic.logpdf(x), lambda x: -x - 2 * mp.log1p(mp.exp(-x)), ((-700.0, 700.0), (-5.0, 5.0))),
    Accuracy("expon.logpdf", lambda x: stats.expon.logpdf(x), lambda x: -x, ((1e-100, 1e100),)),
    Accuracy("gamma.logpdf", lambda x, a: stats.gamma.logpdf(x, a), _log_gamma_density, ((1e-100, 1e10), (0.1, 30.0)), others=(0.5, 3.0, 1e6), precision=700),
    Accuracy("beta.logpdf", lambda x, a: stats.beta.logpdf(x, a, 3.0), _log_beta_density, ((1e-100, 0.5), (0.01, 0.99), (0.5, 1 - 1e-15)), others=(0.5, 3.0), precision=700),
    Accuracy("t.logpdf", lambda x, df: stats.t.logpdf(x, df), _log_t, ((1e-100, 1e100), (-5.0, 5.0)), others=(1.0, 4.5, 1e10), precision=700),
    Accuracy(
        "logsumexp", lambda x, c: special.logsumexp(_stack(x, c, 0.5), axis=0),
        lambda x, c: _lse(x, c, mp.mpf(0.5)), ((-700.0, 700.0), (-3.0, 3.0)), others=(0.0, 100.0),
    ),
    Accuracy("linalg.norm", _norm, _radius, ((-4.0, 4.0),), others=(1.0,)),
    Accuracy("linalg.norm", _norm, _radius, ((1e-101, 1e-99),), others=(1e-100,)),
)  # fmt: skip

SPECIAL = np.array(
    [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -2.0, -0.5, 1e-300, 1.7e308, -1.7e308, INF, -INF, np.nan]
    + [1e200, -1e200, 1e-200, 710.0, -746.0, 1 + 2**-52, 1 - 2**-53]
)
# Points where SciPy's own value is no guide: it overflows or underflows on the way, or is less exact.
UNLIKE = {
    "gammaln": (-INF,),
    "betaln": (-1.7e308, -1e200, -INF, INF, 710.0, -2.0, -1.0, -0.5, -746.0, 0.0, -0.0),
    "laplace.logpdf": (1.7e308, -1.7e308, 1e200, -1e200, 710.0, -746.0),
    "logistic.logpdf": (-1.7e308,),
    "gamma.logpdf": (INF,),
    "t.logpdf": (1.7e308, -1.7e308, 1e200, -1e200),
}

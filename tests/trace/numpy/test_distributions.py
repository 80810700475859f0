"""scipy.stats in traced code: values are SciPy's, derivatives those of differences, natively.

The functions that have no translation are refused, with the user's line.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import special, stats
from support.sampling import sampled, sampled_tuples

import tapec
from tapec.errors import TapecError, UnsupportedOperation
from tapec.tools.differences import ridders

CONTINUOUS: dict[str, tuple[float, ...]] = {
    "norm": (), "t": (4.5,), "gamma": (2.3,), "beta": (2.3, 0.7), "expon": (), "lognorm": (0.8,),
    "uniform": (), "cauchy": (), "laplace": (), "logistic": (), "chi2": (3.5,), "f": (5.0, 7.0),
    "weibull_min": (1.7,), "weibull_max": (1.7,), "pareto": (2.5,), "gumbel_r": (), "gumbel_l": (),
    "invgamma": (3.2,), "invgauss": (0.7,), "halfnorm": (), "halfcauchy": (), "rayleigh": (),
    "maxwell": (), "truncnorm": (-1.0, 2.0), "vonmises": (1.5,), "skewnorm": (1.2,),
    "genextreme": (0.2,), "genpareto": (0.3,), "triang": (0.4,), "loguniform": (0.1, 4.0),
    "powerlaw": (1.7,), "exponnorm": (1.1,), "burr": (2.5, 1.3), "burr12": (2.5, 1.3),
    "fisk": (2.2,), "dweibull": (1.6,), "dgamma": (1.6,), "gennorm": (1.7,), "loggamma": (1.4,),
    "levy": (), "moyal": (), "laplace_asymmetric": (1.3,), "johnsonsu": (0.5, 1.2),
    "johnsonsb": (0.5, 1.2), "chi": (2.5,), "exponweib": (1.4, 1.2), "genlogistic": (1.3,),
    "gengamma": (1.3, 1.2), "gompertz": (0.9,), "rice": (0.8,), "nakagami": (1.3,), "hypsecant": (), "arcsine": (), "betaprime": (2.0, 3.0), "foldnorm": (0.9,),
    "nct": (4.5, 0.7), "ncx2": (3.5, 1.2), "ncf": (5.0, 7.0, 0.6), "pearson3": (0.8,),
    "wald": (), "lomax": (2.2,), "geninvgauss": (1.3, 0.9), "genhyperbolic": (0.5, 1.5, -0.5),
    "cosine": (), "foldcauchy": (1.7,), "recipinvgauss": (0.6,), "argus": (1.2,),
    "norminvgauss": (1.5, 0.4), "landau": (),
}  # fmt: skip
DISCRETE: dict[str, tuple[float, ...]] = {
    "bernoulli": (0.3,), "binom": (7, 0.3), "poisson": (2.3,), "nbinom": (3.5, 0.4),
    "geom": (0.3,), "hypergeom": (20, 7, 12), "betabinom": (7, 1.3, 2.1), "zipf": (2.5,),
    "skellam": (2.0, 1.5), "randint": (2, 9), "dlaplace": (0.8,), "logser": (0.6,),
    "yulesimon": (2.5,), "planck": (0.5,), "boltzmann": (1.4, 9),
}  # fmt: skip
FUNCTIONS = ("cdf", "sf", "logcdf", "logsf", "ppf", "isf")
CASES = [
    *((n, f) for n in CONTINUOUS for f in ("logpdf", "pdf", *FUNCTIONS)),
    *((n, f) for n in DISCRETE for f in ("logpmf", "pmf", *FUNCTIONS)),
]
# What SciPy computes by quadrature, or in compiled code of its own.
REFUSED = {
    *((name, f) for name in ("geninvgauss", "genhyperbolic", "norminvgauss") for f in FUNCTIONS),
    *(("landau", f) for f in ("pdf", "logpdf", *FUNCTIONS)),
} - {("norminvgauss", "sf")}
KNOWN = [case for case in CASES if case not in REFUSED]


def parameters(name: str) -> list[Any]:
    return [*CONTINUOUS[name], 0.25, 1.3] if name in CONTINUOUS else [*DISCRETE[name], 1]


def points(name: str, function: str) -> Any:
    """Some of the support, some outside, and no numbers."""
    if function in ("ppf", "isf"):
        return np.array([0.0, 0.1, 0.45, 0.8, 1.0, np.nan, 1.5])
    if name in DISCRETE:
        return np.array([-3.0, 0.0, 1.0, 2.0, 3.0, 4.0, 40.0, np.nan])
    inner = getattr(stats, name)(*parameters(name)).ppf([0.02, 0.3, 0.6, 0.95])
    return np.concatenate([inner, [-100.0, 30.0, np.nan]])


def frozen_of(name: str) -> list[int]:
    """The parameters that are integers: no derivative by them."""
    return [k for k, p in enumerate(parameters(name)) if isinstance(p, int)]


@pytest.mark.parametrize(("name", "function"), sampled_tuples(KNOWN, 46))
def test_values_are_those_of_scipy(name: str, function: str) -> None:
    x, given = points(name, function), parameters(name)
    whole = {k: given[k] for k in frozen_of(name)}

    def f(x: Any, *rest: Any) -> Any:
        free = iter(rest)
        args = [whole[k] if k in whole else next(free) for k in range(len(given))]
        return getattr(getattr(stats, name), function)(x, *args)

    free = [p for k, p in enumerate(given) if k not in whole]
    with np.errstate(all="ignore"):
        want = f(x, *free)
    kernel = tapec.compile(f)
    np.testing.assert_allclose(kernel(x, *free), want, rtol=2e-9, atol=1e-14)
    assert "backend: native" in str(kernel.explain(x, *free))


@pytest.mark.parametrize(("name", "function"), sampled_tuples(KNOWN, 74))
def test_derivatives_are_differences(name: str, function: str) -> None:
    x, given = points(name, function), parameters(name)
    inner = x[1:4] if function in ("ppf", "isf") else x[2:6] if name in DISCRETE else x[:4]
    chosen = [k for k in range(len(given)) if k not in frozen_of(name)]
    moves = np.linspace(0.5, 1.0, len(chosen) + 1)

    def along(t: Any) -> Any:
        args = [p + t * moves[chosen.index(k)] if k in chosen else p for k, p in enumerate(given)]
        at = inner if name in DISCRETE else inner + 0.3 * t
        return np.sum(getattr(getattr(stats, name), function)(at, *args))

    if name in DISCRETE and function in ("ppf", "isf"):
        assert tapec.grad(along)(0.0) == 0.0
        return
    if name in ("uniform", "loguniform", "triang", "arcsine", "randint") or not np.isfinite(
        along(0.0)
    ):
        return  # points meet the ends of the support
    want, spread = ridders(lambda t: float(along(t)), step=0.02)[:2]
    np.testing.assert_allclose(tapec.grad(along)(0.0), want, rtol=1e-6, atol=1e-7 + 10 * spread)
    tangent = tapec.jvp(along, (0.0,), (1.0,))[1]
    np.testing.assert_allclose(tangent, tapec.grad(along)(0.0), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("name", "function"), sampled_tuples(sorted(REFUSED), 12))
def test_what_has_no_rule_is_refused(name: str, function: str) -> None:
    given = parameters(name)
    with pytest.raises(TapecError, match=r"test_distributions\.py"):
        tapec.compile(lambda x: getattr(getattr(stats, name), function)(x, *given))(np.array([0.4]))


def test_outside_of_the_support_derivatives_are_zero() -> None:
    for f in (stats.gamma.logpdf, stats.gamma.pdf, stats.gamma.cdf, stats.gamma.logsf):
        g = tapec.grad(lambda x, a, s, f=f: f(x, a, scale=s), (0, 1, 2))
        assert g(-1.0, 2.0, 1.5) == (0.0, 0.0, 0.0)
    total = tapec.grad(lambda s: np.sum(stats.expon.logpdf(np.array([-1.0, 2.0]), scale=s)[1:]))
    assert total(2.0) == pytest.approx(0.0)
    invalid = tapec.value_and_grad(lambda s: stats.norm.logpdf(0.3, 0.0, s))(-1.0)
    assert np.isnan(invalid[0])
    assert invalid[1] == 0.0


def test_arguments_are_read_as_scipy_reads_them() -> None:
    x = np.linspace(0.1, 3.0, 6)
    for f in (
        lambda x, a: stats.gamma.logpdf(x, a),
        lambda x, a: stats.gamma.logpdf(x, a=a, scale=2.0),
        lambda x, a: stats.gamma.logpdf(x, a, 0.05, a),
        lambda x, a: stats.gamma.logpdf(x=x, a=a),
        lambda x, a: stats.gamma(a, scale=1.5).logpdf(x),
        lambda x, a: stats.gamma(a, scale=1.5).interval(0.9)[1] * x,
        lambda x, a: stats.norm(a).ppf(0.3) * x,
        lambda x, a: stats.norm.cdf(x[:, None], a * x, 2.0),
    ):
        np.testing.assert_allclose(tapec.compile(f)(x, 1.7), f(x, 1.7), rtol=1e-12)
    with pytest.raises(TypeError, match="gamma: parameters are a, loc, scale"):
        tapec.compile(lambda a: stats.gamma.logpdf(1.0, a, shape=2.0))(1.5)
    with pytest.raises(TypeError, match="gamma: missing a"):
        tapec.compile(lambda x: stats.gamma.logpdf(x))(1.5)


def test_distributions_made_outside() -> None:
    made = {
        "prior": stats.norm(0.3, 1.7),
        "joint": stats.multivariate_normal(np.zeros(2), np.eye(2)),
    }
    kernel = tapec.compile(lambda x: np.sum(made["prior"].logpdf(x)) + made["joint"].logpdf(x))
    x = np.array([0.4, -1.0])
    want = lambda: np.sum(made["prior"].logpdf(x)) + made["joint"].logpdf(x)  # noqa: E731
    np.testing.assert_allclose(kernel(x), want(), rtol=1e-14)
    made["prior"] = stats.norm(1.0, 0.5)
    np.testing.assert_allclose(kernel(x), want(), rtol=1e-14)


def test_random_numbers_are_refused() -> None:
    with pytest.raises(UnsupportedOperation, match=r"norm\.rvs has no translation"):
        tapec.compile(lambda s: stats.norm.rvs(scale=s))(1.0)


class Wedge(stats.rv_continuous):
    """A distribution of the user's."""

    def _pdf(self, x: Any, c: Any) -> Any:
        return (1.0 + c * x) / (1.0 + 0.5 * c)

    def _cdf(self, x: Any, c: Any) -> Any:
        return (x + 0.5 * c * x * x) / (1.0 + 0.5 * c)


def test_classes_of_the_users() -> None:
    wedge = Wedge(a=0.0, b=1.0, name="wedge", shapes="c")
    x = np.array([-0.5, 0.2, 0.9, 1.5])
    for name in ("pdf", "logpdf", "cdf", "sf"):
        f = lambda x, c, name=name: getattr(wedge, name)(x, c)  # noqa: E731
        np.testing.assert_allclose(tapec.compile(f)(x, 0.7), f(x, 0.7), rtol=1e-14)
    slope = tapec.grad(lambda c: wedge.logpdf(0.9, c))(0.7)
    assert slope == pytest.approx(0.9 / 1.63 - 0.5 / 1.35)


# --- of parameters, several variables, samples ---------------------------------------------------

RNG = np.random.default_rng(8)
BASE = RNG.normal(size=(2, 3, 3))
COV, OTHER = (b @ b.T + 2.0 * np.eye(3) for b in BASE)
ROWS, CENTER = RNG.normal(size=(5, 3)), RNG.normal(size=3)
SAMPLE = np.abs(RNG.normal(size=(7, 2))) + 0.2
SHARES = np.array([0.2, 0.5, 0.3])

PROGRAMS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "gamma mean": (lambda a: stats.gamma.mean(a, scale=2.0), (2.2,)),
    "gamma var": (lambda a: stats.gamma.var(a, scale=2.0), (2.2,)),
    "t std": (lambda df: stats.t.std(df), (5.2,)),
    "weibull mean": (lambda c: stats.weibull_min.mean(c), (1.7,)),
    "beta entropy": (lambda a: stats.beta.entropy(a, 2.0), (2.2,)),
    "norm entropy": (lambda s: stats.norm.entropy(scale=s), (2.2,)),
    "lognorm median": (lambda s: stats.lognorm.median(s, scale=2.0), (0.7,)),
    "gamma stats": (lambda a: stats.gamma.stats(a, scale=2.0)[1], (2.2,)),
    "frozen stats": (lambda a: stats.gamma(a, scale=2.0).stats("sk")[0], (2.2,)),
    "pareto var": (lambda b: stats.pareto.var(b), (2.7,)),
    "loguniform mean": (lambda b: stats.loguniform.mean(0.3, b), (2.7,)),
    "nct std": (lambda df, nc: stats.nct.std(df, nc), (4.7, 0.3)),
    "ncf mean": (lambda a, nc: stats.ncf.mean(a, 5.0, nc), (4.7, 0.3)),
    "nbinom var": (lambda p: stats.nbinom.var(3.5, p), (0.3,)),
    "gompertz entropy": (lambda c: stats.gompertz.entropy(c), (1.3,)),
    "skewnorm median": (lambda a: stats.skewnorm.median(a, 0.3, 2.0), (1.3,)),
    "vonmises interval": (lambda k: stats.vonmises(k).interval(0.9)[1], (1.3,)),
    "uniform support": (lambda s: stats.uniform.support(1.0, s)[1], (0.7,)),
    "poisson moments": (lambda m: stats.poisson.mean(m) * stats.poisson.std(m), (0.7,)),
    "multivariate_normal": (stats.multivariate_normal.logpdf, (ROWS, CENTER, COV)),
    "multivariate_normal pdf": (
        lambda x, m, c: stats.multivariate_normal(m, c).pdf(x), (ROWS[0], CENTER, COV),
    ),
    "multivariate_normal diagonal": (
        lambda x, v: stats.multivariate_normal.logpdf(x, CENTER, v), (ROWS, SHARES),
    ),
    "multivariate_t": (stats.multivariate_t.logpdf, (ROWS, CENTER, COV, 4.5)),
    "dirichlet": (lambda a: stats.dirichlet.logpdf(SHARES, a), (np.array([1.5, 2.0, 0.7]),)),
    "wishart": (stats.wishart.logpdf, (OTHER, 5.5, COV)),
    "invwishart": (stats.invwishart.logpdf, (OTHER, 5.5, COV)),
    "matrix_normal": (stats.matrix_normal.logpdf, (BASE[0], BASE[1], COV, OTHER)),
    "zscore": (lambda a: stats.zscore(a, axis=1, ddof=1), (SAMPLE,)),
    "skew": (lambda a: stats.skew(a, bias=False), (SAMPLE,)),
    "kurtosis": (lambda a: stats.kurtosis(a, bias=False, axis=None), (SAMPLE,)),
    "moment": (lambda a: stats.moment(a, 3), (SAMPLE,)),
    "sem": (lambda a: stats.sem(a), (SAMPLE,)),
    "gmean": (lambda a: stats.gmean(a), (SAMPLE,)),
    "hmean": (lambda a: stats.hmean(a), (SAMPLE,)),
    "pmean": (lambda a: stats.pmean(a, 2.5), (SAMPLE,)),
    "variation": (lambda a: stats.variation(a), (SAMPLE,)),
    "iqr": (lambda a: stats.iqr(a, axis=0), (SAMPLE,)),
    "trim_mean": (lambda a: stats.trim_mean(a, 0.2), (SAMPLE,)),
    "entropy": (lambda a: stats.entropy(a, base=2.0), (SAMPLE,)),
    "relative entropy": (lambda a: stats.entropy(a[:, 0], a[:, 1]), (SAMPLE,)),
    "pearsonr": (lambda a: stats.pearsonr(a[:, 0], a[:, 1])[0], (SAMPLE,)),
    "pearsonr probability": (lambda a: stats.pearsonr(a[:, 0], a[:, 1]).pvalue, (SAMPLE,)),
}  # fmt: skip


@pytest.mark.parametrize("name", sampled(PROGRAMS, 10))
def test_other_programs(name: str) -> None:
    f, args = PROGRAMS[name]
    kernel = tapec.compile(lambda *a: f(*a))
    got, want = kernel(*args), f(*args)
    assert np.shape(got) == np.shape(want)
    np.testing.assert_allclose(got, want, rtol=1e-11)
    assert "backend: native" in str(kernel.explain(*args))
    ds = [0.1 * RNG.normal(size=np.shape(a)) for a in args]
    ds = [d + d.T if np.shape(d) == (3, 3) else d for d in ds]

    def along(t: Any) -> Any:
        return np.sum(f(*(a + t * d for a, d in zip(args, ds, strict=True))))

    want = ridders(lambda t: float(along(t)), step=0.05)[0]
    np.testing.assert_allclose(tapec.grad(along)(0.0), want, rtol=1e-7, atol=1e-9)


def test_counts_of_several_kinds() -> None:
    f = lambda p: stats.multinomial.logpmf([3, 2, 1], 6, p)  # noqa: E731
    np.testing.assert_allclose(tapec.compile(f)(SHARES), f(SHARES), rtol=1e-13)
    assert np.isneginf(tapec.compile(lambda p: stats.multinomial.logpmf([3, 2, 2], 6, p))(SHARES))
    slope = tapec.grad(f)(SHARES)
    np.testing.assert_allclose(slope, [3 / 0.2 - 1 / 0.3, 2 / 0.5 - 1 / 0.3, 0.0], rtol=1e-12)


def test_other_functions_of_several_variables_are_refused() -> None:
    with pytest.raises(UnsupportedOperation, match=r"multivariate_normal\.cdf has no translation"):
        tapec.compile(lambda x: stats.multivariate_normal.cdf(x, np.zeros(3), np.eye(3)))(CENTER)


def test_the_page_of_special_functions_runs() -> None:
    page = (Path(__file__).parents[3] / "docs" / "special.md").read_text()
    names: dict[str, Any] = {}
    exec(page.split("```python\n")[1].split("```")[0], names)
    by_shape = ridders(lambda a: float(special.gammainc(2.5 + a, 3.0)), step=0.1)[0]
    assert names["slopes"][0] == pytest.approx(by_shape, rel=1e-9)
    curve = ridders(lambda t: tapec.grad(special.betainc)(1.5 + t, 2.0, 0.3), step=0.1)[0]
    assert names["hessian"] == pytest.approx(curve, rel=1e-9)

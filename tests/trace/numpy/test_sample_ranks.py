"""Ranks, fits and distances that were refused, against SciPy, with ties and without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import signal, stats
from scipy.spatial import distance

import tapec

RNG = np.random.default_rng(11)
CASES: dict[str, Callable[[Any, Any], Any]] = {
    "spearmanr": lambda x, y: stats.spearmanr(x, y),
    "correlation": lambda x, y: stats.spearmanr(x, y).correlation,
    "spearmanr of variables": lambda x, y: (
        stats.spearmanr(np.outer(x, y)[:, :3] + y[:, None]).statistic
    ),
    "kendalltau": lambda x, y: stats.kendalltau(x, y),
    "rows": lambda x, y: stats.rankdata(np.outer(x, x), axis=1),
    **{
        method: lambda x, y, m=method: stats.rankdata(x, method=m)
        for method in ("average", "min", "max", "dense", "ordinal")
    },
    "norm": lambda x, y: stats.norm.fit(x),
    "norm at 0": lambda x, y: stats.norm.fit(x, floc=0.0),
    "expon": lambda x, y: stats.expon.fit(x),
    "laplace": lambda x, y: stats.laplace.fit(x),
    "hausdorff": lambda x, y: distance.directed_hausdorff(x[:, None], y[:, None])[0],
    "points": lambda x, y: distance.num_obs_dm(np.abs(x[:, None] - x)),
}


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("size", [7, 40])
@pytest.mark.parametrize("name", CASES)
def test_as_scipy(name: str, size: int, ties: bool) -> None:
    f, x = CASES[name], RNG.random(size)
    y = RNG.random(size) + x
    if ties:
        x, y = np.round(x, 1), np.round(y, 1)
    got, want = tapec.compile(f, backend="numpy")(x, y), f(x, y)
    pairs = zip(got, want, strict=True) if isinstance(want, tuple) else [(got, want)]
    for mine, theirs in pairs:
        np.testing.assert_allclose(mine, theirs, rtol=1e-11, atol=1e-13)
        assert np.asarray(mine).dtype == np.asarray(theirs).dtype


def test_hausdorff_names_the_points() -> None:
    x, y = RNG.random((5, 2)), RNG.random((4, 2))
    f = lambda x, y: distance.directed_hausdorff(x, y)  # noqa: E731
    assert tapec.compile(f, backend="numpy")(x, y)[1:] == f(x, y)[1:]


def test_slopes() -> None:
    x, y = RNG.random(6), RNG.random(6)
    assert not tapec.grad(lambda x: stats.kendalltau(x, y)[0] + stats.spearmanr(x, y)[1])(x).any()
    found = tapec.grad(lambda x: stats.norm.fit(x)[1])(x)
    np.testing.assert_allclose(found, (x - x.mean()) / (6 * x.std()), rtol=1e-12)


@pytest.mark.parametrize(
    ("f", "cure"),
    [
        (lambda x: stats.gamma.fit(x)[0], r"-np.sum\(logpdf"),
        (lambda x: stats.norm.expect(lambda z: z, loc=x[0]), "quad"),
        (lambda x: stats.kappa4.pdf(0.5, x[0], x[1]), "write its formula"),
        (lambda x: stats.levy_stable.pdf(x, 1.5, 0.2), "characteristic function"),
        (lambda x: signal.butter(2, 0.3 * x[0], output="sos"), "output='ba'"),
        (lambda x: np.arange(0.0, x[0], 0.1), r"step \* np.arange\(n\)"),
    ],
)
def test_refusals_say_what_to_do(f: Any, cure: str) -> None:
    with pytest.raises(tapec.TapecError, match=cure):
        tapec.compile(f)(np.array([0.4, 0.6]))

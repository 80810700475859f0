"""Random programs with loops, branches, sparse derivatives and libraries, exported: the C program
prints the bits of Python."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import exported
from support.random_control import program
from support.sampling import sampled

import tapec

pytestmark = exported.needs_compiler
Step = Callable[[Any], Any]


@pytest.mark.parametrize("seed", sampled(range(60), 40))
def test_the_same_bits(seed: int, tmp_path: Path) -> None:
    _, f = program(seed)
    x = np.random.default_rng(seed).normal(size=4)
    exported.check(tmp_path, tapec.compile(f), (x,), ["value", "grad"])


def steps(rng: np.random.Generator, n: int) -> list[Step]:
    """Functions from n * n numbers to as many: plain ones, and calls of BLAS and LAPACK."""
    w, places = rng.normal(size=(n, n)) / n, rng.permutation(n * n)
    shift = 2.0 * np.eye(n)

    def square(y: Any) -> Any:
        return np.reshape(y, (n, n))

    def near_identity(y: Any) -> Any:
        return shift + np.tanh(square(y)) / n

    def symmetric(y: Any) -> Any:
        return near_identity(y) + near_identity(y).T

    def written(y: Any) -> Any:
        z = y * 1.0
        z[1:] -= 0.5 * y[:-1] ** 2
        return z

    def stepwise(y: Any) -> Any:
        z = np.zeros(n * n)
        for k in tapec.rolled(range(1, n * n)):
            z[k] = y[k] * y[k - 1] + 0.5 * z[k - 1]
        return z

    return [
        lambda y: np.sin(y) * np.roll(y, 1),
        lambda y: y[places] * y + 1.0,
        lambda y: np.where(y > 0.2, y, y**2),
        written,
        stepwise,
        lambda y: w @ square(y),
        lambda y: square(y) @ square(y).T,
        lambda y: np.linalg.solve(near_identity(y), w),
        lambda y: np.linalg.inv(near_identity(y)),
        lambda y: np.linalg.cholesky(symmetric(y)),
        lambda y: np.linalg.eigh(symmetric(y))[0] * w,
        lambda y: np.linalg.slogdet(near_identity(y))[1] * square(y),
        lambda y: np.linalg.qr(near_identity(y))[1],
    ]


def chain(seed: int, n: int, local: bool) -> Step:
    """Some of them, one after the other; `local`: the plain ones, whose derivatives are sparse."""
    rng = np.random.default_rng(seed)
    given = steps(rng, n)
    given = given[:5] if local else given
    chosen = [given[k] for k in rng.integers(0, len(given), rng.integers(1, 4))]

    def f(x: Any) -> Any:
        for step in chosen:
            x = np.reshape(step(x), (-1,))
        return x

    return f


@pytest.mark.parametrize("seed", sampled(range(60), 60))
def test_sparse_derivatives(seed: int, tmp_path: Path) -> None:
    f = chain(seed, 4, local=True)
    x = np.random.default_rng(seed).uniform(0.1, 0.9, 16)
    exported.check(tmp_path / "jac", tapec.compile(f), (x,), ["value", "jac"], sparse=True)

    def total(x: Any) -> Any:
        return np.sum(f(x) ** 2)

    of = ["value", "grad", "hess", "lower_hess"]
    exported.check(tmp_path / "hess", tapec.compile(total), (x,), of, sparse=True)


@pytest.mark.parametrize("seed", sampled(range(60), 60))
def test_products_with_second_derivatives(seed: int, tmp_path: Path) -> None:
    f = chain(seed, 3, local=False)
    x = np.random.default_rng(seed).uniform(0.1, 0.9, 9)
    exported.check(tmp_path / "f", tapec.compile(f), (x,), ["value", "jac", "vjp"])

    def total(x: Any) -> Any:
        return np.sum(f(x) ** 2)

    of = ["value", "grad", "hess", "hvp"]
    exported.check(tmp_path / "total", tapec.compile(total), (x,), of)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_matrices_that_libraries_multiply(seed: int, tmp_path: Path) -> None:
    f = chain(1000 + seed, 40, local=False)
    x = np.random.default_rng(seed).uniform(0.1, 0.9, 1600)
    exported.check(
        tmp_path, tapec.compile(lambda x: np.sum(f(x) ** 2)), (x,), ["value", "grad", "hvp"]
    )

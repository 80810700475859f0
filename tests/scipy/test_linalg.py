"""Factors of scipy.linalg that LAPACK finds by a call: values, derivatives, refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import linalg
from support.sampling import sampled
from support.scipy_cases import check, differences

import tapec
from tapec.errors import NonDifferentiableError, UnsupportedOperation

RNG = np.random.default_rng(5)
A, B, C = RNG.normal(size=(3, 4, 4))
ROTATING = A - 2.0 * A.T  # some eigenvalues are conjugate
UPRIGHT = A @ np.diag([1.0, 2.0, 3.0, 4.0]) @ np.linalg.inv(A)  # all are real
TALL, WIDE = RNG.normal(size=(5, 3)), RNG.normal(size=(3, 5))
SPD = B @ B.T + np.eye(4)
Z = RNG.normal(size=(2, 3))

CASES: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "schur": (lambda a: np.concatenate(linalg.schur(a)), ROTATING),
    "schur of five": (lambda a: np.concatenate(linalg.schur(a)), RNG.normal(size=(5, 5))),
    "schur real": (lambda a: np.concatenate(linalg.schur(a)), UPRIGHT),
    "schur sorted": (lambda a: linalg.schur(a, sort="lhp")[0], ROTATING),
    "schur complex": (lambda a: np.abs(linalg.schur(a, "complex")[0]), ROTATING),
    "schur of complex": (lambda a: np.abs(linalg.schur(a + 1j * B)[0]), A),
    "rsf2csf": (lambda a: np.abs(linalg.rsf2csf(*linalg.schur(a))[0]), ROTATING),
    "hessenberg": (lambda a: np.concatenate(linalg.hessenberg(a, calc_q=True)), A),
    "hessenberg of five": (lambda a: linalg.hessenberg(a), RNG.normal(size=(5, 5))),
    "hessenberg of one": (lambda a: linalg.hessenberg(a), [[2.0]]),
    "hessenberg of two": (lambda a: linalg.hessenberg(a, calc_q=True)[1] @ a, A[:2, :2]),
    "ldl": (lambda a: np.concatenate(linalg.ldl(a)[:2]), A + A.T),
    "ldl of one side": (lambda a: np.concatenate(linalg.ldl(a, lower=False)[:2]), A),
    "ldl order": (lambda a: a[linalg.ldl(a)[2]], A + A.T),
    "matrix_balance": (lambda a: np.concatenate(linalg.matrix_balance(a)), A * 10.0 ** np.arange(4)),
    "matrix_balance parts": (
        lambda a: linalg.matrix_balance(a, separate=True)[0] ** 2, A * 9.0 ** np.arange(4),
    ),
    "qr pivoting": (lambda a: linalg.qr(a, mode="economic", pivoting=True)[1], TALL),
    "qr pivoting factors": (lambda a: np.concatenate(linalg.qr(a, pivoting=True)[:2]), A),
    "qr pivoting order": (lambda a: a[:, linalg.qr(a, mode="r", pivoting=True)[1]], TALL),
    "qr_multiply": (lambda a: linalg.qr_multiply(a, C[:2])[0], A),
    "qr_multiply left": (lambda a: np.concatenate(linalg.qr_multiply(a, C, "left")), A),
    "qr_multiply vector": (lambda a: linalg.qr_multiply(a, Z[0], "left")[0], TALL),
    "qr_multiply pivoting": (lambda a: linalg.qr_multiply(a, C, pivoting=True)[1], A),
    "rq": (lambda a: np.concatenate(linalg.rq(a)), A),
    "rq wide": (lambda a: linalg.rq(a, mode="economic")[0], WIDE),
    "rq r": (lambda a: linalg.rq(a, mode="r"), A),
    "orth": (lambda a: (lambda q: q @ q.T)(linalg.orth(a)), TALL),
    "null_space": (lambda a: (lambda q: q @ q.T)(linalg.null_space(a)), WIDE),
    "funm": (lambda a: linalg.funm(a, lambda x: np.exp(-0.5 * x)), UPRIGHT),
    "fractional power": (lambda a: linalg.fractional_matrix_power(a, 0.3), SPD),
    "whole power": (lambda a: linalg.fractional_matrix_power(a, -2), SPD),
    "traced power": (lambda t: linalg.fractional_matrix_power(SPD, t), 0.7),
    "expm_cond": (lambda a: linalg.expm_cond(a), 0.5 * A),
    "stack": (lambda a: linalg.schur(np.stack([a, a.T]))[0], ROTATING),
}  # fmt: skip


@pytest.mark.parametrize("name", sampled(CASES, 12))
def test_values_and_derivatives(name: str) -> None:
    f, x = CASES[name]
    check(f, np.asarray(x), step=1e-4, tolerance=2e-6)


VALUES: dict[str, Callable[[Any], Any]] = {
    "qz": lambda a: np.concatenate(linalg.qz(a, B)),
    "qz complex": lambda a: np.abs(np.concatenate(linalg.qz(a, B, output="complex"))),
    "ordqz": lambda a: np.concatenate([np.ravel(abs(r)) for r in linalg.ordqz(a, B, "ouc")]),
    "cossin": lambda a: np.concatenate(linalg.cossin(np.linalg.qr(a)[0], 2, 2)),
    "cossin parts": lambda a: linalg.cossin(np.linalg.qr(a)[0], 2, 2, separate=True)[1],
}


@pytest.mark.parametrize("name", VALUES)
def test_values_without_derivatives(name: str) -> None:
    f = VALUES[name]
    np.testing.assert_allclose(tapec.compile(f)(ROTATING), f(ROTATING), rtol=1e-12, atol=1e-12)
    with pytest.raises(NonDifferentiableError, match=r"scipy.linalg.* has no derivative rule"):
        tapec.grad(lambda a: np.sum(f(a)))(ROTATING)


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("kind", [1, 2, 3])
def test_pairs_read_the_same_triangle_of_both(kind: int, lower: bool) -> None:
    """Elements of the other triangles may be anything, and have derivative 0."""
    rest = 0.3 * (np.triu(C, 1) if lower else np.tril(C, -1))
    a, b = A + A.T + rest, SPD + rest
    weights = C + 2.0

    def f(a: Any, b: Any) -> Any:
        values, vectors = linalg.eigh(a, b, lower=lower, type=kind)
        return np.sum(weights * vectors**2) + np.sum(weights[0] * values)

    for k, of_one in enumerate([lambda x: f(x, b), lambda x: f(a, x)]):
        slope = tapec.grad(f, argnums=k)(a, b)
        np.testing.assert_allclose(slope, differences(of_one, (a, b)[k]), rtol=1e-6, atol=1e-6)
        assert np.all(slope[rest != 0.0] == 0.0)


def test_rank_that_is_not_full_is_an_error() -> None:
    singular = np.array([[1.0, 2.0], [2.0, 4.0]])
    for f in (linalg.null_space, linalg.orth):
        with pytest.raises(UnsupportedOperation, match="the rank is less than 2") as caught:
            tapec.compile(lambda a, f=f: f(a))(singular)
        assert caught.value.where is not None


@pytest.mark.parametrize("f", [linalg.qr_update, linalg.qr_insert])
def test_updates_are_refused(f: Callable[..., Any]) -> None:
    with pytest.raises(UnsupportedOperation, match=f"scipy.linalg.{f.__name__}"):
        tapec.compile(lambda q, r: f(q, r, np.ones(4), np.ones(4)))(A, B)


def test_reduced_hessenberg_form_has_no_derivative() -> None:
    """An element 0 on the subdiagonal leaves the vectors undetermined: NaN, not a number."""
    a = np.triu(A)
    slope = tapec.grad(lambda a: np.sum(C * linalg.hessenberg(a, calc_q=True)[1]))(a)
    assert np.isnan(slope).any()


def test_vectors_of_repeated_eigenvalues_have_no_derivative() -> None:
    slope = tapec.grad(lambda a: np.sum(C * linalg.schur(a)[1]))(np.triu(A, 1) + np.eye(4))
    assert np.isnan(slope).any()

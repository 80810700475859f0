"""Linear algebra of NumPy and SciPy: values, derivatives of both orders and modes, stacks, lanes.

Values are theirs, first derivatives those of differences of values, second ones of differences of
gradients; results that are not unique (signs of vectors) enter through what is unique of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import linalg
from support.results import parts, weighted
from support.sampling import sampled

import tapec

Array = np.ndarray[Any, Any]
RNG = np.random.default_rng(41)
A, B, TALL, WIDE = (RNG.standard_normal(s) for s in ((4, 4), (4, 2), (6, 3), (3, 5)))
S = A @ A.T / 3 + 2 * np.eye(4)
STACK = RNG.standard_normal((2, 3, 3)) + 3 * np.eye(3)
V, W = B[:, 0], np.array([1.0, -2.0, 0.5, 0.3, 2.0])
BANDS = RNG.standard_normal((4, 5)) + np.array([[0.0], [0], [9], [0]])
HALF = np.abs(RNG.standard_normal((2, 5))) + np.array([[0.0], [5.0]])
SMALL = 0.3 * A


def gram(factor: Any) -> Any:
    """What does not change with the signs of columns."""
    return factor @ np.swapaxes(factor, -1, -2)


def projector(x: Any) -> Any:
    q, r = linalg.qr(x, mode="economic")
    return gram(q), np.abs(np.diagonal(r))


def of_pair(a: Any, b: Any, kind: int, lower: bool) -> Any:
    w, v = linalg.eigh(a, b, type=kind, lower=lower)
    return w, v[:, :, None] * v[:, None, :]


CASES: dict[str, tuple[Callable[..., Any], tuple[Array, ...]]] = {
    # NumPy
    "svdvals": (np.linalg.svdvals, (TALL,)),
    "eigvalsh": (np.linalg.eigvalsh, (S,)),
    "eigvalsh of a stack, upper": (lambda a: np.linalg.eigvalsh(a, "U"), (STACK,)),
    "lstsq": (lambda a, b: np.linalg.lstsq(a, b)[:2], (TALL, RNG.standard_normal((6, 2)))),
    "lstsq, one side": (lambda a, b: np.linalg.lstsq(a, b)[0], (TALL, RNG.standard_normal(6))),
    "lstsq, wide": (lambda a, b: np.linalg.lstsq(a, b)[0], (WIDE, np.ones(3))),
    "pinv": (np.linalg.pinv, (TALL,)),
    "pinv, wide stack": (np.linalg.pinv, (RNG.standard_normal((2, 2, 3)),)),
    "pinv, rtol": (lambda a: np.linalg.pinv(a, rtol=1e-3), (A,)),
    "matrix_rank": (lambda a: np.linalg.matrix_rank(a) * a, (TALL,)),
    "matrix_rank, tol": (lambda a: np.linalg.matrix_rank(a, tol=0.9) * a[:, 0, 0], (STACK,)),
    "cond": (np.linalg.cond, (TALL,)),
    "cond -2": (lambda a: np.linalg.cond(a, -2), (STACK,)),
    **{f"cond {p}": (lambda a, p=p: np.linalg.cond(a, p), (A,)) for p in ("fro", "nuc", 1, -1, np.inf)},
    **{f"norm {p}": (lambda a, p=p: np.linalg.norm(a, p), (WIDE,))
       for p in (None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)},
    **{f"norm of vectors {p}": (lambda a, p=p: np.linalg.norm(a, p, axis=1), (WIDE,))
       for p in (None, 1, 2, 3, 0.5, -1, -2, np.inf, -np.inf, 0)},
    "norm over two axes": (lambda a: np.linalg.norm(a, 2, axis=(2, 0), keepdims=True), (STACK,)),
    "matrix_norm": (lambda a: np.linalg.matrix_norm(a, ord="nuc", keepdims=True), (STACK,)),
    "vector_norm": (lambda a: np.linalg.vector_norm(a, axis=(0, 2), ord=3), (STACK,)),
    "matrix_power": (lambda a: np.linalg.matrix_power(a, 5), (SMALL,)),
    "matrix_power -2": (lambda a: np.linalg.matrix_power(a, -2), (STACK,)),
    "multi_dot": (lambda a, b, c: np.linalg.multi_dot([a, b, c, a]), (A, B, B.T)),
    "tensorsolve": (lambda a, b: np.linalg.tensorsolve(a.reshape(2, 2, 4), b), (A, B.reshape(2, 4)[:, :2])),
    # SciPy: systems
    "solve": (linalg.solve, (A, V)),
    **{f"solve {kind}": (lambda a, b, kind=kind: linalg.solve(a, b, assume_a=kind), (S, B))
       for kind in (None, "gen", "general", "sym", "symmetric", "her", "pos", "diagonal", "tridiagonal",
                    "upper triangular", "lower triangular", "banded")},
    **{f"solve {kind}, lower": (lambda a, b, kind=kind: linalg.solve(a, b, True, assume_a=kind), (S, V))
       for kind in ("sym", "pos")},
    "solve, transposed": (lambda a, b: linalg.solve(a, b, transposed=True), (A, B)),
    "solve, stacks": (linalg.solve, (STACK, RNG.standard_normal((2, 3, 1)))),
    "solve, one side for all": (linalg.solve, (STACK, W[:3])),
    "inv": (linalg.inv, (A,)),
    "det": (linalg.det, (STACK,)),
    **{f"solve_triangular {k}": (
        lambda a, b, k=k: linalg.solve_triangular(a, b, trans=k % 3, lower=k > 2, unit_diagonal=k % 2 == 0),
        (S, (V, B)[k % 2])) for k in range(6)},
    "solve_banded": (lambda ab, b: linalg.solve_banded((1, 2), ab, b), (BANDS, W)),
    "solve_banded, columns": (lambda ab, b: linalg.solve_banded((2, 1), ab[::-1], b), (BANDS, B[[0, 1, 2, 3, 0]])),
    "solveh_banded": (linalg.solveh_banded, (HALF, W)),
    "solveh_banded, lower": (lambda ab, b: linalg.solveh_banded(ab, b, lower=True), (HALF[::-1].copy(), W)),
    "cholesky_banded": (linalg.cholesky_banded, (HALF,)),
    "cholesky_banded, lower": (lambda ab: linalg.cholesky_banded(ab, lower=True), (HALF[::-1].copy(),)),
    "solve_toeplitz": (lambda c, r, b: linalg.solve_toeplitz((c, r), b), (W + 3, W[::-1] * 0.4, W)),
    "solve_toeplitz, symmetric": (linalg.solve_toeplitz, (np.array([4.0, 1, 0.5, 0.2]), B)),
    # SciPy: factors
    "cholesky": (linalg.cholesky, (S,)),
    "cholesky, lower": (lambda a: linalg.cholesky(a, lower=True), (S,)),
    "cho_factor": (lambda a: linalg.cho_factor(a)[0], (S,)),
    **{f"cho_solve {k}": (lambda a, b, k=k: linalg.cho_solve(linalg.cho_factor(a, lower=k), b), (S, B))
       for k in (True, False)},
    "lu": (linalg.lu, (A,)),
    "lu, tall": (lambda a: linalg.lu(a, permute_l=True), (TALL,)),
    "lu, wide": (lambda a: linalg.lu(a, p_indices=True)[1:], (WIDE,)),
    "lu, stack": (linalg.lu, (STACK[:, ::-1],)),
    "lu_factor": (linalg.lu_factor, (A,)),
    **{f"lu_solve {k}": (lambda a, b, k=k: linalg.lu_solve(linalg.lu_factor(a), b, trans=k), (A, (V, B)[k]))
       for k in (0, 1)},
    "lu_solve of a factor outside": (lambda b: linalg.lu_solve(linalg.lu_factor(A), b), (B,)),
    "qr": (projector, (TALL,)),
    "qr, r": (lambda a: np.abs(linalg.qr(a, mode="r")[0]), (TALL,)),
    "svd": (lambda a: linalg.svd(a, full_matrices=False)[1], (WIDE,)),
    "svd without vectors": (lambda a: linalg.svd(a, compute_uv=False), (STACK,)),
    "scipy's svdvals": (linalg.svdvals, (TALL,)),
    "scipy's pinv": (lambda a: linalg.pinv(a, return_rank=True)[0], (TALL,)),
    "scipy's lstsq": (lambda a, b: linalg.lstsq(a, b)[:2], (TALL, np.arange(6.0) ** 2)),
    "scipy's norm": (lambda a: linalg.norm(a, "nuc"), (TALL,)),
    "eigh": (lambda a: gram(linalg.eigh(a)[1][:, :2]), (S,)),
    "eigh, values": (lambda a: linalg.eigh(a, eigvals_only=True, subset_by_index=[1, 2]), (S,)),
    "eigh, upper": (lambda a: linalg.eigvalsh(a, lower=False), (S + np.tril(A, -1),)),
    **{f"eigh of a pair {k}": (lambda a, b, k=k: of_pair(a, b, k, k != 2), (A + A.T, S)) for k in (1, 2, 3)},
    # SciPy: functions, equations, patterns
    "expm": (linalg.expm, (A,)),
    "expm of a stack": (linalg.expm, (STACK - 3 * np.eye(3),)),
    "logm": (linalg.logm, (S,)),
    "sqrtm": (linalg.sqrtm, (S + 0.2 * A,)),
    "solve_sylvester": (linalg.solve_sylvester, (S, STACK[0], np.ones((4, 3)))),
    "solve_continuous_lyapunov": (linalg.solve_continuous_lyapunov, (S, A)),
    "solve_discrete_lyapunov": (linalg.solve_discrete_lyapunov, (SMALL, S)),
    "solve_discrete_lyapunov, bilinear": (
        lambda a, q: linalg.solve_discrete_lyapunov(a, q, method="bilinear"), (SMALL, S)),
    "block_diag": (lambda a, b: linalg.block_diag(a, b, 2.0, a[0]), (A, B)),
    "toeplitz": (linalg.toeplitz, (V, W)),
    "toeplitz of one": (linalg.toeplitz, (V,)),
    "circulant": (linalg.circulant, (WIDE,)),
    "hankel": (linalg.hankel, (V, W)),
}  # fmt: skip
# A count of elements, which differences do not show.
INTEGER = {"norm of vectors 0"}


def close(got: Any, want: Any, tolerance: float) -> None:
    got, want = np.asarray(got), np.asarray(want)
    scale = max(1.0, float(np.abs(want).max(initial=0.0)))
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance * scale)


@pytest.mark.parametrize("name", CASES)
def test_values(name: str) -> None:
    f, operands = CASES[name]
    kernel = tapec.compile(f)
    got, want = parts(kernel(*operands)), parts(f(*operands))
    for x, y in zip(got, want, strict=True):
        assert (x.shape, x.dtype.kind) == (y.shape, y.dtype.kind)
        close(x, y, 2e-11)
    assert "backend: native" in str(kernel.explain(*operands))


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_single_precision(name: str) -> None:
    f, operands = CASES[name]
    single = tuple(x.astype("f4") for x in operands)
    for x, y in zip(parts(tapec.compile(f)(*single)), parts(f(*single)), strict=True):
        assert x.dtype == y.dtype
        close(x, y, 2e-3)


def differences(name: str, order: int) -> None:
    f, operands = CASES[name]
    g, numbers, h = weighted(f), tuple(range(len(operands))), 1e-6
    rng = np.random.default_rng(1)
    ds = tuple(0.1 * rng.standard_normal(x.shape) for x in operands)

    def at(t: float) -> tuple[Array, ...]:
        return tuple(x + t * d for x, d in zip(operands, ds, strict=True))

    slope = (g(*at(h)) - g(*at(-h))) / (2 * h)
    gradient = tapec.grad(g, numbers)
    found = sum(np.sum(p * d) for p, d in zip(gradient(*operands), ds, strict=True))
    close(found, slope, 2e-6)
    if order == 1:
        return
    close(tapec.jvp(g, operands, ds)[1], found, 1e-9)
    moved = tapec.jvp(lambda *x: gradient(*x), operands, ds)[1]
    h = 1e-5
    for got, low, high in zip(moved, gradient(*at(-h)), gradient(*at(h)), strict=True):
        close(got, (high - low) / (2 * h), 1e-5)


@pytest.mark.parametrize("name", sampled((n for n in CASES if n not in INTEGER), 8))
def test_gradients_are_differences(name: str) -> None:
    differences(name, 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", sampled((n for n in CASES if n not in INTEGER), 2))
def test_derivatives_of_both_orders(name: str) -> None:
    differences(name, 2)


@pytest.mark.parametrize("name", sampled(CASES, 12))
def test_many_at_once(name: str) -> None:
    f, operands = CASES[name]
    stacks = [np.stack([x, 1.01 * x, 0.99 * x]) for x in operands]
    for g in (f, tapec.grad(weighted(f), tuple(range(len(operands))))):
        got = parts(tapec.vmap(g)(*stacks))
        want = [parts(g(*row)) for row in zip(*stacks, strict=True)]
        for k, part in enumerate(got):
            close(part, [row[k] for row in want], 1e-9)


ZERO, ONE = np.zeros((3, 3)), np.eye(3)
# What raises there raises the same here, or a kind of it; also what is infinite.
EDGES: dict[str, tuple[Callable[..., Any], Array]] = {
    "singular": (lambda a: linalg.solve(a, np.ones(3)), ZERO),
    "singular triangle": (lambda a: linalg.solve_triangular(a, np.ones(3)), ZERO),
    "singular bands": (lambda a: linalg.solve_banded((1, 1), a, np.ones(3)), ZERO),
    "not positive": (lambda a: linalg.solve(a, np.ones(3), assume_a="pos"), -ONE),
    "factor of what is not positive": (linalg.cho_factor, -ONE),
    "bands that are not positive": (lambda a: linalg.solveh_banded(a, np.ones(3)), -ONE[:2]),
    "factor of such bands": (linalg.cholesky_banded, -ONE[:2]),
    "rows that do not fit": (lambda a: linalg.solve(a, np.ones(4)), ONE),
    "no such structure": (lambda a: linalg.solve(a, np.ones(3), assume_a="round"), ONE),
    "no square": (linalg.inv, ONE[:2]),
    "exponential of a row": (linalg.expm, np.ones(3)),
    "exponential of a number": (linalg.expm, np.array(2.0)),
    "no such mode": (lambda a: linalg.qr(a, mode="whole"), ONE),
    "no such norm": (lambda a: np.linalg.norm(a, 3), ONE),
    "no norm of vectors": (lambda a: np.linalg.norm(a, "nuc"), np.ones(3)),
    "no common eigenvalue allowed": (lambda a: linalg.solve_sylvester(a, -a, ONE), ONE),
    "rows of least squares": (lambda a: np.linalg.lstsq(a, np.ones(4)), ONE),
    "infinite condition": (lambda a: np.array([np.linalg.cond(a, p) for p in (None, 2, 1, "fro")]), ZERO),
    "rank of a vector": (np.linalg.matrix_rank, np.ones(3)),
    "lower triangle": (lambda a: np.linalg.pinv(a, hermitian=True), S + np.triu(A, 1)),
    "integers": (lambda a: linalg.toeplitz(a, a[::-1]), np.arange(3)),
    "one by one": (lambda a: linalg.lu(a), np.array([[2.0]])),
    "nothing": (lambda a: linalg.solve(a, np.zeros((0, 2))), np.zeros((0, 0))),
    "caught": (lambda a: solved_or_zero(a), ZERO),
}  # fmt: skip


def solved_or_zero(a: Any) -> Any:
    try:
        return linalg.solve(a, np.ones(3))
    except np.linalg.LinAlgError:
        return np.zeros(3)


def outcome(f: Callable[..., Any], a: Array) -> Any:
    try:
        return parts(f(a))
    except (ValueError, ArithmeticError) as error:
        return error


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", EDGES)
def test_edges_are_those_of_numpy_and_scipy(name: str) -> None:
    f, a = EDGES[name]
    got, want = outcome(tapec.compile(f), a), outcome(f, a)
    if isinstance(want, Exception):
        assert isinstance(got, type(want))
        return
    for x, y in zip(got, want, strict=True):
        assert (x.dtype, x.shape) == (y.dtype, y.shape)
        np.testing.assert_allclose(x, y, rtol=1e-12)


@pytest.mark.parametrize("f", [linalg.sqrtm, linalg.logm])
def test_what_would_be_complex_is_refused(f: Callable[..., Any]) -> None:
    with pytest.raises(np.linalg.LinAlgError, match="complex"):
        tapec.compile(f)(np.diag([1.0, -1.0]))


def test_derivatives_at_repeated_singular_values() -> None:
    np.testing.assert_allclose(tapec.grad(lambda a: np.linalg.norm(a, "nuc"))(ONE), ONE, atol=1e-14)
    np.testing.assert_allclose(
        tapec.grad(lambda a: np.sum(np.linalg.pinv(a)))(ONE), -np.ones((3, 3))
    )


@pytest.mark.parametrize("f", [linalg.expm, linalg.sqrtm])
def test_hessians_are_native(f: Callable[..., Any]) -> None:
    a = S[:3, :3]
    hessian = tapec.hessian(lambda a: np.sum(f(a) ** 2))
    assert "backend: native" in str(hessian.explain(a))

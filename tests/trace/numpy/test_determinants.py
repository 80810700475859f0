"""Determinants of matrices of any rank: gradients are cofactors, in stacks and at second order."""

from __future__ import annotations

import numpy as np
import pytest

import tapec


def cofactors(a):
    n = len(a)
    if n == 1:
        return np.ones((1, 1))
    minors = [
        [np.linalg.det(np.delete(np.delete(a, i, 0), j, 1)) for j in range(n)] for i in range(n)
    ]
    return np.array(minors) * (-1.0) ** np.add.outer(np.arange(n), np.arange(n))


def of_rank(n, rank, seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, rank)) @ rng.normal(size=(rank, n))


def matrices(n):
    lowest = 0 if n <= 8 else n - 1
    yield from ((f"rank {r}", of_rank(n, r, n + r)) for r in range(lowest, n + 1))
    yield "nearly singular", np.diag([1.0] * (n - 1) + [1e-13])
    yield "zero in the middle", np.diag([0.0 if k == n // 2 else 1.0 + k for k in range(n)])
    yield "equal rows", np.vstack([np.arange(1.0, n + 1)] * min(n, 2) + [*np.eye(n)[min(n, 2) :]])
    yield "tiny", of_rank(n, n - 1 or 1, n) * 1e-20
    yield "huge", of_rank(n, n - 1 or 1, n) * 1e10


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 8, 9, 12])
def test_gradient_is_the_matrix_of_cofactors(n):
    rev = tapec.jacobian(np.linalg.det, mode="rev")
    fwd = tapec.jacobian(np.linalg.det, mode="fwd")
    for name, a in matrices(n):
        want = cofactors(a)
        bound = 1e-9 * max(np.abs(want).max(), np.abs(a).max() ** (n - 1) * 1e-6)
        for slope in (rev, fwd):
            np.testing.assert_allclose(slope(a), want, rtol=0, atol=bound, err_msg=name)


@pytest.mark.parametrize("n", [2, 4, 5, 7, 9])
def test_second_derivatives_at_singular_matrices(n):
    hvp = tapec.jvp
    gradient = tapec.grad(np.linalg.det)
    for name, a in matrices(n):
        if name in ("tiny", "huge"):
            continue
        t = np.random.default_rng(0).normal(size=(n, n))
        h = 1e-4
        step = [(cofactors(a + k * h * t) - cofactors(a - k * h * t)) / (2 * k * h) for k in (1, 2)]
        want = (4 * step[0] - step[1]) / 3
        got = hvp(gradient, (a,), (t,))[1]
        np.testing.assert_allclose(
            got, want, rtol=0, atol=1e-6 * (1 + np.abs(want).max()), err_msg=name
        )


@pytest.mark.parametrize("backend", ["llvm", "numpy"])
@pytest.mark.parametrize(("n", "dtype"), [(5, "f8"), (9, "f8"), (6, "f4")])
def test_stacks(n, dtype, backend):
    stack = np.array([of_rank(n, n, 1), of_rank(n, n - 1, 2), of_rank(n, n, 3)]).astype(dtype)
    f = tapec.compile(lambda a: np.sum(np.linalg.det(a)), backend=backend)
    want = np.array([cofactors(a.astype(float)) for a in stack])
    tolerance = 1e-9 if dtype == "f8" else 2e-3
    got = f.grad(stack)
    assert got.dtype == stack.dtype
    np.testing.assert_allclose(got, want, rtol=0, atol=tolerance * np.abs(want).max())

# mypy: disable-error-code="no-any-return, import-untyped"
"""Log-likelihood of a Gaussian mixture with a Wishart prior, as in ADBench and GradBench.

Srajer, Kukelova, Fitzgibbon, A benchmark of selected algorithmic differentiation tools,
Optimization Methods and Software 33 (2018). The inverse covariance of component k is Q^T Q with
Q = diag(exp(q_k)) + strictly lower triangular part, packed column by column into ``icf``.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from tapec.bench.case import Arguments, Array, Case, Task
from tapec.bench.reference import Exact

D, K, N = 10, 5, 1000
GAMMA, EXTRA = 1.0, 0


def unpack_lower(icf: Array, d: int) -> Array:
    """Strictly lower triangular matrices, (k, d, d), from the packed columns."""
    lower = np.zeros((icf.shape[0], d, d))
    start = d
    for j in range(d - 1):
        stop = start + d - 1 - j
        lower[:, j + 1 :, j] = icf[:, start:stop]
        start = stop
    return lower


def gather_lower(icf: Array, d: int) -> Array:
    """``unpack_lower`` by one gather, for libraries without item assignment."""
    rows = [[0] * d for _ in range(d)]
    mask = [[0.0] * d for _ in range(d)]
    start = d
    for j in range(d - 1):
        for i in range(j + 1, d):
            rows[i][j], mask[i][j] = start + i - j - 1, 1.0
        start += d - 1 - j
    return icf[:, np.array(rows)] * np.array(mask)


def log_wishart(
    d: int, k: int, gamma: float, m: int, sum_q: Array, diagonals: Array, icf: Array
) -> Array:
    """Log-density of the Wishart prior on the inverse covariances."""
    n = d + m + 1
    constant = n * d * (np.log(gamma) - 0.5 * np.log(2.0)) - special.multigammaln(0.5 * n, d)
    frobenius = np.sum(diagonals**2) + np.sum(icf[:, d:] ** 2)
    return 0.5 * gamma**2 * frobenius - m * np.sum(sum_q) - k * constant


def _likelihood(alphas: Array, means: Array, icf: Array, x: Array, lower: Array) -> Array:
    n, d = x.shape
    k = means.shape[0]
    diagonals = np.exp(icf[:, :d])
    sum_q = np.sum(icf[:, :d], axis=1)
    centered = x[:, None, :] - means[None, :, :]
    scaled = diagonals[None, :, :] * centered + np.einsum("kij,nkj->nki", lower, centered)
    inner = alphas + sum_q - 0.5 * np.sum(scaled**2, axis=2)
    shift = np.max(inner, axis=1)
    slse = np.sum(shift + np.log(np.sum(np.exp(inner - shift[:, None]), axis=1)))
    top = np.max(alphas)
    weights = top + np.log(np.sum(np.exp(alphas - top)))
    constant = -n * d * 0.5 * np.log(2.0 * np.pi)
    return constant + slse - n * weights + log_wishart(d, k, GAMMA, EXTRA, sum_q, diagonals, icf)


def gmm(alphas: Array, means: Array, icf: Array, x: Array) -> Array:
    """The objective on alphas (k,), means (k, d), icf (k, d(d+1)/2) and points x (n, d)."""
    return _likelihood(alphas, means, icf, x, unpack_lower(icf, x.shape[1]))


def gmm_functional(alphas: Array, means: Array, icf: Array, x: Array) -> Array:
    """The same objective without item assignment."""
    return _likelihood(alphas, means, icf, x, gather_lower(icf, x.shape[1]))


def gmm_gradient(alphas: Array, means: Array, icf: Array, x: Array) -> tuple[Array, Array, Array]:
    """Closed form through the responsibilities r[n, k]."""
    n, d = x.shape
    q = unpack_lower(icf, d)
    diagonals = np.exp(icf[:, :d])
    q[:, np.arange(d), np.arange(d)] = diagonals
    centered = x[:, None, :] - means
    scaled = np.einsum("kij,nkj->nki", q, centered)
    inner = alphas + icf[:, :d].sum(1) - 0.5 * (scaled**2).sum(2)
    r = special.softmax(inner, axis=1)
    d_alphas = r.sum(0) - n * special.softmax(alphas)
    d_means = np.einsum("nk,nkj,kji->ki", r, scaled, q)
    d_q = -np.einsum("nk,nki,nkj->kij", r, scaled, centered)
    d_icf = np.zeros_like(icf)
    d_icf[:, :d] = r.sum(0)[:, None] + diagonals * np.diagonal(d_q, axis1=1, axis2=2)
    d_icf[:, :d] += GAMMA**2 * diagonals**2 - EXTRA
    columns = [d_q[:, j + 1 :, j] for j in range(d - 1)]
    d_icf[:, d:] = np.concatenate(columns, axis=1) + GAMMA**2 * icf[:, d:]
    return d_alphas, d_means, d_icf


def _inputs(rng: np.random.Generator) -> Arguments:
    packed = D * (D + 1) // 2
    alphas, means = rng.standard_normal(K), rng.uniform(0.0, 1.0, (K, D))
    return alphas, means, 0.5 * rng.standard_normal((K, packed)), rng.standard_normal((N, D))


CASES = (
    Case(
        name="gmm",
        about=f"Gaussian mixture with Wishart prior (ADBench), d = {D}, k = {K}, n = {N}",
        f=gmm,
        functional=gmm_functional,
        inputs=_inputs,
        argnums=(0, 1, 2),
        references={Task.GRADIENT: Exact(gmm_gradient)},
        family="gmm",
    ),
)

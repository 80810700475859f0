"""Models whose noise is drawn inside from a fixed seed, networks, and small quantum systems."""

from __future__ import annotations

from functools import reduce

import numpy as np
from programs.npbench.program import kernels
from scipy import linalg, stats

KERNELS, kernel = kernels()
rng = np.random.default_rng(2207)


@kernel(np.array([0.04, 1.5, 0.05, 0.4, -0.6]), analytic=False)
def heston_full_truncation(parameters):
    v0, kappa, theta, xi, rho = parameters
    z = np.random.RandomState(7).standard_normal((2, 12, 50))
    spot, v, dt = np.full(50, 100.0), np.full(50, v0), 1 / 12
    for t in range(12):
        positive = np.maximum(v, 0)
        w = rho * z[0, t] + np.sqrt(1 - rho**2) * z[1, t]
        spot *= np.exp(-0.5 * positive * dt + np.sqrt(positive * dt) * z[0, t])
        v = v + kappa * (theta - positive) * dt + xi * np.sqrt(positive * dt) * w
    return np.mean(np.maximum(spot - 100.0, 0))


@kernel(0.7, analytic=False)
def ising_heat_bath(temperature):
    generator = np.random.default_rng(5)
    s = generator.choice([-1, 1], size=(5, 5))
    energy = 0.0
    for _ in range(2):
        u = generator.random((5, 5))
        for i in range(5):
            for j in range(5):
                field = s[(i + 1) % 5, j] + s[i - 1, j] + s[i, (j + 1) % 5] + s[i, j - 1]
                cost = 2 * s[i, j] * field
                if cost <= 0 or u[i, j] < np.exp(-cost / temperature):
                    s[i, j] *= -1
        energy += np.exp(-np.sum(s) / 25 / temperature)
    return energy


@kernel(rng.normal(size=(4, 3)), analytic=False)
def network_with_inner_seed(x):
    generator = np.random.RandomState(0)
    w = generator.randn(3, 5) * 0.3
    w[:, 0] = x[0]
    keep = generator.rand(4, 5) < 0.8
    h = np.tanh(x @ w) * keep / 0.8
    order = np.arange(4)
    generator.shuffle(order)
    return h[order] * np.arange(1.0, 5.0)[:, None]


@kernel(rng.normal(size=(5, 8)), 0.3 * rng.normal(size=(3, 8, 8)), analytic=False)
def causal_attention(x, w):
    q, k, v = [(x @ m).reshape(5, 2, 4).transpose(1, 0, 2) for m in w]
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(4)
    mask = np.triu(np.ones((5, 5)), 1).astype(bool)
    scores = np.where(mask, -1e9, scores)
    scores -= scores.max(axis=-1, keepdims=True)
    p = np.exp(scores)
    p /= p.sum(-1, keepdims=True)
    h = x + (p @ v).transpose(1, 0, 2).reshape(5, 8)
    return (h - h.mean(-1, keepdims=True)) / np.sqrt(h.var(-1, keepdims=True) + 1e-5)


@kernel(rng.normal(size=(2, 2, 5, 5)), rng.normal(size=(3, 18)))
def convolution_by_columns(x, w):
    n, c, height, width = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    i0, j0 = np.tile(np.repeat(np.arange(3), 3), c), np.tile(np.arange(3), 3 * c)
    i1, j1 = np.repeat(np.arange(height), width), np.tile(np.arange(width), height)
    k = np.repeat(np.arange(c), 9).reshape(-1, 1)
    columns = padded[:, k, i0.reshape(-1, 1) + i1, j0.reshape(-1, 1) + j1]
    columns = columns.transpose(1, 2, 0).reshape(9 * c, -1)
    return (w @ columns).reshape(3, height, width, n).transpose(3, 0, 1, 2)


@kernel(rng.normal(size=4), rng.normal(size=(3, 2, 2)))
def coupling_flow(x, weights):
    total = 0.0
    for k, w in enumerate(weights):
        first, second = (x[:2], x[2:]) if k % 2 == 0 else (x[2:], x[:2])
        s = np.tanh(first @ w)
        second = second * np.exp(s) + first @ w.T
        total += s.sum()
        x = np.concatenate([first, second] if k % 2 == 0 else [second, first])
    return x, total - 0.5 * x @ x


@kernel(rng.normal(size=(4, 4)), analytic=False)
def border_statistics(image):
    framed = np.pad(image, 2, mode="mean", stat_length=2)
    ramps = np.pad(image, ((1, 2), (0, 1)), mode="linear_ramp", end_values=(0.5, -0.5))
    mirrored = np.pad(image, 3, mode="reflect", reflect_type="odd")
    edges = np.zeros_like(framed)
    it = np.nditer(framed, flags=["multi_index"])
    while not it.finished:
        i, j = it.multi_index
        edges[i, j] = it[0] - framed[i - 1, j] ** 2
        it.iternext()
    return edges, np.cumsum(ramps, axis=0), mirrored[::2, 1::2]


@kernel(rng.normal(size=9), rng.normal(size=9), analytic=False)
def scores_beside_ranks(x, y):
    rho = stats.spearmanr(x, y)[0]
    tau, p = stats.kendalltau(x, y)
    mean, sd = stats.norm.fit(x)
    weights = stats.rankdata(y) / len(y)
    return rho * mean + tau * sd + p * np.sum(weights * x**2)


@kernel(np.array([0.6, 2.0]), analytic=False)
def wave_packet(parameters):
    stiffness, centre = parameters
    n, dt = 32, 0.05
    x = np.linspace(-8, 8, n, endpoint=False)
    dx = x[1] - x[0]
    k = 2 * np.pi * np.fft.fftfreq(n, dx)
    psi = np.exp(-0.5 * (x - centre) ** 2) * np.exp(0.5j * x)
    psi /= np.sqrt(np.sum(np.abs(psi) ** 2) * dx)
    half, kinetic = np.exp(-0.5j * dt * stiffness * x**2), np.exp(-0.5j * dt * k**2)
    for _ in range(6):
        psi = half * np.fft.ifft(kinetic * np.fft.fft(half * psi))
    return np.sum(x * np.abs(psi) ** 2) * dx, np.abs(psi) ** 2


@kernel(rng.normal(size=4), analytic=False)
def transverse_chain(h):
    sx, sz, one = np.array([[0, 1], [1, 0.0]]), np.diag([1.0, -1.0]), np.eye(2)

    def at(site, matrix):
        return reduce(np.kron, [matrix if j == site else one for j in range(3)])

    energy = -sum(at(i, sz) @ at(i + 1, sz) for i in range(2))
    energy = energy - sum(h[i] * at(i, sx) for i in range(3)) + h[3] * at(0, sz)
    levels, states = np.linalg.eigh(energy)
    ground = states[:, 0]
    return levels[0], ground @ at(1, sz) @ ground


@kernel(np.array([0.6, 0.8]), np.array([0.1, 0.3]), analytic=False, costly=True)
def driven_qubit(drive, decay):
    lower = np.array([[0, 1], [0, 0]], dtype=complex)
    h = drive[0] * np.array([[0, 1], [1, 0]]) + drive[1] * np.diag([1, -1])
    rho = np.array([[0.3, 0.2 + 0.1j], [0.2 - 0.1j, 0.7]])

    def rate(r):
        lost = lower.conj().T @ lower
        jump = lower @ r @ lower.conj().T - 0.5 * (lost @ r + r @ lost)
        return -1j * (h @ r - r @ h) + decay[0] * jump

    for _ in range(6):
        rho = rho + 0.1 * rate(rho + 0.05 * rate(rho))
    turned = linalg.expm(-1j * decay[1] * h) @ rho
    return np.real(np.trace(turned @ turned.conj().T)), rho.imag[0, 1]

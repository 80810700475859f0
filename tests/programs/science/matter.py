"""Particles, lattices and fluids."""

from __future__ import annotations

import numpy as np
from programs.npbench.program import kernels
from scipy.special import erfc

KERNELS, kernel = kernels()
rng = np.random.default_rng(227)
CUBE = np.array(np.meshgrid([0.0, 1.0], [0.0, 1.0], [0.0, 1.0])).reshape(3, -1).T


@kernel(1.6 * CUBE + 0.1 * rng.normal(size=(8, 3)), np.array([1.0, 1.1]))
def lennard_jones_minimum_image(positions, params):
    epsilon, sigma = params
    box = 3.5
    d = positions[:, None, :] - positions[None, :, :]
    d = d - box * np.rint(np.real(d) / box)
    i, j = np.triu_indices(len(positions), 1)
    s6 = (sigma**2 / np.sum(d[i, j] ** 2, axis=1)) ** 3
    return np.sum(4 * epsilon * (s6**2 - s6))


@kernel(
    2.0 * CUBE[:6] + 0.2 * rng.normal(size=(6, 3)),
    np.array([1.0, -1.0, 1.0, -1.0, 0.5, -0.5]),
    analytic=False,
)
def ewald_sum(positions, charges):
    box, eta = 4.0, 1.2
    d = positions[:, None] - positions[None]
    d = d - box * np.rint(d / box)
    i, j = np.triu_indices(6, 1)
    r = np.sqrt(np.sum(d[i, j] ** 2, axis=1))
    real = np.sum(charges[i] * charges[j] * erfc(eta * r) / r)
    n = np.array(np.meshgrid(*3 * [np.arange(-2, 3)])).reshape(3, -1).T
    k = 2 * np.pi / box * n[np.any(n != 0, axis=1)]
    k2 = np.sum(k**2, axis=1)
    structure = np.exp(1j * positions @ k.T).T @ charges
    fourier = 2 * np.pi / box**3 * np.sum(np.exp(-k2 / (4 * eta**2)) / k2 * np.abs(structure) ** 2)
    return real + fourier - eta / np.sqrt(np.pi) * np.sum(charges**2)


@kernel(np.array([0.6, 0.3]), 0.4 + 0.05 * rng.normal(size=(4, 4)))
def ising_mean_field(couplings, magnetisation):
    j, h = couplings
    m = magnetisation
    for _ in range(12):
        around = np.roll(m, 1, 0) + np.roll(m, -1, 0) + np.roll(m, 1, 1) + np.roll(m, -1, 1)
        m = 0.5 * m + 0.5 * np.tanh(j * around + h)
    return m, np.sum(m**2)


@kernel(np.array([0.1, 1.3]), 0.05 * rng.normal(size=(6, 5)))
def lattice_boltzmann_d2q9(params, density):
    e = np.array([[0, 0], [1, 0], [0, 1], [-1, 0], [0, -1], [1, 1], [-1, 1], [-1, -1], [1, -1]])
    w = np.array([4 / 9] + 4 * [1 / 9] + 4 * [1 / 36])
    force, omega = params
    f = w[:, None, None] * (1.0 + density)
    for _ in range(4):
        rho = f.sum(axis=0)
        u = np.tensordot(e.T.astype(float), f, axes=1) / rho
        u[0] += force / omega / rho
        eu = np.tensordot(e.astype(float), u, axes=1)
        equilibrium = (
            w[:, None, None] * rho * (1 + 3 * eu + 4.5 * eu**2 - 1.5 * np.sum(u**2, axis=0))
        )
        f = f - omega * (f - equilibrium)
        f = np.stack([np.roll(f[k], tuple(e[k]), axis=(0, 1)) for k in range(9)])
    return f.sum(axis=0), f[1] - f[3]


@kernel(np.array([1.0, 0.2, 0.7]), rng.normal(size=(5, 3)))
def stretched_polymer(params, bonds):
    stiffness, charge, pull = params
    x = np.cumsum(np.concatenate([np.zeros((1, 3)), bonds]), axis=0)
    length = np.sqrt(np.sum(bonds**2, axis=1))
    tangents = bonds / length[:, None]
    bend = np.sum(1 - np.sum(tangents[1:] * tangents[:-1], axis=1))
    energy = 0.5 * np.sum((length - 1.0) ** 2) + stiffness * bend - pull * x[-1, 0]
    for i in range(len(x)):
        for j in range(i):
            r = np.sqrt(np.sum((x[i] - x[j]) ** 2))
            energy += charge * np.exp(-r) / r
    return energy


@kernel(np.linspace(0.5, 1.5, 6) + 0.1 * rng.normal(size=6), np.array([0.8, 0.2]), analytic=False)
def tight_binding_chain(hops, onsite):
    h = np.diag(onsite[0] * np.cos(2 * np.pi * np.arange(7) * onsite[1]))
    h = h + np.diag(hops, 1) + np.diag(hops, -1)
    levels = np.linalg.eigvalsh(h)
    occupation = 1 / (1 + np.exp((levels - 0.1) / 0.2))
    return np.sum(levels * occupation), levels


@kernel(np.array([0.4, 1.1]), 0.1 * rng.normal(size=16), analytic=False)
def cahn_hilliard_spectral(params, noise):
    kappa, mobility = params
    c = 0.2 * np.cos(2 * np.pi * np.arange(16) / 16) + noise
    k2 = np.fft.fftfreq(16, 1 / 16) ** 2
    dt = 0.01
    for _ in range(6):
        potential = np.fft.fft(c**3 - c)
        c_hat = (np.fft.fft(c) - dt * mobility * k2 * potential) / (
            1 + dt * mobility * kappa * k2**2
        )
        c = np.real(np.fft.ifft(c_hat))
    return c, np.sum(c**4 / 4 - c**2 / 2)


@kernel(np.array([2.0, 1.2, 0.9]), 0.3 * rng.normal(size=(6, 2)), analytic=False)
def stillinger_weber_flat(params, jitter):
    a, b, strength = params
    base = np.array([[0, 0], [1, 0], [0.5, 0.87], [1.5, 0.87], [2.0, 0.0], [1.0, 1.74]])
    x = base + 0.2 * jitter
    energy = 0.0
    for i in range(len(x)):
        d = x - x[i]
        r = np.sqrt(np.sum(d**2, axis=1) + 1e-30)
        near = (r > 1e-6) & (r < 1.7)
        safe = np.where(near, r, 1.0)
        cut = np.where(near, np.exp(1 / np.where(near, r - 1.8, -1.0)), 0.0)
        energy += 0.5 * a * np.sum(cut * (b / safe**4 - 1))
        cosines = (d @ d.T) / np.outer(safe, safe)
        energy += strength * np.sum(np.triu(np.outer(cut, cut) * (cosines + 1 / 3) ** 2, 1))
    return energy


@kernel(np.array([0.9, 1.4]), np.sort(rng.uniform(0, 5, 8)))
def radial_distribution_smoothed(params, x):
    width, density = params
    grid = np.linspace(0.2, 3.0, 7)
    d = x[:, None] - x[None, :]
    i, j = np.nonzero(~np.eye(len(x), dtype=bool))
    r = np.sqrt(d[i, j] ** 2 + 1e-4)
    counts = np.exp(-0.5 * ((grid[:, None] - r) / (0.2 * width)) ** 2).sum(axis=1)
    return counts / (density * len(x) * grid**2)

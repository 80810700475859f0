"""Fields and signals in complex numbers: quantum mechanics, optics, circuits, grids, spectra."""

from __future__ import annotations

import numpy as np
from programs.npbench.program import kernels
from scipy.linalg import expm
from scipy.signal import fftconvolve

KERNELS, kernel = kernels()
rng = np.random.default_rng(229)


@kernel(np.array([1.0, 0.5, 0.1]), rng.normal(size=4), analytic=False)
def split_step_schroedinger(packet, bumps):
    centre, momentum, strength = packet
    n, dt = 32, 0.05
    x = np.linspace(-5, 5, n, endpoint=False)
    k = 2 * np.pi * np.fft.fftfreq(n, x[1] - x[0])
    v = 0.5 * x**2 + strength * sum(b * np.cos((j + 1) * x) for j, b in enumerate(bumps))
    psi = np.exp(-0.5 * (x - centre) ** 2 + 1j * momentum * x)
    psi = psi / np.sqrt(np.sum(np.abs(psi) ** 2))
    for _ in range(8):
        psi = np.exp(-0.5j * dt * v) * psi
        psi = np.fft.ifft(np.exp(-0.5j * dt * k**2) * np.fft.fft(psi))
        psi = np.exp(-0.5j * dt * v) * psi
    density = np.abs(psi) ** 2
    return density @ x, density


@kernel(0.7 * rng.normal(size=5), np.array([1.0, 0.4]), analytic=False)
def qubit_control_fidelity(pulse, drift):
    sx = np.array([[0, 1], [1, 0]], dtype=complex)
    sy = np.array([[0, -1j], [1j, 0]])
    sz = np.diag([1.0 + 0j, -1.0])
    u = np.eye(2, dtype=complex)
    for amplitude in pulse:
        h = drift[0] * sz + amplitude * sx + drift[1] * amplitude**2 * sy
        u = expm(-0.3j * h) @ u
    target = np.array([[0, 1], [1, 0]])
    return np.abs(np.trace(target.T @ u)) ** 2 / 4


@kernel(np.array([0.2, 0.7, 0.4]), analytic=False)
def lindblad_decay(rates):
    gamma, omega, delta = rates
    lower = np.array([[0.0, 1.0], [0.0, 0.0]])
    h = np.array([[delta, omega], [omega, -delta]]) / 2
    rho = np.array([[0.5, 0.5j], [-0.5j, 0.5]])

    def rhs(rho):
        jump = lower @ rho @ lower.conj().T
        number = lower.conj().T @ lower
        return -1j * (h @ rho - rho @ h) + gamma * (jump - 0.5 * (number @ rho + rho @ number))

    for _ in range(20):
        k1 = rhs(rho)
        k2 = rhs(rho + 0.05 * k1)
        rho = rho + 0.1 * k2
    return np.real(rho[0, 0]), np.real(np.trace(rho @ rho)), np.abs(rho[0, 1])


@kernel(1.0 + 0.1 * rng.normal(size=3), 0.2 * rng.normal(size=3), analytic=False)
def power_flow_mismatch(magnitudes, angles):
    lines = [(0, 1, 0.02 + 0.06j), (1, 2, 0.04 + 0.12j), (0, 2, 0.03 + 0.09j)]
    y = np.zeros((3, 3), dtype=complex)
    for a, b, z in lines:
        y[a, b] -= 1 / z
        y[b, a] -= 1 / z
        y[a, a] += 1 / z
        y[b, b] += 1 / z
    v = magnitudes * np.exp(1j * angles)
    s = v * np.conj(y @ v)
    return s.real, s.imag, np.sum(np.abs(y @ v) ** 2)


@kernel(np.array([1.2, 2.0, 0.9]), np.array([0.5, 1.0, 2.0, 4.0]))
def resonant_ladder(parts, scales):
    r, inductance, capacity = parts
    out = np.zeros(len(scales))
    for n in range(len(scales)):
        w = 0.8 * scales[n]
        x1 = w * inductance - 1 / (w * capacity)
        x2 = w * inductance
        real = r * x2**2 / (r**2 + x2**2)
        imag = x1 + r**2 * x2 / (r**2 + x2**2)
        out[n] = np.sqrt((real + r) ** 2 + imag**2)
    return out


@kernel(np.array([1.5, 0.7, 2.2]), np.array([0.8, 1.0, 1.3]), analytic=False)
def phasor_network(resistors, frequencies):
    total = 0.0
    for w in frequencies:
        yl, yc = 1 / (1j * w * 0.5), 1j * w * 0.3
        g = 1 / resistors
        y = np.array([
            [g[0] + yl + yc, -yl, 0.0],
            [-yl, yl + g[1] + yc, -yc],
            [0.0, -yc, yc + g[2]],
        ])  # fmt: skip
        v = np.linalg.solve(y, np.array([1.0, 0.0, 0.0]) + 0j)
        total += np.abs(v[2]) ** 2 + np.angle(v[1])
    return total


@kernel(np.array([0.5, 0.3]), np.array([1.0, 1.2, 0.8]), analytic=False)
def gaussian_beam_abcd(lens, gaps):
    focal, wavelength = lens
    q = 1j * np.pi * 0.4**2 / wavelength
    waists = []
    for gap in gaps:
        m = np.array([[1.0, gap], [0.0, 1.0]]) @ np.array([[1.0, 0.0], [-1 / focal, 1.0]])
        q = (m[0, 0] * q + m[0, 1]) / (m[1, 0] * q + m[1, 1])
        waists.append(np.sqrt(-wavelength / (np.pi * np.imag(1 / q))))
    return np.array(waists)


@kernel(0.5 * rng.normal(size=(8, 8)), np.array([0.6, 1.1]), analytic=False)
def fresnel_propagation(phase, optics):
    wavelength, distance = optics
    f = np.fft.fftfreq(8, 0.5)
    fx, fy = np.meshgrid(f, f, indexing="ij")
    transfer = np.exp(-1j * np.pi * wavelength * distance * (fx**2 + fy**2))
    field = np.fft.ifft2(np.fft.fft2(np.exp(1j * phase)) * transfer)
    intensity = np.abs(field) ** 2
    return intensity, np.sum(intensity * np.hypot(fx, fy))


@kernel(rng.normal(size=12), analytic=False)
def phase_retrieval_loss(x):
    measured = np.abs(np.fft.rfft(np.linspace(1.0, 2.0, 12))) + 0.1
    modulus = np.sqrt(np.abs(np.fft.rfft(x)) ** 2 + 1e-6)
    outside = np.where(np.arange(12) > 8, x, 0.0)
    return np.sum((modulus - measured) ** 2) + np.sum(outside**2)


@kernel(np.array([1.0, 2.0, 1.5, 1.8]), np.array([0.1, 0.25, 0.2]), analytic=False)
def thin_film_reflectance(indices, thicknesses):
    total = 0.0
    for wavelength in np.linspace(0.4, 0.8, 5):
        m = np.eye(2, dtype=complex)
        for n, d in zip(indices[1:], thicknesses, strict=True):
            delta = 2 * np.pi * n * d / wavelength
            m = m @ np.array(
                [[np.cos(delta), 1j * np.sin(delta) / n], [1j * n * np.sin(delta), np.cos(delta)]]
            )
        b, c = m @ np.array([1.0, indices[-1] + 0.2])
        total += np.abs((indices[0] * b - c) / (indices[0] * b + c)) ** 2
    return total


@kernel(0.3 * rng.normal(size=16), np.array([0.02, 0.5]), analytic=False)
def korteweg_de_vries_spectral(u, params):
    n = len(u)
    dt, weight = params
    k = np.fft.rfftfreq(n, 1 / n)
    propagate = np.exp(1j * dt * k**3 * 0.05)
    for _ in range(5):
        u_hat = propagate * np.fft.rfft(u)
        nonlinear = np.fft.rfft(0.5 * np.fft.irfft(u_hat, n) ** 2)
        u = np.fft.irfft(u_hat - dt * 1j * k * nonlinear * weight, n)
    return u, np.sum(u**2)


@kernel(rng.normal(size=24), np.array([0.2, -0.4, 0.9, 0.3]), analytic=False)
def matched_filter_bank(signal, taps):
    smooth = fftconvolve(signal, taps, mode="same")
    spectrum = np.fft.rfft(smooth * np.hanning(24))
    power = np.abs(spectrum) ** 2
    centroid = np.sum(np.arange(len(power)) * power) / np.sum(power)
    return centroid, np.log(power + 1e-3)


@kernel(np.array([0.7, -0.2, 0.4, 0.1]), analytic=False)
def autoregressive_spectrum(a):
    w = np.linspace(0.1, 3.0, 9)
    z = np.exp(-1j * np.outer(w, np.arange(1, 5)))
    response = 1 / (1 - z @ (a + 0j))
    return np.mean(np.log(np.abs(response) ** 2)), 20 * np.log10(np.abs(response))


@kernel(rng.normal(size=3), rng.uniform(0.5, 1.5, 3), analytic=False)
def beam_pattern_of_array(phases, spacing):
    theta = np.linspace(-1.2, 1.2, 11)
    place = np.concatenate([np.zeros(1), np.cumsum(spacing)])
    weights = np.concatenate([np.ones(1, dtype=complex), np.exp(1j * phases)])
    pattern = np.abs(np.exp(2j * np.pi * np.outer(np.sin(theta), place)) @ weights) ** 2
    return pattern / len(place) ** 2

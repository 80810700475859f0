"""Partial differential equations in one dimension: diffusion, transport, shocks, waves."""

from __future__ import annotations

import numpy as np
from programs.npbench.program import kernels

KERNELS, kernel = kernels()
rng = np.random.default_rng(107)
BUMP = np.exp(-((np.linspace(0, 1, 40) - 0.4) ** 2) / 0.01)


def thomas(a, b, c, d):
    n = len(d)
    cp = np.zeros(n)
    dp = np.zeros(n)
    cp[0] = c[0] / b[0]
    dp[0] = d[0] / b[0]
    for i in range(1, n):
        m = b[i] - a[i] * cp[i - 1]
        cp[i] = c[i] / m
        dp[i] = (d[i] - a[i] * dp[i - 1]) / m
    x = np.zeros(n)
    x[-1] = dp[-1]
    for i in reversed(range(n - 1)):
        x[i] = dp[i] - cp[i] * x[i + 1]
    return x


@kernel(BUMP, 0.5 + rng.random(41), 0.8, 30)
def variable_conductivity(u, k, dt_scale, steps):
    n = u.size
    dx = 1.0 / n
    r = dt_scale * 0.01 / dx
    a = np.zeros(n)
    b = np.ones(n)
    c = np.zeros(n)
    for i in range(n):
        west = k[i] * r if i > 0 else 0.0
        east = k[i + 1] * r if i < n - 1 else 0.0
        a[i] = -west
        c[i] = -east
        b[i] += west + east
    for _ in range(steps):
        u = thomas(a, b, c, u)
    return u


def minmod(a, b):
    return np.where(a * b > 0, np.where(np.abs(a) < np.abs(b), a, b), 0.0)


@kernel(BUMP, 0.7, 0.5, 40)
def advection_muscl(q, speed, cfl, steps):
    n = len(q)
    g = 2
    dx = 1.0 / n
    dt = cfl * dx / speed
    w = np.zeros(n + 2 * g)
    for _ in range(steps):
        w[g:-g] = q
        w[:g] = q[-g:]
        w[-g:] = q[:g]
        slope = minmod(w[1:-1] - w[:-2], w[2:] - w[1:-1])
        face = w[1:-2] + 0.5 * (1 - speed * dt / dx) * slope[:-1]
        flux = speed * face
        q = q - dt / dx * (flux[1:] - flux[:-1])
    return q


def weno5(v):
    """Reconstruction at the right face of every cell from five cells, periodic."""
    m2, m1, p1, p2 = np.roll(v, 2), np.roll(v, 1), np.roll(v, -1), np.roll(v, -2)
    q0 = (2 * m2 - 7 * m1 + 11 * v) / 6
    q1 = (-m1 + 5 * v + 2 * p1) / 6
    q2 = (2 * v + 5 * p1 - p2) / 6
    b0 = 13 / 12 * (m2 - 2 * m1 + v) ** 2 + 0.25 * (m2 - 4 * m1 + 3 * v) ** 2
    b1 = 13 / 12 * (m1 - 2 * v + p1) ** 2 + 0.25 * (m1 - p1) ** 2
    b2 = 13 / 12 * (v - 2 * p1 + p2) ** 2 + 0.25 * (3 * v - 4 * p1 + p2) ** 2
    eps = 1e-6
    a0, a1, a2 = 0.1 / (eps + b0) ** 2, 0.6 / (eps + b1) ** 2, 0.3 / (eps + b2) ** 2
    return (a0 * q0 + a1 * q1 + a2 * q2) / (a0 + a1 + a2)


@kernel(1.0 + 0.5 * BUMP, 0.3, 20, costly=True)
def burgers_weno_ssp(u, cfl, steps):
    dx = 1.0 / u.shape[0]

    def rhs(u):
        f = 0.5 * u**2
        alpha = np.max(np.abs(u))
        plus = weno5(0.5 * (f + alpha * u))
        minus = np.flip(weno5(np.flip(0.5 * (f - alpha * u))))
        flux = plus + np.roll(minus, -1)
        return -(flux - np.roll(flux, 1)) / dx

    for _ in range(steps):
        dt = cfl * dx / np.max(np.abs(u))
        u1 = u + dt * rhs(u)
        u2 = 0.75 * u + 0.25 * (u1 + dt * rhs(u1))
        u = u / 3 + 2 / 3 * (u2 + dt * rhs(u2))
    return u


def godunov_flux(a, b):
    if a > b:
        s = 0.5 * (a + b)
        return 0.5 * a**2 if s > 0 else 0.5 * b**2
    if a > 0:
        return 0.5 * a**2
    if b < 0:
        return 0.5 * b**2
    return 0.0


@kernel(np.sin(2 * np.pi * np.linspace(0, 1, 30)) + 0.2, 0.4, 1.0, costly=True)
def burgers_godunov(u, cfl, end):
    n = len(u)
    dx = 1.0 / n
    t = 0.0
    while t < 0.3 * end:
        dt = min(cfl * dx / np.max(np.abs(u)), 0.3 * end - t)
        flux = [godunov_flux(u[i - 1], u[i]) for i in range(n)]
        flux.append(flux[0])
        new = np.empty_like(u)
        for i in range(n):
            new[i] = u[i] - dt / dx * (flux[i + 1] - flux[i])
        u = new
        t += dt
    return u


@kernel(
    np.where(np.arange(50) < 25, 1.0, 0.125) + 0.02 * rng.random(50),
    np.where(np.arange(50) < 25, 1.0, 0.1) + 0.02 * rng.random(50),
    1.4,
    40,
    analytic=False,
)
def sod_hll(rho, p, gamma, steps):
    n = len(rho)
    dx = 1.0 / n
    cons = np.zeros((3, n))
    cons[0] = rho
    cons[2] = p / (gamma - 1)
    for _ in range(steps):
        r = cons[0]
        u = cons[1] / r
        pr = (gamma - 1) * (cons[2] - 0.5 * r * u**2)
        c = np.sqrt(gamma * pr / r)
        dt = 0.4 * dx / np.max(np.abs(u) + c)
        phys = np.array([cons[1], cons[1] * u + pr, (cons[2] + pr) * u])
        sl = np.minimum(u[:-1] - c[:-1], u[1:] - c[1:])
        sr = np.maximum(u[:-1] + c[:-1], u[1:] + c[1:])
        fl, fr = phys[:, :-1], phys[:, 1:]
        ul, ur = cons[:, :-1], cons[:, 1:]
        middle = (sr * fl - sl * fr + sl * sr * (ur - ul)) / (sr - sl)
        f = np.where(sl >= 0, fl, np.where(sr <= 0, fr, middle))
        cons[:, 1:-1] -= dt / dx * (f[:, 1:] - f[:, :-1])
    return cons


@kernel(1.0 + 0.3 * BUMP, 0.2 * rng.normal(size=40), 0.1 * rng.random(40), 30)
def shallow_water_rusanov(h, hu, bed, steps):
    g, dx = 9.81, 1.0
    n = h.shape[0]
    for _ in range(steps):
        u = hu / h
        lam = np.abs(u) + np.sqrt(g * h)
        dt = 0.45 * dx / lam.max()
        fh = np.zeros(n + 1)
        fq = np.zeros(n + 1)
        for i in range(1, n):
            a = max(lam[i - 1], lam[i])
            fh[i] = 0.5 * (hu[i - 1] + hu[i]) - 0.5 * a * (h[i] + bed[i] - h[i - 1] - bed[i - 1])
            left = hu[i - 1] * u[i - 1] + 0.5 * g * h[i - 1] ** 2
            right = hu[i] * u[i] + 0.5 * g * h[i] ** 2
            fq[i] = 0.5 * (left + right) - 0.5 * a * (hu[i] - hu[i - 1])
        fq[0] = 0.5 * g * h[0] ** 2
        fq[n] = 0.5 * g * h[-1] ** 2
        slope = np.gradient(bed, dx)
        h = h - dt / dx * np.diff(fh)
        hu = (hu - dt / dx * np.diff(fq) - dt * g * h * slope) / (1 + 0.01 * dt)
    return h, hu


@kernel(0.1 * rng.normal(size=32), 0.02, 60)
def kuramoto_sivashinsky(u, dt, steps):
    n = len(u)
    dx = 22.0 / n
    energy = []
    for step in range(steps):
        up, um = np.roll(u, -1), np.roll(u, 1)
        upp, umm = np.roll(u, -2), np.roll(u, 2)
        ux = (up**2 - um**2) / (4 * dx)
        uxx = (up - 2 * u + um) / dx**2
        uxxxx = (upp - 4 * up + 6 * u - 4 * um + umm) / dx**4
        u = u + dt * (-ux - uxx - uxxxx)
        if step % 20 == 19:
            energy.append(np.mean(u**2))
    return u, np.array(energy)


@kernel(BUMP, 6.0, 0.5 * rng.random(40), 100)
def schroedinger_real_imaginary(envelope, k0, potential, steps):
    """Visscher's scheme: real and imaginary part half a step apart."""
    n = len(envelope)
    x = np.linspace(0, 1, n)
    dx = 1.0
    re = envelope * np.cos(k0 * x)
    im = envelope * np.sin(k0 * x)
    norm = np.sqrt(np.sum(re**2 + im**2))
    re /= norm
    im /= norm
    dt = 0.1
    for _ in range(steps):
        lap = np.zeros(n)
        lap[1:-1] = (im[2:] - 2 * im[1:-1] + im[:-2]) / dx**2
        re += dt * (-0.5 * lap + potential * im)
        lap[1:-1] = (re[2:] - 2 * re[1:-1] + re[:-2]) / dx**2
        im -= dt * (-0.5 * lap + potential * re)
        re[[0, -1]] = 0.0
        im[0] = im[-1] = 0.0
    return re**2 + im**2, np.sum(x * (re**2 + im**2))


@kernel(0.2 + 0.5 * BUMP, np.array([1.0, 1.0]), 60)
def traffic_cell_transmission(density, params, steps):
    vf, jam = params
    w, cap = 0.5, 0.2
    ncell = len(density)
    out = 0.0
    k = density.copy()
    for t in range(steps):
        demand = [min(vf * k[i], cap) for i in range(ncell)]
        supply = [min(cap, w * (jam - k[i])) for i in range(ncell)]
        inflow = 0.15 if t < 30 else 0.05
        green = (t // 10) % 2 == 0
        flow = [min(inflow, supply[0])]
        for i in range(1, ncell):
            flow.append(min(demand[i - 1], supply[i]))
        last = demand[-1] if green else 0.0
        flow.append(last)
        for i in range(ncell):
            k[i] += 0.5 * (flow[i] - flow[i + 1])
        out += last
    return k, out


@kernel(BUMP[:30], 1.0, 0.3, 60)
def wave_with_open_ends(y, c, gain, steps):
    """Leapfrog in three arrays that change roles; a receiver records its trace."""
    n = y.size
    dx, dt = 1.0, 0.5
    r = c * dt / dx
    prev = y.copy()
    now = y.copy()
    trace = np.zeros(steps)
    for k in range(steps):
        nxt = np.empty(n)
        for i in range(1, n - 1):
            nxt[i] = 2 * now[i] - prev[i] + r**2 * (now[i + 1] - 2 * now[i] + now[i - 1])
        nxt[0] = now[1] + (r - 1) / (r + 1) * (nxt[1] - now[0])
        nxt[n - 1] = now[n - 2] + (r - 1) / (r + 1) * (nxt[n - 2] - now[n - 1])
        nxt[n // 3] += gain * np.sin(0.2 * k) * dt**2
        prev, now = now, nxt
        trace[k] = now[2 * n // 3]
    return trace, now


@kernel(0.5 + 0.1 * rng.normal(size=24), np.array([1.0, 0.02]), 40)
def cahn_hilliard_1d(c, params, steps):
    m, kappa = params
    dx, dt = 0.5, 0.002
    laplace = lambda f: (np.roll(f, 1) + np.roll(f, -1) - 2 * f) / dx**2  # noqa: E731
    for _ in range(steps):
        mu = 2 * c * (1 - c) * (1 - 2 * c) - kappa * laplace(c)
        c = c + dt * m * laplace(mu)
        c = np.clip(c, 0.0, 1.0)
    return c

"""Bodies that move: orbits, tops, cloth, particles in boxes."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
from programs.npbench.program import kernels

KERNELS, kernel = kernels()
rng = np.random.default_rng(103)


@kernel(
    np.array([[0.97, -0.243], [-0.97, 0.243], [0.0, 0.0]]),
    np.array([[0.466, 0.432], [0.466, 0.432], [-0.932, -0.865]]),
    np.array([1.0, 1.1, 0.9]),
    120,
)
def three_bodies_leapfrog(pos, vel, mass, steps):
    def forces(q):
        acc = np.zeros_like(q)
        for i in range(3):
            for j in range(3):
                if i == j:
                    continue
                d = q[j] - q[i]
                acc[i] += mass[j] * d / (d @ d + 1e-3) ** 1.5
        return acc

    dt = 0.01
    a = forces(pos)
    for _ in range(steps):
        vel += 0.5 * dt * a
        pos += dt * vel
        a = forces(pos)
        vel += 0.5 * dt * a
    return pos, vel


def quat_multiply(p, q):
    w0, x0, y0, z0 = p
    w1, x1, y1, z1 = q
    return np.array(
        [
            w0 * w1 - x0 * x1 - y0 * y1 - z0 * z1,
            w0 * x1 + x0 * w1 + y0 * z1 - z0 * y1,
            w0 * y1 - x0 * z1 + y0 * w1 + z0 * x1,
            w0 * z1 + x0 * y1 - y0 * x1 + z0 * w1,
        ]
    )


@kernel(np.array([1.0, 0.1, 0.05, 0.0]), np.array([0.1, 4.0, 0.2]), np.array([1.0, 2.0, 3.0]))
def tumbling_body(q, w, inertia):
    dt = 0.005
    q = q / np.sqrt(q @ q)
    for _ in range(300):
        torque = np.cross(w, inertia * w)
        w = w - dt * torque / inertia
        q = q + 0.5 * dt * quat_multiply(q, np.concatenate([[0.0], w]))
        q /= np.linalg.norm(q)
    energy = 0.5 * np.sum(inertia * w**2)
    return q, w, energy


@kernel(np.array([0.0, 10.0]), np.array([2.0, 0.5]), np.array([0.85, 0.95]), analytic=False)
def ball_on_stairs(p, v, restitution):
    g, dt = 9.81, 0.004
    bounces = 0
    t = 0.0
    while t < 3.0:
        ground = 3.0 - np.floor(p[0]) if p[0] < 3 else 0.0
        nxt = p[1] + dt * v[1] - 0.5 * g * dt * dt
        if nxt < ground and v[1] < 0:
            disc = v[1] * v[1] + 2 * g * (p[1] - ground)
            hit = (v[1] + np.sqrt(max(disc, 0.0))) / g
            hit = min(max(hit, 0.0), dt)
            speed = v[1] - g * hit
            p[0] += hit * v[0]
            p[1] = ground
            v[1] = -restitution[0] * speed
            v[0] *= restitution[1]
            t += hit + 1e-6
            bounces += 1
            if bounces == 5:
                break
        else:
            p[0] += dt * v[0]
            p[1] = nxt
            v[1] -= g * dt
            t += dt
    return p, v, t, bounces


@kernel(rng.random((8, 8)) * 0.05, np.array([40.0, 0.3, 1.0]), 40)
def cloth(height, params, steps):
    k, damp, gravity = params
    rows, cols = height.shape
    x = np.zeros((rows, cols, 3))
    for i in range(rows):
        for j in range(cols):
            x[i, j, 0] = i
            x[i, j, 1] = j
            x[i, j, 2] = height[i, j]
    v = np.zeros_like(x)
    neighbours = [(1, 0), (0, 1), (1, 1)]
    dt = 0.02
    for _ in range(steps):
        f = np.zeros_like(x)
        f[:, :, 2] -= gravity
        for di, dj in neighbours:
            rest = np.sqrt(di * di + dj * dj)
            d = x[di:, dj:] - x[: rows - di, : cols - dj]
            length = np.sqrt(np.sum(d**2, axis=2, keepdims=True))
            pull = k * (length - rest) * d / length
            f[: rows - di, : cols - dj] += pull
            f[di:, dj:] -= pull
        f -= damp * v
        v += dt * f
        v[0, 0] = 0.0
        v[0, -1] = 0.0
        x += dt * v
    return x


@kernel(
    np.stack(np.meshgrid(np.arange(4.0), np.arange(4.0)), -1).reshape(-1, 2) * 1.1
    + 0.05 * rng.normal(size=(16, 2)),
    rng.normal(size=(16, 2)) * 0.3,
    1.0,
    0.98,
    25,
    analytic=False,
    costly=True,
)
def argon_in_a_box(r, v, eps, sigma, steps):
    n, box, rc, dt = len(r), 4.4, 1.8, 0.004

    def force(r):
        f = np.zeros((n, 2))
        pot = 0.0
        for i in range(n - 1):
            for j in range(i + 1, n):
                d = r[i] - r[j]
                d = d - box * np.round(d / box)
                r2 = d[0] ** 2 + d[1] ** 2
                if r2 < rc * rc:
                    s6 = (sigma * sigma / r2) ** 3
                    pot += 4 * eps * (s6 * s6 - s6)
                    fij = 24 * eps * (2 * s6 * s6 - s6) / r2 * d
                    f[i] += fij
                    f[j] -= fij
        return f, pot

    f, pot = force(r)
    for _ in range(steps):
        v = v + 0.5 * dt * f
        r = (r + dt * v) % box
        f, pot = force(r)
        v = v + 0.5 * dt * f
    return r, v, pot


Link = namedtuple("Link", "a b rest")


@kernel(rng.normal(size=(7, 2)) * 0.02, np.array([120.0, 0.5]), np.array([0.0, -9.81]))
def hanging_chain(offset, params, g):
    n = offset.shape[0]
    links = [Link(i, i + 1, 1.0) for i in range(n - 1)]
    pos = np.column_stack([np.arange(n) * 1.0, np.zeros(n)]) + offset
    vel = np.zeros((n, 2))
    h = 0.01
    for _ in range(100):
        acc = np.tile(g, (n, 1)) - params[1] * vel
        for link in links:
            d = pos[link.b] - pos[link.a]
            length = np.hypot(d[0], d[1])
            f = params[0] * (length - link.rest) / length * d
            acc[link.a] += f
            acc[link.b] -= f
        acc[0] = 0.0
        vel = vel + h * acc
        pos = pos + h * vel
    return pos


@kernel(rng.random((20, 2)) * 2.0, np.array([0.6, 1.5, 0.1]), 8)
def smoothed_particles(x, params, steps):
    h, stiffness, viscosity = params
    n = x.shape[0]
    v = np.zeros((n, 2))
    rho = np.zeros(n)
    dt = 0.01
    for _ in range(steps):
        for i in range(n):
            rho[i] = 0.1
            for j in range(n):
                q2 = np.sum((x[i] - x[j]) ** 2) / h**2
                if q2 < 1.0:
                    rho[i] += (1 - q2) ** 3
        p = stiffness * (rho - 1.5)
        a = np.zeros((n, 2))
        for i in range(n):
            for j in range(i):
                d = x[i] - x[j]
                r2 = d @ d
                if r2 < h * h:
                    r = np.sqrt(r2)
                    w = (1 - r / h) ** 2
                    push = (p[i] / rho[i] ** 2 + p[j] / rho[j] ** 2) * w * d / r
                    drag = viscosity * (v[j] - v[i]) * (1 - r / h) / rho[j]
                    a[i] += push + drag
                    a[j] -= push + drag
        a[:, 1] -= 1.0
        v += dt * a
        x += dt * v
        for i in range(n):
            if x[i, 1] < 0.0:
                x[i, 1] = -x[i, 1]
                v[i, 1] *= -0.5
    return x, v, rho


@kernel(np.array([7000e3, 0.0, 400e3]), np.array([0.0, 7.3e3, 1.5e3]), 2.2)
def satellite_with_drag(r, v, ballistic):
    mu, re, j2 = 3.986e14, 6378e3, 1.0826e-3
    dt = 20.0
    alt_min = np.inf
    for _ in range(180):
        d = np.sqrt(np.dot(r, r))
        z2 = (r[2] / d) ** 2
        f = 1.5 * j2 * mu * re**2 / d**5
        acc = -mu * r / d**3 + f * r * np.array([5 * z2 - 1, 5 * z2 - 1, 5 * z2 - 3])
        rho = 1e-12 * np.exp(-(d - re - 600e3) / 60e3)
        acc -= 0.5 * rho * ballistic * np.linalg.norm(v) * v
        v = v + dt * acc
        r = r + dt * v
        alt_min = min(alt_min, d - re)
    return r / 1e6, v / 1e3, alt_min / 1e3


@kernel(np.array([0.3, 0.0, 0.6, 0.0, 0.2]), np.array([0.9, 3.0]), analytic=False)
def stick_slip_train(x, p):
    n = len(x)
    mu, k = p
    v = np.zeros(n)
    slips = np.zeros(n)
    dt = 0.02
    for step in range(250):
        drive = 0.004 * step
        for i in range(n):
            pull = k * (drive + 1.0 * i - x[i]) * 0.5
            if i > 0:
                pull += k * (x[i - 1] - x[i] + 1.0)
            if i < n - 1:
                pull += k * (x[i + 1] - x[i] - 1.0)
            if v[i] == 0.0 and abs(pull) <= mu:
                continue
            friction = mu * 0.6 * np.sign(v[i]) if v[i] != 0 else mu * np.sign(pull)
            new = v[i] + dt * (pull - friction - 0.2 * v[i])
            if v[i] * new < 0:
                new = 0.0
            v[i] = new
            slips[i] += abs(new) * dt
        x = x + dt * v
    return x, slips


@kernel(np.array([1.2, 0.8, 0.5]), np.array([0.4, -0.2, 0.3]), 60)
def three_link_arm(lengths, torque, steps):
    """Mass matrix assembled by loops, solved by elimination, each step."""
    n = 3
    m = np.array([1.0, 0.8, 0.5])
    q, dq = np.zeros(n), np.zeros(n)
    dt = 0.02
    for _ in range(steps):
        mass = np.zeros((n, n))
        bias = np.zeros(n)
        for i in range(n):
            for j in range(n):
                inertia = np.sum(m[max(i, j) :]) * lengths[i] * lengths[j]
                mass[i, j] = inertia * np.cos(q[i] - q[j])
                bias[i] += inertia * np.sin(q[i] - q[j]) * dq[j] ** 2
            bias[i] += np.sum(m[i:]) * lengths[i] * 9.81 * np.sin(q[i])
        a = mass.copy()
        b = torque - bias - 0.5 * dq
        for c in range(n):
            for r in range(c + 1, n):
                fac = a[r, c] / a[c, c]
                a[r, c:] -= fac * a[c, c:]
                b[r] -= fac * b[c]
        ddq = np.zeros(n)
        for r in range(n - 1, -1, -1):
            ddq[r] = (b[r] - a[r, r + 1 :] @ ddq[r + 1 :]) / a[r, r]
        dq = dq + dt * ddq
        q = q + dt * dq
    return q, dq

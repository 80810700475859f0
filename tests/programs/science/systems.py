"""Control, geometry and learning: Riccati equations, cameras, geodesics, networks."""

from __future__ import annotations

import numpy as np
from programs.npbench.program import kernels
from scipy.linalg import expm, solve_continuous_lyapunov, solve_discrete_lyapunov
from scipy.special import erf

KERNELS, kernel = kernels()
rng = np.random.default_rng(233)


@kernel(np.array([[1.0, 0.1], [-0.1, 0.95]]), np.array([[0.0], [0.1]]), np.array([1.0, 0.5, 0.2]))
def riccati_recursion(a, b, weights):
    q, r = np.diag(weights[:2]), weights[2]
    p = q
    for _ in range(15):
        gain = (b.T @ p @ a) / (r + b.T @ p @ b)
        p = q + a.T @ p @ (a - b @ gain)
    return p, gain


@kernel(np.array([[-1.0, 0.4], [0.2, -0.8]]), np.array([0.3, 0.7]), analytic=False)
def observability_gramian(a, c):
    w = solve_continuous_lyapunov(a.T, -np.outer(c, c))
    discrete = solve_discrete_lyapunov(0.3 * a, np.eye(2))
    return np.sqrt(np.trace(w)), w, np.linalg.det(discrete)


@kernel(rng.normal(size=(4, 2)), np.array([0.9, 0.3]), analytic=False)
def continuous_to_discrete_tracking(inputs, params):
    stiffness, damping = params
    block = np.zeros((4, 4))
    block[:2, :2] = np.array([[0.0, 1.0], [-stiffness, -damping]])
    block[:2, 2:] = np.eye(2)
    step = expm(0.2 * block)
    x = np.array([1.0, 0.0])
    cost = 0.0
    for u in inputs:
        x = step[:2, :2] @ x + step[:2, 2:] @ u
        cost += x @ x + 0.1 * u @ u
    return cost


@kernel(
    0.3 * rng.normal(size=(2, 6)),
    rng.normal(size=(3, 3)) + np.array([0.0, 0.0, 5.0]),
    analytic=False,
)
def bundle_adjustment_cost(cameras, points):
    total = 0.0
    for camera in cameras:
        w, t = camera[:3], camera[3:]
        angle = np.linalg.norm(w)
        k = np.cross(np.eye(3), w / angle)
        rotation = np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * (k @ k)
        seen = points @ rotation.T + t
        image = seen[:, :2] / seen[:, 2:]
        r2 = np.sum(image**2, axis=1, keepdims=True)
        residual = image * (1 + 0.1 * r2) - 0.1
        total += np.sum(np.sqrt(1 + residual**2) - 1)
    return total


@kernel(np.array([0.3, 0.8]), np.array([1.0, 0.4]), 0.7)
def geodesic_on_a_torus(start, direction, ratio):
    u, v = start
    du, dv = direction
    dt = 0.1
    length = 0.0
    for _ in range(12):
        scale = 1 + ratio * np.cos(v)
        length += dt * np.sqrt(scale**2 * du**2 + ratio**2 * dv**2)
        ddu = 2 * ratio * np.sin(v) / scale * du * dv
        ddv = -scale * np.sin(v) / ratio * du**2
        du, dv = du + dt * ddu, dv + dt * ddv
        u, v = u + dt * du, v + dt * dv
    return u, v, length


@kernel(
    0.5 * rng.normal(size=(6, 4)),
    rng.uniform(0.5, 1.5, 6),
    0.5 * rng.normal(size=(2, 6)),
    rng.normal(size=(5, 4)),
    analytic=False,
)
def layer_normalised_network(w, gain, out, x):
    h = x @ w.T
    h = gain * (h - h.mean(axis=1, keepdims=True)) / np.sqrt(h.var(axis=1, keepdims=True) + 1e-5)
    h = h * 0.5 * (1 + np.tanh(np.sqrt(2 / np.pi) * (h + 0.044715 * h**3)))
    logits = h @ out.T
    return np.sum(np.log(np.sum(np.exp(logits), axis=1)) - logits[np.arange(5), np.arange(5) % 2])


@kernel(0.4 * rng.normal(size=(3, 4, 4)), rng.normal(size=(6, 4)))
def causal_self_attention(weights, tokens):
    q, k, v = (tokens @ w for w in weights)
    scores = q @ k.T / 2.0
    mask = np.tri(6, dtype=bool)
    shifted = np.where(
        mask, scores - np.max(np.where(mask, scores, -1e9), axis=1, keepdims=True), -1e9
    )
    p = np.where(mask, np.exp(shifted), 0.0)
    p = p / p.sum(axis=1, keepdims=True)
    return p @ v, -np.sum(np.where(mask, p * np.log(p + 1e-12), 0.0))


@kernel(0.3 * rng.normal(size=(2, 1, 3, 3)), rng.normal(size=(1, 7, 7)), analytic=False)
def small_convolutional_network(filters, image):
    windows = np.lib.stride_tricks.sliding_window_view(image, (3, 3), axis=(1, 2))
    h = np.einsum("cijab,ocab->oij", windows, filters)
    h = np.where(h > 0, h, 0.1 * h)
    pooled = h[:, :4, :4].reshape(2, 2, 2, 2, 2).max(axis=(2, 4))
    return pooled, 0.5 * (1 + erf(pooled / np.sqrt(2))).sum()


@kernel(rng.uniform(0.2, 1.0, 9), rng.normal(size=6), analytic=False)
def graph_laplacian_smoothing(weights, signal):
    a = np.array([0, 1, 2, 3, 4, 5, 0, 1, 2])
    b = np.array([1, 2, 3, 4, 5, 0, 3, 4, 5])
    adjacency = np.zeros((6, 6))
    np.add.at(adjacency, (a, b), weights)
    adjacency = adjacency + adjacency.T
    degree = adjacency.sum(axis=1)
    laplacian = np.eye(6) - adjacency / np.sqrt(np.outer(degree, degree))
    values, vectors = np.linalg.eigh(laplacian)
    heat = vectors @ (np.exp(-values) * (vectors.T @ signal))
    return heat, values[1]


@kernel(0.2 * rng.normal(size=4), rng.uniform(size=(6, 6)), analytic=False)
def rigid_registration(pose, image):
    angle, tx, ty, zoom = pose
    i, j = np.meshgrid(np.arange(2.0, 4.0), np.arange(2.0, 4.0), indexing="ij")
    x = np.exp(zoom) * (np.cos(angle) * (i - 2.5) - np.sin(angle) * (j - 2.5)) + 2.5 + tx
    y = np.exp(zoom) * (np.sin(angle) * (i - 2.5) + np.cos(angle) * (j - 2.5)) + 2.5 + ty
    i0, j0 = np.floor(x).astype(int), np.floor(y).astype(int)
    fx, fy = x - i0, y - j0
    sampled = (
        image[i0, j0] * (1 - fx) * (1 - fy)
        + image[i0 + 1, j0] * fx * (1 - fy)
        + image[i0, j0 + 1] * (1 - fx) * fy
        + image[i0 + 1, j0 + 1] * fx * fy
    )
    return np.sum((sampled - 0.5) ** 2), sampled


@kernel(np.array([0.4, 0.2, 0.5, -0.3]), rng.normal(size=(3, 2)))
def quaternion_attitude(q, rates):
    q = q / np.sqrt(q @ q)
    for wx, wy in rates:
        dq = 0.5 * np.array([
            -q[1] * wx - q[2] * wy,
            q[0] * wx - q[3] * wy,
            q[0] * wy + q[3] * wx,
            q[1] * wy - q[2] * wx,
        ])  # fmt: skip
        q = q + 0.1 * dq
        q = q / np.sqrt(q @ q)
    w, x, y, z = q
    return np.array([2 * (x * z + w * y), 2 * (y * z - w * x), w * w - x * x - y * y + z * z])


@kernel(0.5 * rng.normal(size=(4, 3)), rng.normal(size=(5, 3)), analytic=False)
def sinkhorn_transport(sources, targets):
    cost = np.sum((sources[:, None] - targets[None]) ** 2, axis=2)
    gibbs = np.exp(-cost / 2.0)
    u, v = np.ones(4) / 4, np.ones(5) / 5
    for _ in range(25):
        u = 0.25 / (gibbs @ v)
        v = 0.2 / (gibbs.T @ u)
    plan = u[:, None] * gibbs * v
    return np.sum(plan * cost), plan


@kernel(rng.normal(size=(4, 4)), np.array([0.5, 0.1]), analytic=False)
def normalising_flow_density(raw, x):
    q, r = np.linalg.qr(raw)
    z = np.concatenate([x, np.array([0.3, -0.2])])
    total = 0.0
    for _ in range(3):
        z = q @ z
        total += np.sum(np.log(1 + 0.5 / np.cosh(z) ** 2))
        z = z + 0.5 * np.tanh(z)
    return total - 0.5 * z @ z + np.sum(np.log(np.abs(np.diag(r))))


@kernel(np.array([1.2, 0.4, -0.3]), analytic=False)
def low_rank_approximation_error(c):
    i = np.arange(6.0)
    a = np.exp(-c[0] * np.abs(i[:, None] - i[:5])) + c[1] * np.outer(i, np.ones(5)) + c[2]
    u, s, vt = np.linalg.svd(a, full_matrices=False)
    approximation = (u[:, :2] * s[:2]) @ vt[:2]
    return np.linalg.norm(a - approximation), s

"""Programs over SciPy's sparse matrices, images and splines."""

from __future__ import annotations

from typing import Any

import numpy as np
from programs.npbench.program import Kernel
from scipy import interpolate, ndimage, sparse
from scipy.sparse import linalg
from scipy.spatial import distance
from scipy.spatial.transform import Rotation

Array = Any
RNG = np.random.default_rng(21)

# -- networks --------------------------------------------------------------------------------------

EDGES = np.array([[0, 1], [1, 2], [2, 3], [3, 0], [0, 2], [3, 4], [4, 5], [5, 1]])
NODES = 6


def resistor_network(conductances: Array, injected: Array) -> Array:
    """Potentials of a network of resistors with one node at ground, and the power it takes."""
    first, last = EDGES[:, 0], EDGES[:, 1]
    rows = np.concatenate([first, last, first, last])
    columns = np.concatenate([first, last, last, first])
    values = np.concatenate([conductances, conductances, -conductances, -conductances])
    laplacian = sparse.coo_array((values, (rows, columns)), shape=(NODES, NODES)).tocsr()
    inner = laplacian[1:, 1:].tocsc()
    potentials = linalg.spsolve(inner, injected[1:])
    drops = np.concatenate([[0.0], potentials])
    flows = conductances * (drops[first] - drops[last])
    return np.sum(flows * (drops[first] - drops[last])) + 0.1 * potentials


def dc_power_flow(reactances: Array, demand: Array) -> Array:
    """Flows on the lines of a grid, by angles from one factorisation, and a soft limit on them."""
    incidence = sparse.csr_array(
        (np.tile([1.0, -1.0], len(EDGES)), EDGES.ravel(), 2 * np.arange(len(EDGES) + 1)),
        shape=(len(EDGES), NODES),
    )
    weighted = sparse.diags(1.0 / reactances) @ incidence
    matrix = (incidence.T @ weighted).tocsc()[1:, 1:]
    angles = linalg.splu(matrix.tocsc()).solve(-demand[1:])
    flows = weighted @ np.concatenate([np.zeros(1), angles])
    return np.sum(np.log1p(np.exp(4.0 * (np.abs(flows) - 1.0)))) + flows


def diffusion_boundary_value(conductivity: Array, source: Array) -> Array:
    """-(k u')' = f on a line with u = 0 at both ends, by finite differences and one solve."""
    n = source.shape[0]
    h = 1.0 / (n + 1)
    west, east = conductivity[:-1], conductivity[1:]
    main = (west + east) / h**2
    matrix = sparse.diags([main, -east[:-1] / h**2, -west[1:] / h**2], [0, 1, -1], format="csc")
    u = linalg.spsolve(matrix, source)
    return np.sum(u) * h + np.max(u)


CHAIN = sparse.diags([np.ones(11), -2.0 * np.ones(12), np.ones(11)], [-1, 0, 1]).tocsr() * 20.0


def implicit_heat_steps(start: Array, rate: float) -> Array:
    """Backward Euler steps of a nonlinear heat equation, the linear part solved exactly."""
    solve = linalg.factorized((sparse.eye(12) - 0.01 * CHAIN).tocsc())
    u = start
    for _ in range(6):
        u = solve(u + 0.01 * rate * u * (1.0 - u))
    return u @ (CHAIN @ u)


def page_rank(weights: Array) -> Array:
    """Importance of pages by a power iteration with damping over a sparse matrix."""
    links = sparse.csr_array((weights, (EDGES[:, 1], EDGES[:, 0])), shape=(NODES, NODES))
    spread = links / (links.sum(axis=0) + 1e-3)
    rank = np.full(NODES, 1.0 / NODES)
    for _ in range(15):
        rank = 0.85 * (spread @ rank) + 0.15 / NODES
    return rank


# -- images and curves -----------------------------------------------------------------------------

ROWS, COLUMNS = np.indices((9, 8))
FIXED = np.exp(-((ROWS - 4.2) ** 2 + 0.6 * (COLUMNS - 3.5) ** 2) / 6.0)
MOVING = np.exp(-((ROWS - 3.6) ** 2 + 0.6 * (COLUMNS - 4.1) ** 2) / 6.0)


def image_registration(motion: Array) -> Array:
    """The misfit of two images, one of them turned and shifted by cubic interpolation."""
    angle, down, right = motion
    y, x = ROWS - 4.0, COLUMNS - 3.5
    points = np.stack([
        np.cos(angle) * y - np.sin(angle) * x + 4.0 + down,
        np.sin(angle) * y + np.cos(angle) * x + 3.5 + right,
    ])  # fmt: skip
    moved = ndimage.map_coordinates(MOVING, points, order=3, mode="nearest")
    return np.sum((moved - FIXED) ** 2)


def deblurring(image: Array) -> Array:
    """Data misfit of a blurred image with a penalty of its gradients."""
    blurred = ndimage.gaussian_filter(image, (1.0, 0.7), mode="nearest")
    slopes = ndimage.sobel(image, axis=0) ** 2 + ndimage.sobel(image, axis=1) ** 2
    return 0.5 * np.sum((blurred - FIXED) ** 2) + 0.01 * np.sum(np.sqrt(slopes + 1e-2))


MATURITIES = np.array([0.5, 1.0, 2.0, 3.0, 5.0, 7.0, 10.0])
PAYMENTS = np.arange(0.5, 8.1, 0.5)


def bonds_from_a_curve(rates: Array, coupon: float) -> Array:
    """Prices and durations of bonds on a curve of rates that a spline interpolates."""
    curve = interpolate.CubicSpline(MATURITIES, rates, bc_type="natural")
    discounts = np.exp(-curve(PAYMENTS) * PAYMENTS)
    price = 0.5 * coupon * np.sum(discounts) + discounts[-1]
    forward = curve(4.0) + 4.0 * curve(4.0, 1)
    return np.array([price, np.sum(PAYMENTS * discounts) / price, forward])


TABLE = interpolate.RectBivariateSpline(
    np.linspace(-2.0, 2.0, 9), np.linspace(-2.0, 2.0, 9),
    np.add.outer(np.linspace(-2.0, 2.0, 9) ** 2, np.cos(np.linspace(-2.0, 2.0, 9))),
)  # fmt: skip


def path_over_a_potential(points: Array) -> Array:
    """A string of points over a tabulated surface: its energy, and springs between them."""
    path = points.reshape(-1, 2)
    heights = TABLE.ev(path[:, 0], path[:, 1])
    forces = TABLE.ev(path[:, 0], path[:, 1], dx=1) ** 2
    steps = np.diff(path, axis=0)
    return np.sum(heights) + 0.1 * np.sum(forces) + 2.0 * np.sum(steps**2)


CLOUD, SEEN = RNG.normal(size=(2, 7, 3))


def rigid_alignment(pose: Array) -> Array:
    """Points turned and moved onto others, with a robust loss."""
    moved = Rotation.from_rotvec(pose[:3]).apply(CLOUD) + pose[3:]
    square = np.sum((moved - SEEN) ** 2, axis=1)
    return np.sum(np.sqrt(1.0 + square) - 1.0)


INPUTS, OUTPUTS = RNG.normal(size=(8, 2)), RNG.normal(size=8)


def gaussian_process_evidence(logs: Array) -> Array:
    """The log evidence of a Gaussian process with a rational quadratic kernel."""
    size, length, noise = np.exp(logs)
    gaps = distance.cdist(INPUTS / length, INPUTS / length, "sqeuclidean")
    covariance = size / (1.0 + 0.5 * gaps) + noise * np.eye(8)
    half = np.linalg.cholesky(covariance)
    white = np.linalg.solve(half, OUTPUTS)
    return -0.5 * white @ white - np.sum(np.log(np.diag(half)))


KERNELS = (
    Kernel(resistor_network, (0.5 + RNG.random(8), RNG.normal(size=NODES)), analytic=False),
    Kernel(
        dc_power_flow, (0.1 + 0.3 * RNG.random(8), RNG.normal(size=NODES)), analytic=False,
        costly=True,
    ),
    Kernel(
        diffusion_boundary_value, (1.0 + RNG.random(13), RNG.normal(size=12)), analytic=False,
        costly=True,
    ),
    Kernel(implicit_heat_steps, (RNG.random(12), 1.3), analytic=False, costly=True),
    Kernel(page_rank, (0.5 + RNG.random(8),), analytic=False, costly=True),
    Kernel(image_registration, (np.array([0.1, 0.3, -0.2]),), analytic=False),
    Kernel(deblurring, (FIXED + 0.1 * RNG.random((9, 8)),), analytic=False, costly=True),
    Kernel(
        bonds_from_a_curve, (0.02 + 0.01 * RNG.random(7), 0.04), analytic=False, costly=True
    ),
    Kernel(path_over_a_potential, (0.5 * RNG.normal(size=10),), analytic=False, costly=True),
    Kernel(rigid_alignment, (0.4 * RNG.normal(size=6),), analytic=False, costly=True),
    Kernel(gaussian_process_evidence, (np.array([0.1, 0.2, -1.0]),), analytic=False, costly=True),
)  # fmt: skip

"""What the evals of GradBench compute, written from their definitions and apart from our programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation
from scipy.stats import multivariate_normal, wishart

from tapec.tools.differences import COMPLEX_STEP

Array = Any


def complex_gradient(f: Callable[[Array], Any], x: Array) -> Array:
    """Partial derivatives of an analytic function of a vector, to the last bit."""
    steps = 1j * COMPLEX_STEP * np.eye(x.size)
    return np.array([np.imag(f(x + step)) / COMPLEX_STEP for step in steps])


# --- gmm ------------------------------------------------------------------------------------------


def mixture(given: dict[str, Any]) -> float:
    """The log-posterior from densities of SciPy's distributions."""
    d, k, m, gamma = (given[name] for name in ("d", "k", "m", "gamma"))
    weights = np.exp(given["alpha"]) / np.sum(np.exp(given["alpha"]))
    density, prior = 0.0, 0.0
    for c in range(k):
        root = np.diag(np.exp(given["q"][c]))
        root[np.triu_indices(d, 1)[::-1]] = given["l"][c]
        precision = root.T @ root
        density += weights[c] * multivariate_normal(given["mu"][c], np.linalg.inv(precision)).pdf(
            given["x"]
        )
        prior += wishart(d + m + 1, np.eye(d) / gamma**2).logpdf(precision)
    return float(np.sum(np.log(density)) + prior)


# --- ba -------------------------------------------------------------------------------------------


def image(camera: Array, x: Array) -> Array:
    """A point as a camera sees it: turned, projected, distorted, scaled, moved."""
    seen = Rotation.from_rotvec(camera[:3]).apply(x - camera[3:6])
    p = seen[:2] / seen[2]
    r = p @ p
    return camera[6] * p * (1 + camera[9] * r + camera[10] * r**2) + camera[7:9]


def misfits(cameras: Array, points: Array, w: Array, obs: Array, features: Array) -> Array:
    """All rows of the problem: misfits of observations, then those of weights."""
    rows = [w[i] * (image(cameras[c], points[p]) - features[i]) for i, (c, p) in enumerate(obs)]
    return np.concatenate([*rows, 1 - w**2])


# --- ht -------------------------------------------------------------------------------------------

FINGER_JOINTS = [(2, "x"), (2, "z"), (3, "x"), (4, "x")]


def hand(theta: Array, us: Array, data: dict[str, Any]) -> Array:
    """Residuals of every point, bone by bone and vertex by vertex."""
    model = data["model"]
    bones = len(model["parents"])
    angles = np.zeros((bones, 3))
    for k, value in enumerate(theta[6:]):
        joint, axis = FINGER_JOINTS[k % 4]
        angles[joint + 4 * (k // 4), "xyz".index(axis)] = value
    absolutes: list[Array] = []
    for b in range(bones):
        local = np.eye(4)
        local[:3, :3] = Rotation.from_euler("xyz", angles[b]).as_matrix()
        local = np.array(model["base_relatives"][b]) @ local
        absolutes.append(
            local if model["parents"][b] < 0 else absolutes[model["parents"][b]] @ local
        )

    def vertex(v: int) -> Array:
        base = np.array(model["base_positions"][v])
        moved = [absolutes[b] @ model["inverse_base_absolutes"][b] @ base for b in range(bones)]
        place = sum(w * p[:3] for w, p in zip(model["weights"][v], moved, strict=True))
        place = place * [-1 if model["is_mirrored"] else 1, 1, 1]
        turn = theta[:3] if np.linalg.norm(theta[:3]) >= 1e-4 else np.zeros(3)
        return Rotation.from_rotvec(turn).apply(place) + theta[3:6]

    def point(n: int) -> Array:
        which = data["correspondences"][n]
        if not len(us):
            return vertex(which)
        a, b, c = (vertex(v) for v in model["triangles"][which])
        return us[n, 0] * a + us[n, 1] * b + (1 - us[n, 0] - us[n, 1]) * c

    return np.concatenate([np.array(p) - point(n) for n, p in enumerate(data["points"])])


# --- lstm -----------------------------------------------------------------------------------------


def language_loss(params: Array, given: dict[str, Any]) -> Any:
    """The loss of all parameters in one vector, unit by unit."""
    sequence = np.array(given["sequence"])
    bits, layers = sequence.shape[1], len(given["state"]) // 2
    main, extra = params[: 8 * layers * bits], params[8 * layers * bits :].reshape(3, bits)
    main = main.reshape(layers, 8, bits)
    state = np.array(given["state"]).reshape(layers, 2, bits).astype(params.dtype)
    total = 0.0
    for t in range(len(sequence) - 1):
        out = np.zeros(bits, params.dtype)
        for b in range(bits):
            value = sequence[t, b] * extra[0, b]
            for layer in range(layers):
                hidden, memory = state[layer, :, b]
                entering = np.array([value, hidden, value, hidden])
                forget, ingate, outgate, change = main[layer, :4, b] * entering + main[layer, 4:, b]
                memory = memory / (1 + np.exp(-forget)) + np.tanh(change) / (1 + np.exp(-ingate))
                value = np.tanh(memory) / (1 + np.exp(-outgate))
                state[layer, :, b] = value, memory
            out[b] = value * extra[1, b] + extra[2, b]
        norm = np.log(2 + sum(np.exp(out)))
        total = total + sum(sequence[t + 1] * (out - norm))
    return -total / ((len(sequence) - 1) * bits)


# --- ode ------------------------------------------------------------------------------------------


def runge_kutta(x: Array, steps: int) -> Array:
    """y' = A y + b: a step of the method is the exponential's series to the fourth power of h A."""
    n = x.size
    a = np.diag(x[1:], -1)
    b = np.zeros(n, x.dtype)
    b[0] = x[0]
    h = 2.0 / steps
    powers = [np.linalg.matrix_power(h * a, k) for k in range(4)]
    into = powers[0] + powers[1] / 2 + powers[2] / 6 + powers[3] / 24
    y = np.zeros(n, x.dtype)
    for _ in range(steps):
        y = y + h * into @ (a @ y + b)
    return y


# --- particle and saddle --------------------------------------------------------------------------


def descend(f: Any, slope: Any, x: Array) -> Array:
    """The suite's gradient descent, step for step."""
    eta, count, fx, g = 1e-5, 0, f(x), slope(x)
    while np.linalg.norm(g) > 1e-5:
        if count == 10:
            eta, count = 2 * eta, 0
            continue
        y = x - eta * g
        if np.linalg.norm(x - y) <= 1e-5:
            break
        if f(y) < fx:
            x, fx, g, count = y, f(y), slope(y), count + 1
        else:
            eta, count = eta / 2, 0
    return x


def crossing(w: Array) -> Any:
    """Where the particle crosses the axis, squared; the force from its formula."""
    x, y, vx, vy = 0.0, 8.0, 0.75, 0.0
    while True:
        ax = ay = 0.0
        for cx, cy in ((10.0, 10.0 - w[0]), (10.0, 0.0)):
            cube = ((x - cx) ** 2 + (y - cy) ** 2) ** 1.5
            ax, ay = ax + (x - cx) / cube, ay + (y - cy) / cube
        x, y = x + 0.1 * vx, y + 0.1 * vy
        if np.real(y) <= 0:
            return (x - y / vy * vx) ** 2
        vx, vy = vx + 0.1 * ax, vy + 0.1 * ay


def particle(w: float) -> float:
    """The place of the charge, by complex steps through the path."""

    def slope(x: Array) -> Array:
        return complex_gradient(crossing, x)

    return float(descend(crossing, slope, np.array([w]))[0])


def saddle(start: Array) -> Array:
    """Both points; the inner search does not depend on x, so that its slope in x is 2 x."""

    def lowest() -> Array:
        return descend(lambda y: np.sum(y**2), lambda y: 2 * y, start)

    inner = np.sum(lowest() ** 2)
    x = descend(lambda x: np.sum(x**2) - inner, lambda x: 2 * x, start)
    return np.concatenate([x, lowest()])

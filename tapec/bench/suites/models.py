# mypy: disable-error-code="no-any-return, import-untyped"
"""Programs of NPBench's kind: layers of networks, particles, recurrences and solvers."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.bench.case import Arguments, Array
from tapec.bench.suites.kernels import Draw, kernel

# ---- layers ----


def softmax(x: Array) -> Any:
    """Of the last of four axes."""
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return np.sum((e / np.sum(e, axis=-1, keepdims=True)) ** 2)


def mlp(x: Array, w1: Array, b1: Array, w2: Array, b2: Array, w3: Array, b3: Array) -> Any:
    """Two hidden layers of rectified units, and log-probabilities."""
    x = np.maximum(x @ w1 + b1, 0.0)
    x = np.maximum(x @ w2 + b2, 0.0)
    x = x @ w3 + b3
    top = np.max(x, axis=1, keepdims=True)
    return np.sum(x - top - np.log(np.sum(np.exp(x - top), axis=1, keepdims=True)))


def conv2d(image: Array, weights: Array) -> Any:
    """A convolution with a bias-free layer of 3 x 3, as a sum over its places."""
    height, width = image.shape[1] - 2, image.shape[2] - 2
    out = 0.0
    for i in range(3):
        for j in range(3):
            out = out + image[:, i : i + height, j : j + width, :] @ weights[i, j]
    return np.sum(np.maximum(out, 0.0))


def attention(q: Array, k: Array, v: Array) -> Any:
    """One head of attention."""
    scores = q @ k.T / np.sqrt(q.shape[1])
    e = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    return np.sum((e / np.sum(e, axis=1, keepdims=True) @ v) ** 2)


def batch_norm(x: Array, scale: Array, shift: Array) -> Any:
    """Normalised columns of a batch."""
    mean, variance = np.mean(x, axis=0), np.var(x, axis=0)
    return np.sum(np.tanh(scale * (x - mean) / np.sqrt(variance + 1e-5) + shift))


# ---- particles ----


def acceleration(place: Array, mass: Array) -> Array:
    """Of bodies that attract each other."""
    apart = place[None, :, :] - place[:, None, :]
    inverse = (np.sum(apart**2, axis=2) + 0.01) ** -1.5
    return np.sum(apart * (inverse * mass)[:, :, None], axis=1)


def nbody(place: Array, speed: Array, mass: Array) -> Any:
    """Ten steps of leapfrog; the kinetic energy."""
    force = acceleration(place, mass)
    for _ in range(10):
        speed = speed + 0.005 * force
        place = place + 0.01 * speed
        force = acceleration(place, mass)
        speed = speed + 0.005 * force
    return 0.5 * np.sum(mass[:, None] * speed**2)


def lattice_energy(place: Array) -> Any:
    """Lennard-Jones energy of all pairs."""
    apart = place[:, None, :] - place[None, :, :]
    square = np.sum(apart**2, axis=2) + np.eye(len(place))
    inverse = 1.0 / square**3
    return 2.0 * np.sum((inverse**2 - inverse) * (1.0 - np.eye(len(place))))


# ---- recurrences and solvers ----


def richards(h: Array, k: Array) -> Any:
    """Explicit steps of a nonlinear diffusion along a line."""
    for _ in range(30):
        flux = k * np.exp(-0.5 * (h[1:] + h[:-1])) * (h[1:] - h[:-1])
        change = np.concatenate([flux[:1], flux[1:] - flux[:-1], -flux[-1:]])
        h = h + 0.1 * change
    return np.sum(h**2)


def network(x: Array, w: Array, u: Array) -> Any:
    """A recurrent layer over a sequence."""
    state = np.zeros(w.shape[0])
    for t in range(40):
        state = np.tanh(w @ state + u @ x[t])
    return np.sum(state**2)


def conjugate_gradients(a: Array, b: Array) -> Any:
    """Fifteen steps for a symmetric system."""
    matrix = a @ a.T / len(b) + np.eye(len(b))
    x, r = np.zeros(len(b)), b
    p, square = r, r @ r
    for _ in range(15):
        q = matrix @ p
        step = square / (p @ q)
        x, r = x + step * p, r - step * q
        again = r @ r
        p, square = r + again / square * p, again
    return np.sum(x**2)


def solved(a: Array, b: Array) -> Any:
    """A dense system with several right sides."""
    return np.sum(np.linalg.solve(a + 20.0 * np.eye(len(a)), b) ** 2)


def option(spot: Array, noise: Array) -> Any:
    """The mean of an average-price payoff over simulated paths."""
    price, total = spot, 0.0
    for t in range(24):
        price = price * np.exp(0.001 + 0.05 * noise[t])
        total = total + price
    return np.mean(np.maximum(total / 24.0 - 1.0, 0.0))


def _arrays(*shapes: tuple[int, ...], scale: float = 1.0) -> Any:
    def inputs(rng: Draw) -> Arguments:
        return tuple(scale * rng.normal(size=shape) for shape in shapes)

    return inputs


def _bodies(rng: Draw) -> Arguments:
    return rng.normal(size=(60, 3)), rng.normal(size=(60, 3)), rng.random(60)


def _lattice(rng: Draw) -> Arguments:
    places = np.stack(np.meshgrid(*[np.arange(4.0)] * 3), axis=-1).reshape(-1, 3)
    return (1.1 * places + 0.05 * rng.normal(size=places.shape),)


def _market(rng: Draw) -> Arguments:
    return 1.0 + 0.1 * rng.random(4000), rng.normal(size=(24, 4000))


CASES = (
    kernel("softmax", "of the last of four axes", softmax, _arrays((8, 4, 64, 64))),
    kernel("mlp3", "three layers", mlp,
           _arrays((32, 64), (64, 96), (96,), (96, 64), (64,), (64, 10), (10,), scale=0.3),
           argnums=(1, 2, 3, 4, 5, 6), kinks=True),
    kernel("conv2d", "a layer of 3 x 3", conv2d, _arrays((2, 34, 34, 8), (3, 3, 8, 16)),
           argnums=(0, 1), kinks=True),
    kernel("attention", "one head over 128 places", attention,
           _arrays((128, 32), (128, 32), (128, 32)), argnums=(0, 1, 2)),
    kernel("batch_norm", "columns of a batch", batch_norm, _arrays((256, 64), (64,), (64,)),
           argnums=(0, 1, 2)),
    kernel("nbody", "60 bodies, 10 steps", nbody, _bodies, argnums=(0, 1)),
    kernel("lattice_energy", "pairs of 64 atoms", lattice_energy, _lattice),
    kernel("richards", "nonlinear diffusion, 30 steps", richards,
           lambda rng: (rng.random(2000), 0.5 + rng.random(1999)), argnums=(0, 1)),
    kernel("recurrent", "a recurrent layer, 40 steps", network,
           _arrays((40, 16), (48, 48), (48, 16), scale=0.15), argnums=(1, 2)),
    kernel("conjugate_gradients", "15 steps", conjugate_gradients, _arrays((80, 80), (80,)),
           argnums=(0, 1)),
    kernel("solved", "a dense system", solved, _arrays((100, 100), (100, 5)), argnums=(0, 1)),
    kernel("option", "4,000 paths, 24 steps", option, _market, kinks=True),
)  # fmt: skip

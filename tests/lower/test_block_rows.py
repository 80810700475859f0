"""Chains of ops on rows in one loop over blocks, against NumPy."""

from __future__ import annotations

import random
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from support.sampling import sampled

import tapec
from tapec.backends.llvm import available
from tapec.lower import row_totals

pytestmark = pytest.mark.skipif(not available()[0], reason=available()[1])
Array = Any


@pytest.fixture(autouse=True)
def small_arrays_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of few elements, of arrays that are not large."""
    for name in ("block_rows.BLOCKED_LANES", "row_chains.BLOCKED_LANES", "row_chains.BLOCKED_ROWS"):
        module, number = name.split(".")
        monkeypatch.setattr(import_module(f"tapec.lower.{module}"), number, 64)
    monkeypatch.setattr(row_totals, "BLOCK_ELEMENTS", 200)


def in_blocks(kernel: Any, *arrays: Array) -> bool:
    return "scan" in str(kernel.ir("block_rows", *arrays))


# ---- programs that are met ----


def softmax(x: Array) -> Array:
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


def log_likelihood(x: Array, label: Array) -> Array:
    top = np.max(x, axis=1, keepdims=True)
    logs = x - top - np.log(np.sum(np.exp(x - top), axis=1, keepdims=True))
    return np.sum(logs * label)


def layer_norm(x: Array, scale: Array, shift: Array) -> Array:
    mean = np.mean(x, axis=1, keepdims=True)
    variance = np.mean((x - mean) ** 2, axis=1, keepdims=True)
    return np.sum(np.sin((x - mean) / np.sqrt(variance + 1e-5) * scale + shift))


def nearest(x: Array, c: Array) -> Array:
    return np.sum(np.min(np.sum((x[:, None, :] - c) ** 2, axis=2), axis=1))


def mixture(x: Array, mean: Array, weight: Array) -> Array:
    terms = weight - 0.5 * np.sum((x[:, None, :] - mean) ** 2, axis=2)
    top = np.max(terms, axis=1)
    return np.sum(top + np.log(np.sum(np.exp(terms - top[:, None]), axis=1)))


def pairs(x: Array) -> Array:
    apart = x[:, None, :] - x
    square = np.sum(apart**2, axis=2) + 0.1
    return np.sum(np.sum(apart / square[:, :, None] ** 1.5, axis=1) ** 2)


def turned(r: Array, x: Array) -> Array:
    y = np.einsum("nij,nj->ni", r, x)
    return np.sum(y / np.sqrt(1.0 + np.sum(y * y, axis=1, keepdims=True)), axis=0)


NAMED: dict[str, tuple[Callable[..., Any], tuple[tuple[int, ...], ...]]] = {
    "softmax": (softmax, ((96, 7),)),
    "softmax of a prime number of rows": (softmax, ((101, 5),)),
    "softmax of long rows": (softmax, ((64, 50),)),
    "likelihood": (log_likelihood, ((80, 10), (80, 10))),
    "likelihood of long rows": (log_likelihood, ((70, 40), (70, 40))),
    "layer norm": (layer_norm, ((72, 9), (9,), (9,))),
    "layer norm of long rows": (layer_norm, ((67, 64), (64,), (64,))),
    "clusters": (nearest, ((96, 3), (5, 3))),
    "clusters, a prime number": (nearest, ((97, 3), (5, 3))),
    "mixture": (mixture, ((88, 2), (4, 2), (4,))),
    "pairs": (pairs, ((64, 3),)),
    "a matrix for each": (turned, ((90, 3, 3), (90, 3))),
}


@pytest.mark.parametrize("name", NAMED)
def test_programs(name: str) -> None:
    program, shapes = NAMED[name]
    rng = np.random.default_rng(len(name))
    arrays = [rng.normal(size=s) for s in shapes]
    kernel = tapec.compile(program)
    np.testing.assert_allclose(kernel(*arrays), program(*arrays), rtol=1e-11, atol=1e-12)
    assert in_blocks(kernel, *arrays)
    slopes(program, arrays, rng)


def slopes(program: Callable[..., Any], arrays: list[Array], rng: Any) -> None:
    """Gradients against the interpreter's, and against differences."""

    def total(*xs: Array) -> Any:
        return np.sum(program(*xs) * 0.7)

    numbers = tuple(range(len(arrays)))
    found = tapec.grad(total, argnums=numbers)(*arrays)
    steps = [rng.normal(size=a.shape) for a in arrays]
    ahead, behind = (
        total(*(a + sign * 1e-6 * s for a, s in zip(arrays, steps, strict=True)))
        for sign in (1, -1)
    )
    slope = sum(np.sum(f * s) for f, s in zip(found, steps, strict=True))
    np.testing.assert_allclose(slope, (ahead - behind) / 2e-6, rtol=2e-5, atol=1e-5)


# ---- programs made at random ----

ROWS, WIDTH = 96, 6


def steps(rng: random.Random) -> list[Callable[[Array, Array, Array], Array]]:
    """Ops on rows x (n, m), with a vector v (m) and a matrix w (m, m) that all rows share."""
    k = rng.randrange(WIDTH)
    return [
        lambda x, v, w: np.tanh(x) * v,
        lambda x, v, w: x / (1.0 + np.sum(x * x, axis=1, keepdims=True)),
        lambda x, v, w: x - np.max(x, axis=1, keepdims=True),
        lambda x, v, w: np.tanh(x @ w),
        lambda x, v, w: x * (x == np.min(x, axis=1)[:, None]) + 0.1 * x,
        lambda x, v, w: np.concatenate([x[:, k:], np.sin(x[:, :k])], axis=1),
        lambda x, v, w: np.stack([x[:, j] * x[:, k] for j in range(WIDTH)], axis=1),
        lambda x, v, w: x + np.sum(x.reshape(len(x), 2, 3), axis=2).repeat(3, axis=1),
        lambda x, v, w: (x.T * np.sum(np.cos(x.T), axis=0)).T,
        lambda x, v, w: np.where(x > v, x, 0.3 * x) + x[:, k : k + 1],
        lambda x, v, w: x * (np.argmax(x, axis=1)[:, None] == np.arange(WIDTH)) + 0.5 * x,
        lambda x, v, w: x + np.sin(np.sum(x, axis=0)) / len(x),
        lambda x, v, w: np.cumsum(x, axis=1) * 0.3,
        lambda x, v, w: x + 0.01 * np.einsum("ni,nj,ij->n", x, x, w)[:, None],
        lambda x, v, w: x - np.mean(x),
        lambda x, v, w: np.broadcast_to(np.prod(np.cos(x), axis=1)[:, None], x.shape) - x,
    ]


ENDS: list[Callable[[Array, Array], Any]] = [
    lambda x, v: x,
    lambda x, v: np.sum(x),
    lambda x, v: np.sum(x, axis=0) * v,
    lambda x, v: x.T @ np.sin(x),
    lambda x, v: np.sum(x, axis=1),
    lambda x, v: np.sum(np.max(x, axis=1) * np.min(x, axis=1)) + x.T,
]


@pytest.mark.parametrize("seed", sampled(range(60), 6))
def test_random_chains(seed: int) -> None:
    pick = random.Random(seed)
    chain = [pick.choice(steps(pick)) for _ in range(pick.randint(2, 5))]
    end, rows = pick.choice(ENDS), pick.choice([ROWS, 67, 128])

    def program(x: Array, v: Array, w: Array) -> Any:
        for step in chain:
            x = step(x, v, w)
        return end(x, v)

    rng = np.random.default_rng(seed)
    shapes = ((rows, WIDTH), (WIDTH,), (WIDTH, WIDTH))
    arrays = [rng.normal(size=s) for s in shapes]
    np.testing.assert_allclose(
        tapec.compile(program)(*arrays), program(*arrays), rtol=1e-9, atol=1e-11
    )
    slopes(program, arrays, rng)

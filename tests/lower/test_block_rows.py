"""Chains of ops on rows in one loop, over blocks or with rows in registers, against NumPy."""

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
from tapec.lower import columns, row_totals

pytestmark = pytest.mark.skipif(not available()[0], reason=available()[1])
Array = Any


@pytest.fixture(autouse=True)
def small_arrays_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of few elements, of arrays that are not large."""
    for name in ("row_chains.BLOCKED_LANES", "row_chains.BLOCKED_ROWS"):
        module, number = name.split(".")
        monkeypatch.setattr(import_module(f"tapec.lower.{module}"), number, 64)
    monkeypatch.setattr(columns, "BLOCKED_LANES", 64)
    monkeypatch.setattr(row_totals, "BLOCK_ELEMENTS", 200)


@pytest.fixture
def no_registers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "COLUMN_OPS", 0)


def in_blocks(kernel: Any, *arrays: Array) -> bool:
    return "scan" in str(kernel.ir("block_rows", *arrays))


def in_registers(kernel: Any, *arrays: Array) -> bool:
    return str(kernel.ir("split_rows", *arrays)) != str(kernel.ir("unroll", *arrays))


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
    "layer norm alone": (
        lambda x: (x - np.mean(x, axis=1)[:, None]) / np.std(x, axis=1)[:, None],
        ((67, 9),),
    ),
    "clusters": (nearest, ((96, 3), (5, 3))),
    "clusters, a prime number": (nearest, ((97, 3), (5, 3))),
    "mixture": (mixture, ((88, 2), (4, 2), (4,))),
    "pairs": (pairs, ((64, 3),)),
    "a matrix for each": (turned, ((90, 3, 3), (90, 3))),
}


@pytest.mark.usefixtures("no_registers")
@pytest.mark.parametrize("name", NAMED)
def test_programs_in_blocks(name: str) -> None:
    assert in_blocks(*checked(*NAMED[name]))


def turned_about(v: Array, x: Array) -> Array:
    """Vectors turned about others by their lengths."""
    angle = np.sqrt(np.sum(v * v, axis=1, keepdims=True))
    axis = v / angle
    along = np.sum(axis * x, axis=1, keepdims=True)
    turned = np.cos(angle) * x + np.sin(angle) * np.cross(axis, x)
    return turned + (1.0 - np.cos(angle)) * along * axis


def picked(table: Array, x: Array) -> Array:
    """Rows of a table, one for each row."""
    number = np.arange(len(x)) % len(table)
    found = table[number] * x + table[number - 1]
    return np.sum(found * found, axis=1)


def adjugates(a: Array) -> Array:
    """Of matrices of 3 x 3, and their determinants, as flat as they are returned."""
    rows = [np.cross(a[:, (k + 1) % 3], a[:, (k + 2) % 3]) for k in range(3)]
    found = np.stack(rows, axis=2)
    volume = np.sum(a[:, 0] * found[:, :, 0], axis=1)
    return np.concatenate([(found / volume[:, None, None]).ravel(), volume])


def spun(x: Array, v: Array) -> Array:
    """Steps of a motion in a loop."""
    for _ in range(3):
        v = v - 0.1 * x / (0.5 + np.sum(x * x, axis=1, keepdims=True))
        x = x + 0.1 * np.cross(v, x)
    return x


SHORT: dict[str, tuple[Callable[..., Any], tuple[tuple[int, ...], ...]]] = {
    "softmax": (softmax, ((96, 7),)),
    "layer norm": (lambda x: (x - np.mean(x, axis=1)[:, None]) / np.std(x, axis=1)[:, None],
                   ((67, 9),)),
    "rotations": (turned_about, ((70, 3), (70, 3))),
    "a table": (picked, ((5, 3), (65, 3))),
    "adjugates": (adjugates, ((80, 3, 3),)),
    "products of matrices": (lambda a, b: (a @ b) / np.sum(a * a, axis=(1, 2))[:, None, None],
                             ((64, 3, 2), (64, 2, 4))),
    "rows last": (lambda x: x / np.sqrt(np.sum(x * x, axis=0)), ((4, 80),)),
    "a loop": (spun, ((72, 3), (72, 3))),
}  # fmt: skip


@pytest.mark.parametrize("name", SHORT)
def test_rows_in_registers(name: str) -> None:
    kernel, *arrays = checked(*SHORT[name])
    assert name == "rows last" or in_registers(kernel, *arrays)


@pytest.mark.parametrize("argnum", [0, 1])
def test_jacobians_of_rows_in_registers(argnum: int) -> None:
    rng = np.random.default_rng(argnum)
    v, x = rng.normal(size=(66, 3)), rng.normal(size=(66, 3))

    def one(v: Array, x: Array) -> Any:
        return turned_about(v[None], x[None])[0]

    kernel = tapec.vmap(tapec.jacobian(one, argnums=argnum))
    found = kernel(v, x)
    assert in_registers(kernel, v, x)
    for row in (0, 41, 65):
        single = tapec.jacobian(one, argnums=argnum)(v[row], x[row])
        np.testing.assert_allclose(found[row], single, rtol=1e-11, atol=1e-12)


def test_a_place_outside_of_a_table_is_refused_in_registers() -> None:
    table, x = np.ones((5, 3)), np.ones((90, 3))
    number = np.arange(90) % 5
    kernel = tapec.compile(lambda t, n, x: np.sum(np.sin(t[n] * x), axis=1))
    np.testing.assert_allclose(kernel(table, number, x), 3 * np.sin(1.0) * np.ones(90))
    assert in_registers(kernel, table, number, x)
    number[77] = 5
    with pytest.raises(IndexError):
        kernel(table, number, x)
    number[77] = -5
    np.testing.assert_allclose(kernel(table, number, x), 3 * np.sin(1.0) * np.ones(90))


def checked(
    program: Callable[..., Any], shapes: tuple[tuple[int, ...], ...]
) -> tuple[Any, *tuple[Array, ...]]:
    """The kernel of a program and arguments, after a comparison with NumPy."""
    rng = np.random.default_rng(len(shapes))
    arrays = [rng.normal(size=s) for s in shapes]
    kernel = tapec.compile(program)
    np.testing.assert_allclose(kernel(*arrays), program(*arrays), rtol=1e-11, atol=1e-12)
    slopes(program, arrays, rng)
    return kernel, *arrays


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
def test_random_chains(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pick = random.Random(seed)
    if pick.random() < 0.5:
        monkeypatch.setattr(columns, "COLUMN_OPS", 0)
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

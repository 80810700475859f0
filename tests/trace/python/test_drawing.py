"""Random numbers drawn in traced code from seeded generators are arrays of the trace."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import tapec


def written(x: Any) -> Any:
    weights = np.random.RandomState(0).randn(3, 3) * 0.1
    weights[0] = x
    return weights.sum()


def flipped(x: Any) -> Any:
    rng = np.random.default_rng(5)
    spins = rng.choice([-1, 1], size=(3, 3))
    for i in range(3):
        if rng.random() < np.exp(-i / x):
            spins[i, 0] *= -1
    return x * spins.sum() + x * spins[0, 0]


def complex_noise(x: Any) -> Any:
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(4) + 1j * rng.standard_normal(4)
    return np.sum(np.abs(noise * x)) + rng.integers(3) * x


def shuffled(x: Any) -> Any:
    rng = np.random.default_rng(0)
    order = np.arange(5)
    rng.shuffle(order)
    filled = np.empty(3)
    rng.random(out=filled)
    return x * order[0] + x * filled[1] + x * rng.permutation(4)[2]


def covariant(x: Any) -> Any:
    draws = np.random.default_rng(0).multivariate_normal(np.zeros(2), np.eye(2), size=3)
    draws[:, 1] *= x
    return np.sum(draws**2)


def pythons(x: Any) -> Any:
    rng = random.Random(0)
    order = [1, 2, 3]
    rng.shuffle(order)
    return x * order[0] + x * rng.random()


@pytest.mark.parametrize("f", [written, flipped, complex_noise, shuffled, covariant, pythons])
def test_value_and_slope(f: Any) -> None:
    value, slope = tapec.value_and_grad(tapec.compile(f, backend="numpy"))(0.7)
    assert value == pytest.approx(f(0.7), rel=1e-14)
    assert slope == pytest.approx((f(0.7 + 1e-6) - f(0.7 - 1e-6)) / 2e-6, rel=1e-7)


def test_traced_parameters_are_refused() -> None:
    with pytest.raises(tapec.TapecError, match=r"m \+ s \* rng.standard_normal"):
        tapec.compile(lambda x: np.random.default_rng(0).normal(x, 1.0))(0.7)

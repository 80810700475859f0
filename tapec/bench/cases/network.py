# mypy: disable-error-code="no-any-return, import-untyped"
"""A multilayer perceptron with softmax cross-entropy."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from tapec.bench.case import Arguments, Array, Case, Task
from tapec.bench.reference import Exact

WIDTHS = (64, 48, 32, 10)
BATCH = 128


def perceptron(
    w1: Array, b1: Array, w2: Array, b2: Array, w3: Array, b3: Array, x: Array, target: Array
) -> Array:
    """Mean cross-entropy of a 3-layer tanh network on inputs (n, 64), one-hot targets (n, 10)."""
    hidden = np.tanh(x @ w1 + b1)
    hidden = np.tanh(hidden @ w2 + b2)
    logits = hidden @ w3 + b3
    shift = np.max(logits, axis=1, keepdims=True)
    log_sum = shift[:, 0] + np.log(np.sum(np.exp(logits - shift), axis=1))
    return np.mean(log_sum - np.sum(logits * target, axis=1))


def backpropagation(
    w1: Array, b1: Array, w2: Array, b2: Array, w3: Array, b3: Array, x: Array, target: Array
) -> tuple[Array, ...]:
    """The gradient by hand: Rumelhart, Hinton, Williams, Nature 323 (1986)."""
    h1 = np.tanh(x @ w1 + b1)
    h2 = np.tanh(h1 @ w2 + b2)
    logits = h2 @ w3 + b3
    weights = np.exp(logits - logits.max(1, keepdims=True))
    delta3 = (weights / weights.sum(1, keepdims=True) - target) / len(x)
    delta2 = (delta3 @ w3.T) * (1.0 - h2**2)
    delta1 = (delta2 @ w2.T) * (1.0 - h1**2)
    return x.T @ delta1, delta1.sum(0), h1.T @ delta2, delta2.sum(0), h2.T @ delta3, delta3.sum(0)


def _inputs(rng: np.random.Generator) -> Arguments:
    parameters: list[Array] = []
    for fan_in, fan_out in pairwise(WIDTHS):
        parameters.append(rng.standard_normal((fan_in, fan_out)) / np.sqrt(fan_in))
        parameters.append(0.1 * rng.standard_normal(fan_out))
    target = np.eye(WIDTHS[-1])[rng.integers(0, WIDTHS[-1], BATCH)]
    return *parameters, rng.standard_normal((BATCH, WIDTHS[0])), target


CASES = (
    Case(
        name="mlp",
        about=f"multilayer perceptron {'-'.join(map(str, WIDTHS))}, cross-entropy, batch {BATCH}",
        f=perceptron,
        inputs=_inputs,
        argnums=(0, 1, 2, 3, 4, 5),
        references={Task.GRADIENT: Exact(backpropagation)},
        family="mlp",
    ),
)

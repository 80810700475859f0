"""A network of K layers trained on Fisher's iris data by its compiled gradient."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

import tapec

WIDTHS = (4, 12, 8, 3)


def load():
    """Standardised measures (150, 4) and one-hot species (150, 3)."""
    table = np.loadtxt(Path(__file__).parent / "data" / "iris.csv", delimiter=",", skiprows=1)
    x, species = table[:, :4], table[:, 4].astype(int)
    return (x - x.mean(0)) / x.std(0), np.eye(3)[species]


def initial(seed=0):
    """A list of (weights, biases), one pair a layer."""
    rng = np.random.default_rng(seed)
    return [(rng.standard_normal((m, n)) / np.sqrt(m), np.zeros(n)) for m, n in pairwise(WIDTHS)]


def logits(layers, x):
    """The network: tanh between the layers."""
    for weights, bias in layers[:-1]:
        x = np.tanh(x @ weights + bias)
    weights, bias = layers[-1]
    return x @ weights + bias


@tapec.compile
def loss(layers, x, target):
    """Mean cross-entropy with a little weight decay; the parameters are a nested list."""
    z = logits(layers, x)
    top = np.max(z, axis=1, keepdims=True)
    log_sum = np.log(np.sum(np.exp(z - top), axis=1)) + top[:, 0]
    decay = sum(np.sum(weights**2) for weights, _ in layers)
    return np.mean(log_sum - np.sum(z * target, axis=1)) + 1e-4 * decay


def train(layers, x, target, steps=400, rate=0.3, momentum=0.9):
    """Full-batch gradient descent with momentum."""
    velocity = [(np.zeros_like(w), np.zeros_like(b)) for w, b in layers]
    for step in range(steps):
        value, slopes = loss.value_and_grad(layers, x, target)
        if step % 100 == 0:
            print(f"step {step:4d}  loss {value:.4f}")
        velocity = [
            (momentum * vw - rate * gw, momentum * vb - rate * gb)
            for (vw, vb), (gw, gb) in zip(velocity, slopes, strict=True)
        ]
        layers = [(w + vw, b + vb) for (w, b), (vw, vb) in zip(layers, velocity, strict=True)]
    return layers


def main() -> None:
    """Train, and count the flowers named right."""
    x, target = load()
    layers = train(initial(), x, target)
    right = np.mean(logits(layers, x).argmax(1) == target.argmax(1))
    print(f"accuracy {right:.3f}")
    assert right > 0.97


if __name__ == "__main__":
    main()

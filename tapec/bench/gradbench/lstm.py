# mypy: disable-error-code="no-any-return"
"""lstm: the loss of a network of long short-term memory with diagonal weights, as in ADBench."""

from __future__ import annotations

from typing import Any

import numpy as np

import tapec
from tapec.bench.case import Array
from tapec.bench.gradbench.protocol import EvalFunction


def sigmoid(x: Array) -> Array:
    """The logistic function."""
    return 1.0 / (1.0 + np.exp(-x))


def cell(layer: Array, state: Array, x: Array) -> tuple[Array, Array]:
    """One step of a layer: weights and biases (2, 4, b) of forget, in, out and change gates."""
    (weight, bias), (hidden, memory) = layer, state
    forget = sigmoid(x * weight[0] + bias[0])
    ingate = sigmoid(hidden * weight[1] + bias[1])
    outgate = sigmoid(x * weight[2] + bias[2])
    change = np.tanh(hidden * weight[3] + bias[3])
    memory = memory * forget + ingate * change
    return outgate * np.tanh(memory), memory


@tapec.compile
def objective(main: Array, extra: Array, state: Array, sequence: Array) -> Any:
    """Layers main (l, 2, 4, b), in and out weights extra (3, b), state (l, 2, b), text (c, b)."""
    state = state.copy()
    total = 0.0
    for t in range(len(sequence) - 1):
        out = sequence[t] * extra[0]
        for layer in range(len(main)):
            state[layer] = cell(main[layer], state[layer], out)
            out = state[layer, 0]
        prediction = out * extra[1] + extra[2]
        norm = np.log(2.0 + np.sum(np.exp(prediction)))
        total += np.sum(sequence[t + 1] * (prediction - norm))
    return -total / sequence[1:].size


def read(given: dict[str, Any]) -> tuple[Any, ...]:
    """The parameters of a layer apart: weights and biases, by gate."""
    names = ("main_params", "extra_params", "state", "sequence")
    main, extra, state, sequence = (np.array(given[n], dtype=np.float64) for n in names)
    layers, bits = len(main) // 2, main.shape[1] // 4
    return main.reshape(layers, 2, 4, bits), extra, state.reshape(layers, 2, bits), sequence


def write(gradient: tuple[Array, Array]) -> list[float]:
    """One list: all main parameters, then the others."""
    found: list[float] = np.concatenate([g.ravel() for g in gradient]).tolist()
    return found


FUNCTIONS = {
    "objective": EvalFunction(objective, read),
    "jacobian": EvalFunction(tapec.compile(tapec.grad(objective, argnums=(0, 1))), read, write),
}

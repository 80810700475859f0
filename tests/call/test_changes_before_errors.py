"""A call that raises keeps what it has changed before, as in Python: arguments, objects, lists."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from support.random_memory import function
from support.sampling import sampled

import tapec

CHANGES = [
    "y[{k}] = x * {k}",
    "y += x",
    "state.items.append(x * {k})",
    "state.items.append({k})",
    "state.table['{k}'] = x",
    "state.count += 1",
    "state.last = x - {k}",
    "if x < {k} - 3:\n        state.count += 10",
    "for j in range(3):\n        y[j] = x * j\n        state.items.append(j)",
]
ERRORS = [
    "if x < {k} - 3:\n        raise ValueError('bad')",
    "assert x > -{k}, 'small'",
    "z = z + np.linalg.inv(np.array([[x, 1.0], [2.0, 1.0]]))[0, 0]",
    "z = z + np.linalg.cholesky(np.array([[x, 0.0], [0.0, 1.0]]))[0, 0]",
    "z = z + y[int(x)]",
    "if x < 0:\n        state.count = {k}\n        if x < -{k}:\n            raise KeyError('low')",
]


def program(seed: int) -> str:
    rng = random.Random(seed)
    lines = [rng.choice(CHANGES) for _ in range(3)]
    lines.insert(rng.randrange(4), rng.choice(ERRORS))
    lines.insert(rng.randrange(5), rng.choice(ERRORS))
    body = "\n    ".join(line.format(k=rng.randrange(4)) for line in lines)
    return f"def program(x, y, state):\n    z = 0.0\n    {body}\n    return x + z\n"


def history(text: str, compiled: Any) -> list[Any]:
    """What calls return or raise, and what they have changed after each."""
    state = SimpleNamespace(items=[], table={}, count=0, last=None)
    f = function(text, "<changes before errors>")

    def inner(x: Any, y: Any) -> Any:
        return f(x, y, state)

    call = inner if compiled is None else tapec.compile(inner, backend=compiled)
    y, found = np.arange(4.0), []
    for x in (1.0, -1.0, 2.0, -2.5, 0.0, 5.0):
        try:
            made: Any = float(call(x, y))
        except tapec.TapecError:
            raise
        except Exception as error:
            made = type(error).__name__, str(error)
        found.append((made, [*state.items], {**state.table}, state.count, state.last, y.tolist()))
    return found


@pytest.mark.parametrize("seed", sampled(range(200), 16))
def test_changes_stay(seed: int) -> None:
    text = program(seed)
    backend = "numpy" if seed % 32 else "llvm"
    try:
        got = history(text, backend)
    except tapec.TapecError as error:
        pytest.skip(str(error))
    want = history(text, None)
    for a, b in zip(got, want, strict=True):
        same_numbers = repr(a[1:]) == repr(b[1:]) and a[0] == pytest.approx(b[0])
        assert repr(a) == repr(b) or same_numbers, text

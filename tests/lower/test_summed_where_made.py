"""Sums of large arrays in the loop that makes these."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pytest

import tapec
from tapec.backends.llvm import available

pytestmark = pytest.mark.skipif(not available()[0], reason=available()[1])

PROGRAMS: dict[str, Callable[[Any], Any]] = {
    "softmax": lambda x: np.exp(x) / np.sum(np.exp(x)),
    "length": lambda x: np.sin(x) / np.sqrt(np.sum(np.sin(x) ** 2)),
    "two sums": lambda x: (np.exp(x) - np.mean(np.exp(x))) / np.max(np.exp(x)),
    "read by nobody else": lambda x: np.sum(np.exp(x)) + 0.0 * np.max(np.exp(x)),
    "sums of columns": lambda x: np.exp(x) / np.sum(np.exp(x), axis=0),
    "sums of rows": lambda x: np.exp(x) / np.sum(np.exp(x), axis=-1, keepdims=True),
    "in place": lambda x: _in_place(x),
}


def _in_place(x: Any) -> Any:
    y = np.cos(x)
    y += np.exp(x)
    return y - np.sum(y)


@pytest.mark.parametrize("shape", [(700,), (3000,), (64, 3), (3, 640)], ids=str)
@pytest.mark.parametrize("name", PROGRAMS)
def test_values_and_gradients(
    name: str, shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    program, x = PROGRAMS[name], np.random.default_rng(5).normal(size=shape)
    weights = np.random.default_rng(6).normal(size=np.shape(program(x)))

    def weighted(x: Any) -> Any:
        return np.sum(program(x) * weights)

    found = []
    for least in (10**9, 1):
        monkeypatch.setattr(import_module("tapec.lower.fusing"), "SUMMED_WHERE_MADE", least)
        found.append((tapec.compile(program)(x), tapec.grad(weighted)(x)))
    np.testing.assert_allclose(found[1][0], program(x), rtol=1e-12, atol=1e-14)
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-13)

"""`vjp` and `linearize` from disk: neither the run nor the map is traced again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tapec
from tapec.cache.store import Store
from tests.support.processes import fresh, write

TEXT = """\
import numpy as np

FACTORS = np.array([1.0, 2.0, 3.0])
SCALE = 0.5

def one(x):
    return np.sin(x) * FACTORS

def nested(x):
    s = SCALE
    for k in range(50):
        s = s * np.cos(s) + x[0]
    return {"a": np.sum(x * x), "b": (x[:2] * s, 3)}, np.exp(x).astype(int)

def raising(x):
    if x[0] > 5.0:
        raise ValueError("too far")
    return np.cumsum(x) ** 2
"""
X = np.array([0.3, 0.8, 1.1])
V = np.array([1.0, -2.0, 0.5])


@pytest.fixture
def folder(disk: Store, tmp_path: Path) -> Path:
    write(tmp_path, "maps", TEXT)
    return tmp_path


def leaves(found: Any) -> list[Any]:
    if isinstance(found, dict):
        return leaves(list(found.values()))
    if isinstance(found, list | tuple):
        return [x for part in found for x in leaves(part)]
    return [np.asarray(found)]


def seeds(value: Any) -> Any:
    """Cotangents of a value."""
    if isinstance(value, dict):
        return {k: seeds(v) for k, v in value.items()}
    if isinstance(value, tuple):
        return tuple(map(seeds, value))
    return np.ones(np.shape(value))


def pulled(f: Any) -> Any:
    value, pull = tapec.vjp(f, X)
    return value, pull(seeds(value)), pull(seeds(value))


def pushed(f: Any) -> Any:
    value, push = tapec.linearize(f, X)
    return value, push(V), push(-V)


def never(*args: Any) -> Any:
    raise AssertionError("traced again")


@pytest.mark.parametrize("through", [pulled, pushed])
@pytest.mark.parametrize("name", ["one", "nested", "raising"])
def test_maps_are_found(
    name: str, through: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = through(getattr(fresh(folder, "maps"), name))
    module = fresh(folder, "maps")
    monkeypatch.setattr("tapec.call.tracing.specialize", never)
    found = through(getattr(module, name))
    for a, b in zip(leaves(found), leaves(first), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    assert str(found) == str(first)


def test_maps_follow_what_is_captured(folder: Path) -> None:
    for factor in (1.0, 2.0, 2.0):
        module = fresh(folder, "maps")
        module.FACTORS = module.FACTORS * factor
        (slope,) = tapec.vjp(module.one, X)[1](np.ones(3))
        np.testing.assert_allclose(slope, np.cos(X) * np.array([1.0, 2.0, 3.0]) * factor)
        module.FACTORS[:] = 7.0
        (slope,) = tapec.vjp(module.one, X)[1](np.ones(3))
        np.testing.assert_allclose(slope, np.cos(X) * 7.0)


def test_edited_functions_have_other_maps(folder: Path) -> None:
    tapec.linearize(fresh(folder, "maps").one, X)[1](V)
    write(folder, "maps", TEXT.replace("np.sin(x)", "np.cos(x)"))
    found = tapec.linearize(fresh(folder, "maps").one, X)[1](V)
    np.testing.assert_allclose(found, -np.sin(X) * np.array([1.0, 2.0, 3.0]) * V)


def test_exceptions_of_the_function(folder: Path) -> None:
    for _ in range(2):
        f = fresh(folder, "maps").raising
        with pytest.raises(ValueError, match="too far"):
            tapec.vjp(f, X + 9.0)
        tapec.vjp(f, X)[1](np.ones(3))

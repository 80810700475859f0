"""What sparse derivatives keep on disk: colourings of patterns, and programs of nonzeros."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapec
from tapec.cache.store import Store
from tapec.derive import sparse_colours
from tapec.sparse import colouring

N = 1_100
X = np.linspace(0.0, 1.0, N)


def chain(x: Any) -> Any:
    return np.sum((x[1:] - x[:-1] ** 2) ** 2 * (1.0 + x[1:]))


def steps(x: Any) -> Any:
    return x[1:] * np.sin(x[:-1])


@pytest.mark.parametrize("kind", ["star", "acyclic"])
def test_a_colouring_is_found_once(kind: Any, disk: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    first = tapec.hessian(chain, sparse=True, route="compressed", colouring=kind)(X)
    entries = len(list(disk.entries()))
    assert entries

    def never(*args: Any) -> Any:
        raise AssertionError("coloured again")

    for name in ("_partial", "_orders"):
        monkeypatch.setattr(colouring, name, never)
    again = tapec.hessian(chain, sparse=True, route="compressed", colouring=kind)(X)
    assert again.data.tobytes() == first.data.tobytes()
    monkeypatch.setattr(sparse_colours.CACHE, "enabled", False)
    with pytest.raises(AssertionError, match="coloured again"):
        tapec.hessian(chain, sparse=True, route="compressed", colouring=kind)(X)


def test_other_patterns_and_options_are_other_entries(disk: Store) -> None:
    def count(**options: Any) -> int:
        before = {key for key, _ in disk.entries()}
        _ = tapec.jacobian(steps, sparse=True, **options).sparsity(options.pop("x", X)).colours
        return len({key for key, _ in disk.entries()} - before)

    assert count(mode="fwd")
    assert count(mode="rev")
    assert count(mode="fwd", order="natural")
    assert not count(mode="fwd")


def test_direct_emission_colours_nothing(disk: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*args: Any) -> Any:
        raise AssertionError("coloured")

    monkeypatch.setattr("tapec.derive.sparse.kept", never)
    derivative = tapec.jacobian(steps, sparse=True)
    np.testing.assert_allclose(derivative(X).diagonal(), X[1:] * np.cos(X[:-1]))
    with pytest.raises(AssertionError, match="coloured"):
        _ = derivative.sparsity(X).colours


def test_programs_of_nonzeros_are_kept(disk: Store) -> None:
    for _ in range(2):
        derivative = tapec.jacobian(steps, sparse=True)
        derivative(X)
        plan, inputs = derivative._prepared((X,), {})
        text = str(plan.kernel.explain(*plan.part.layout, *inputs))
    assert "from disk" in text

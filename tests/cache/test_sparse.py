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


# --- patterns, and programs that compute nonzeros one by one --------------------------------------


def few(x: Any) -> Any:
    return {"a": x[:3] * x[1:4], "b": (3.0 * x[4:6], np.array([x[0] ** 2, 2.0]))}


def chosen(x: Any, places: Any) -> Any:
    y = x[places] ** 2
    if np.any(y > 1e9):
        raise ValueError("too large")
    return y


def last(x: Any, w: Any) -> Any:
    return w * x[::2] * x[1::2]


Made = Any
PLACES = np.array([3, 0, 3])
KEPT: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "few nonzeros": (lambda: tapec.jacobian(few, sparse=True, format="csc"), (X[:8],)),
    "rows of one distance": (lambda: tapec.jacobian(steps, sparse=True), (X,)),
    "coordinates": (lambda: tapec.jacobian(last, argnums=(1, 0), sparse=True, format="coo"),
                    (X, X[::2])),
    "places": (lambda: tapec.jacobian(chosen, sparse=True), (X, PLACES)),
    "a triangle": (lambda: tapec.hessian(chain, sparse=True, triangle="lower"), (X,)),
}  # fmt: skip


def parts(found: Any) -> list[bytes]:
    """The bytes of all matrices."""
    if isinstance(found, dict):
        return parts(list(found.values()))
    if isinstance(found, list | tuple):
        return [b for part in found for b in parts(part)]
    return [np.ascontiguousarray(v).tobytes() for _, v in sorted(vars(found.tocoo()).items())
            if isinstance(v, np.ndarray)] + [repr(found).encode()]  # fmt: skip


@pytest.fixture
def never_again(monkeypatch: pytest.MonkeyPatch) -> Any:
    def start() -> None:
        def never(*args: Any) -> Any:
            raise AssertionError("looked for again")

        for name in ("dependence", "direct"):
            monkeypatch.setattr(f"tapec.derive.sparse.{name}", never)

    return start


@pytest.mark.parametrize("name", KEPT)
def test_a_pattern_is_found_once(name: str, disk: Store, never_again: Any) -> None:
    make, args = KEPT[name]
    first, made = make()(*args), make()
    never_again()
    assert parts(made(*args)) == parts(first)
    assert made.sparsity(*args).pattern.nnz >= 1
    assert parts(made.template(*args)) != parts(first)
    np.testing.assert_array_equal(made.numbers(*args)(*args), make().numbers(*args)(*args))


def test_what_decides_a_pattern_is_in_its_key(disk: Store, never_again: Any) -> None:
    make, (x, places) = KEPT["places"]
    make()(x, places)

    def other(x: Any, places: Any) -> Any:
        return x[places] ** 3

    never_again()
    for made, given in (
        (make(), (x, places + 1)),
        (make(), (x[:-1], places)),
        (tapec.jacobian(other, sparse=True), (x, places)),
        (tapec.jacobian(chosen, sparse=True, format="coo"), (x, places)),
        (tapec.jacobian(chosen, sparse=True, route="direct"), (x, places)),
    ):
        with pytest.raises(AssertionError, match="looked for again"):
            made(*given)


def test_what_is_kept_raises_as_before(disk: Store, never_again: Any) -> None:
    make, (x, places) = KEPT["places"]
    make()(x, places)
    never_again()
    with pytest.raises(ValueError, match="too large"):
        make()(x * 1e6 + 1e6, places)


def test_a_damaged_entry_is_no_pattern(disk: Store) -> None:
    make, args = KEPT["few nonzeros"]
    first = make()(*args)
    for path, _ in disk.entries():
        with open(path, "r+b") as file:
            file.seek(-3, 2)
            file.write(b"???")
    assert parts(make()(*args)) == parts(first)


def test_index_arrays_from_the_disk_are_read_only(disk: Store) -> None:
    x = np.linspace(0.2, 1.3, 5)
    for _ in range(2):
        found = tapec.hessian(lambda x: np.sum((x[1:] * x[:-1]) ** 2), sparse=True)(x)
        assert not found.indices.flags.writeable
        assert not found.indptr.flags.writeable


def test_bundles_and_programs_of_solvers_are_found_again(
    disk: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, weights = np.linspace(0.2, 1.3, 40), np.linspace(1.0, 2.0, 39)
    before, after = np.linspace(0.5, 1.0, 40), np.linspace(1.5, 2.0, 40)
    gains = {"all": 1.5, "each": before}

    def energy(x: Any) -> Any:
        return gains["all"] * np.sum(gains["each"] * np.sin(x) ** 2)

    def numbers() -> list[Any]:
        bundle = tapec.derive(energy, "value", "grad", "hess", sparse=True)(x)
        program = tapec.nlp(energy, steps, 40)
        found = [program.hessian(x, weights), program.jacobian(x)]
        gains.update(all=2.5, each=after)  # what is captured is read again
        found += [program.hessian(x, weights), *tapec.derive(energy, "hess", sparse=True)(x)]
        gains.update(all=1.5, each=before)
        return [bundle.value, bundle.grad, bundle.hess.data, *found[:3], found[3].data]

    first = numbers()
    curvature = 2.5 * 2 * after * np.cos(2 * x)
    np.testing.assert_allclose(first[-1], curvature)

    def never(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("compiled again")

    monkeypatch.setattr("tapec.lower.lower", never)
    again = numbers()
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)

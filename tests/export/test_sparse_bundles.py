"""Bundles with sparse derivatives as C functions: the bits of Python, tables of each matrix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from support import exported
from support.sampling import sampled_tuples

import tapec

X = np.linspace(0.1, 1.2, 12)
D = np.cos(X)
GAINS = np.linspace(1.0, 2.0, 12)


def chain(x: Any, a: Any) -> Any:
    return np.sum((x[1:] - a * x[:-1] ** 2) ** 2 * GAINS[1:])


def coupled(x: Any, a: Any) -> Any:
    return {"near": (3 - 2 * x) * x + a * np.roll(x, 1) * GAINS, "total": np.sum(x**2)}


def flat(found: Any) -> list[Any]:
    """All numbers that a bundle returns, in order: of matrices the nonzeros."""
    if hasattr(found, "data") and not isinstance(found, np.ndarray):
        return [np.asarray(found.data)]
    if isinstance(found, dict):
        found = tuple(found.values())
    if isinstance(found, tuple):
        return [x for part in found for x in flat(part)]
    return [np.asarray(found)]


WEIGHTS = {"near": D, "total": 0.5}
BUNDLES = [
    (chain, ("value", "grad", "hess"), {"sparse": True}, ()),
    (chain, ("grad", "hess", "hvp"), {"sparse": ["hess"], "format": "csc"}, (D,)),
    (chain, ("hess", "value"), {"sparse": True, "triangle": "lower", "format": "coo"}, ()),
    (coupled, ("value", "jac", "gn"), {"sparse": True}, ()),
    (coupled, ("jac", "jvp", "vjp"), {"sparse": True}, (D, WEIGHTS)),
    (coupled, ("value", "jac"), {"sparse": True, "argnums": (0, 1)}, ()),
]


@pytest.mark.parametrize(("f", "names", "options", "seeds"), sampled_tuples(BUNDLES, 4))
def test_c_functions_give_the_same_bits(f: Any, names: Any, options: Any, seeds: Any) -> None:
    bundle = tapec.derive(f, *names, **options)
    args = (X, 1.5, *seeds)
    wanted = flat(tuple(bundle(*args)))
    outs = [np.full(np.shape(w) or (1,), np.nan) for w in wanted]
    given = [v for a in args for v in (a.values() if isinstance(a, dict) else (a,))]
    function = bundle.ctypes(*args)
    assert function(*given, *outs) == 0
    for out, want in zip(outs, wanted, strict=True):
        assert out.tobytes() == np.asarray(want, float).tobytes(), function.__doc__
    assert bundle.address(*args) == bundle.address(*args)


@exported.needs_compiler
def test_exported_with_tables_of_each_matrix(tmp_path: Path) -> None:
    bundle = tapec.derive(coupled, "value", "jac", "jvp", sparse=True, argnums=(0, 1))
    args = (X, 1.5, (D, 1.0))
    made = bundle.export(tmp_path / "both", *args, shared=False)
    text = made.header.read_text()
    assert "both: value, jac, jvp of coupled" in text
    found = bundle(*args)
    blocks = [m for row in found.jac.values() for m in row]
    for k, matrix in enumerate(blocks):
        assert f"BOTH_JAC{k}_NONZEROS {matrix.nnz}\n" in text
    values = list(exported.printed(exported.compiled(made))["both"].values())
    wanted = [w for w in flat(tuple(found)) if w.size]  # C has no arrays without elements
    assert len(values) == len(wanted)
    for printed, want in zip(values, wanted, strict=True):
        assert exported.bits(printed, np.asarray(want, float)) == np.asarray(want).tobytes()


def test_a_callback_of_one_nonzero() -> None:
    bundle = tapec.derive(lambda x: np.sin(x) * x, "hess", sparse=True)
    call = bundle.low_level_callable("double (double)")
    area, _ = quad(call, 0.0, 1.0)
    slope = tapec.grad(lambda x: np.sin(x) * x)
    np.testing.assert_allclose(area, slope(1.0) - slope(0.0), rtol=1e-12)

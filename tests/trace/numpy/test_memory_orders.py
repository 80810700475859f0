"""Values, shared memory and order of axes are NumPy's for every function (see `memory_orders`)."""

from __future__ import annotations

from collections import Counter

import pytest
from support.memory_orders import MORE, cases, outcome, resolve

from tapec.trace import TABLE

# Memory that is not initialised, Python objects, user's functions, what is written in place.
SKIPPED = frozenset([
    "empty", "empty_like", "copyto", "put", "put_along_axis", "place", "putmask", "fill_diagonal",
    "broadcast_shapes", "result_type", "promote_types", "ndenumerate", "ndindex", "shape", "ndim",
    "size", "apply_along_axis", "apply_over_axes", "vectorize", "piecewise", "fromfunction",
    "may_share_memory", "shares_memory", "iscomplexobj", "isrealobj", "isscalar", "iterable",
])  # fmt: skip
# Polynomials lose leading zeros, which are values; spacings are no zeros; unsorted arrays have no
# places.
OF_VALUES = frozenset(
    ["gradient", "polymul", "polyadd", "polysub", "polyder", "polyint", "searchsorted"]
)
FUNCTIONS = sorted(
    {name for name in TABLE if name not in SKIPPED | OF_VALUES and resolve(name)} | MORE.keys()
)


def differing(name: str, seeds: range) -> tuple[Counter[str], list[str]]:
    """How often what came out, and a line for all that differs from NumPy."""
    found: Counter[str] = Counter()
    lines = []
    for seed in seeds:
        for k, case in enumerate(cases(name, seed)):
            told = outcome(case, "llvm" if (seed + k) % 100 == 99 else "numpy")
            found[told] += 1
            if told not in ("right", "refused", "skipped"):
                lines.append(f"seed {seed}, call {k}: {case}: {told}")
    return found, lines


@pytest.mark.parametrize("name", sorted(MORE))
def test_calls_with_options(name: str) -> None:
    found, lines = differing(name, range(12 if name == "methods" else 2))
    assert not lines, "\n".join(lines)
    assert found["right"]


@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function(name: str) -> None:
    _, lines = differing(name, range(2, 26))
    assert not lines, "\n".join(lines)

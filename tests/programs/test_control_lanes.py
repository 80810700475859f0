"""vmap of the programs with loops and branches: all points at once agree with one after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from programs.control import PROGRAMS, Program
from programs.control.program import copied

import tapec
from tapec.backends.llvm import available

NATIVE = pytest.mark.skipif(not available()[0], reason=available()[1])
# In every run; the others in the long ones.
QUICK = {
    "arnoldi",
    "bisection_polished",
    "data_dependent_while",
    "edit_distance",
    "escape_time",
    "heron",
    "lu_scalars",
    "nested_ifs",
    "projectile_with_drag",
    "return_from_a_loop",
    "scattered_in_a_loop",
    "tridiagonal_solve",
    "while_break_else",
    "writes_in_branches",
}


def lanes(p: Program) -> tuple[list[Any], tuple[int | None, ...]] | None:
    """The points stacked, and which arguments are; None where they cannot be."""
    args, axes = [], []
    for k, column in enumerate(zip(*map(copied, p.points), strict=True)):
        first = column[0]
        shapes = {np.shape(x) for x in column}
        if k not in p.argnums and all(np.array_equal(x, first) for x in column):
            args.append(first)
            axes.append(None)
        elif len(shapes) == 1 and (k in p.argnums or isinstance(first, np.ndarray)):
            args.append(np.stack([np.asarray(x) for x in column]))
            axes.append(0)
        else:
            return None
    return args, tuple(axes)


def cases() -> list[Any]:
    found = [p for p in PROGRAMS if lanes(p) is not None]
    assert {p.name for p in found} >= QUICK
    quick = [pytest.param(p, id=p.name) for p in found if p.name in QUICK]
    slow = [p for p in found if p.name not in QUICK]
    return quick + [pytest.param(p, id=p.name, marks=pytest.mark.slow) for p in slow]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    "backend", ["numpy", pytest.param("llvm", marks=[NATIVE, pytest.mark.slow])]
)
@pytest.mark.parametrize("p", cases())
def test_values_and_gradients_of_lanes(p: Program, backend: Any) -> None:
    stacked = lanes(p)
    assert stacked is not None
    args, axes = stacked
    derived = tapec.value_and_grad(p.scalar(), p.argnums)
    single = tapec.compile(derived, backend=backend)
    values, gradients = tapec.compile(tapec.vmap(derived, in_axes=axes), backend=backend)(*args)
    for k, point in enumerate(p.points):
        value, gradient = single(*copied(point))
        np.testing.assert_allclose(values[k], value, rtol=1e-10, atol=1e-12)
        for got, want in zip(gradients, gradient, strict=True):
            scale = max(1.0, float(np.abs(want).max(initial=0.0)))
            np.testing.assert_allclose(got[k], want, rtol=1e-8, atol=1e-10 * scale)

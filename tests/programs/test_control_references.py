"""The corpus of loops and branches: its complex steps agree with extrapolated differences."""

from __future__ import annotations

import numpy as np
import pytest
from programs.control import PROGRAMS, Program
from programs.control.program import copied, moved, weights

from tapec.tools.differences import ridders

every = pytest.mark.parametrize("p", [p for p in PROGRAMS if p.analytic], ids=lambda p: p.name)


@every
def test_complex_steps_are_slopes(p: Program) -> None:
    own = np.random.default_rng(1)
    for point in p.points:
        by = [np.asarray(own.normal(size=np.shape(point[k])))[()] for k in p.argnums]
        scale = weights(p.reference(*copied(point)))

        def line(t: float, point=point, by=by, scale=scale) -> np.ndarray:
            return np.sum(scale * p.reference(*copied(moved(point, p.argnums, by, t))))

        want, _ = ridders(line, step=1e-3)
        got = sum(np.sum(a * b) for a, b in zip(p.gradient(point), by, strict=True))
        assert got == pytest.approx(float(want), rel=1e-6, abs=1e-6)

"""Tangents through regions, against extrapolated differences."""

from __future__ import annotations

import numpy as np
import pytest
from support.region_programs import POINT, PROGRAMS, program

from tapec.ad import tangent
from tapec.backends.interpreter import run
from tapec.ir.verify import verify
from tapec.tools.differences import ridders

DIRECTION = np.array([0.3, -0.8, 0.5, 0.2])


@pytest.mark.parametrize("name", PROGRAMS)
def test_first_order(name: str) -> None:
    f = program(name)
    verify(f)
    moved = tangent(f, [True])
    verify(moved)
    value, found = run(moved, [POINT, DIRECTION])
    np.testing.assert_array_equal(value, run(f, [POINT])[0])
    want, _ = ridders(lambda h: run(f, [POINT + h * DIRECTION])[0])
    np.testing.assert_allclose(found, want, rtol=1e-9)


@pytest.mark.parametrize("name", PROGRAMS)
def test_second_order(name: str) -> None:
    once = tangent(program(name), [True])
    once = once.with_results(once.results[1:])
    twice = tangent(once, [True, False])
    verify(twice)
    _, found = run(twice, [POINT, DIRECTION, DIRECTION])
    want, _ = ridders(lambda h: run(once, [POINT + h * DIRECTION, DIRECTION])[0])
    np.testing.assert_allclose(found, want, rtol=1e-8)

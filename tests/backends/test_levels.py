"""How hard the code generator tries: not where its schedulers take quadratic time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapec
from tapec.backends.llvm import available
from tapec.backends.llvm.compile import longest
from tapec.backends.llvm.tuning import LONG_BLOCK_OPS

pytestmark = pytest.mark.skipif(not available()[0], reason=available()[1])


def chain(n: int) -> Any:
    """A loop whose body is n scalar ops in a row."""

    def run(x: Any) -> Any:
        for _ in tapec.rolled(range(5000)):
            for _ in tapec.unroll(range(n // 2)):
                x = x * 0.5 + 0.25
        return x

    return tapec.compile(run)


@pytest.mark.parametrize(("n", "level"), [(20, 2), (2 * LONG_BLOCK_OPS, 1)])
def test_long_blocks_in_loops_get_level_one(n: int, level: int) -> None:
    f = chain(n)
    kernel = f.specialization(0.3).compiled.kernel
    assert kernel.opt == level
    assert longest(kernel.loops_func.ops) >= n
    assert np.isclose(f(0.3), 0.5)


@pytest.mark.parametrize("columns", [3, 40])
@pytest.mark.parametrize("rows", [5, 41])
def test_columns_of_matrices_are_read_and_written_lane_by_lane(rows: int, columns: int) -> None:
    def run(a: Any) -> Any:
        out = np.zeros((rows, columns))
        out[::2, -1] = np.sin(a[1 - rows % 2 :: 2, 1]) + a[0, 0]
        return out

    a = np.random.default_rng(1).normal(size=(rows, columns))
    np.testing.assert_allclose(tapec.compile(run)(a), run(a), rtol=1e-14)

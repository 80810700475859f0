"""Products of np.matrix are not those of arrays: beside traced arrays it is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapec

MATRIX: Any = np.asmatrix(np.arange(4.0).reshape(2, 2))


@pytest.mark.parametrize(
    "f",
    [lambda m, x: m * x, lambda m, x: x * m, lambda m, x: x @ m, lambda m, x: np.add(x, m),
     lambda m, x: np.where(x > 0.0, m, x)],
)  # fmt: skip
def test_a_matrix_is_refused(f: Any) -> None:
    with pytest.raises(tapec.TapecError, match="beside traced arrays"):
        tapec.compile(lambda x: f(MATRIX, x), backend="numpy")(np.eye(2))

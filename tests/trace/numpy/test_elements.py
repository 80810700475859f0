"""Elements as Python's numbers: values, classes, and how they mix with narrow ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec

USES: list[Callable[[Any], Any]] = [
    lambda x: x[0].item(), lambda x: x.item(1), lambda x: x[:1].item(), lambda x: x.sum().item(),
    lambda x: x.tolist(), lambda x: x.reshape(1, 3).tolist(), lambda x: sum(x.tolist()),
    lambda x: x.item(0) * np.float32(3), lambda x: x.item(0) * 0.1, lambda x: x.item(2) * x,
    lambda x: np.allclose(x, x), lambda x: np.array_equal(x, 2 * x), lambda x: np.array_equiv(x, x),
    lambda x: (x > 0).sum().item(), lambda x: (x > 0)[0].item(), lambda x: x.argmax().item(),
]  # fmt: skip


@pytest.mark.parametrize("use", range(len(USES)))
@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "i4"])
def test_elements(use: int, dtype: str) -> None:
    f, x = USES[use], np.array([3, 9, 2], dtype) / np.array(2, dtype)
    x = x.astype(dtype)
    for backend in ("numpy", "llvm"):
        want, got = f(x), tapec.compile(f, backend=backend)(x)
        assert repr(want) == repr(got)


def test_an_element_stays_when_the_array_is_written() -> None:
    def f(x: Any) -> Any:
        z = np.array(x[0])
        old = z.item()
        z[...] = 5.0
        return old

    assert tapec.compile(f)(np.array([0.5, 2.0])) == 0.5


def test_several_elements_are_no_number() -> None:
    with pytest.raises(ValueError, match="size 1"):
        tapec.compile(lambda x: x.item())(np.ones(2))

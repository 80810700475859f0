"""Stores to attributes of what has no memory of its own are refused at the user's line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapec
from tapec.errors import ControlFlowError, UnsupportedOperation


@pytest.mark.parametrize("name", ["flat", "shape", "real", "other"])
def test_slices_of_run_time_length(name: str) -> None:
    def f(x: Any) -> Any:
        v = x[x > 0.5]
        setattr(v, name, 1.0)
        return x

    with pytest.raises(UnsupportedOperation, match=name):
        tapec.compile(f)(np.array([0.9, 0.2]))


def test_values_that_paths_leave_undetermined() -> None:
    def f(x: Any) -> Any:
        v = x if x[0] > 0 else "text"
        v.flat = 1.0
        return x

    with pytest.raises(ControlFlowError):
        tapec.compile(f)(np.array([0.9, 0.2]))

"""Large sweeps: a part of the cases in every run, all of them in the long ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def sampled(cases: Iterable[Any], every: int) -> list[Any]:
    """All cases as parameters; each `every`-th is in the default run, the others are slow."""
    slow = pytest.mark.slow
    return [pytest.param(c, marks=[slow] if k % every else []) for k, c in enumerate(cases)]


def sampled_tuples(cases: Iterable[Any], every: int) -> list[Any]:
    """The same of cases that are several parameters each."""
    slow = pytest.mark.slow
    return [pytest.param(*c, marks=[slow] if k % every else []) for k, c in enumerate(cases)]

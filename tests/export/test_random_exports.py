"""Random programs with loops and branches, exported: the C program prints the bits of Python."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support import exported
from support.random_control import program
from support.sampling import sampled

import tapec

pytestmark = exported.needs_compiler


@pytest.mark.parametrize("seed", sampled(range(60), 40))
def test_the_same_bits(seed: int, tmp_path: Path) -> None:
    _, f = program(seed)
    x = np.random.default_rng(seed).normal(size=4)
    exported.check(tmp_path, tapec.compile(f), (x,), ["value", "grad"])

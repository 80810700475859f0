"""Code for named processors uses the vectors that these have, and no others."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.sampling import sampled_tuples

import tapec

X = np.linspace(0.0, 1.0, 64)
ARM = "aarch64-unknown-linux-gnu"
X86 = "x86_64-unknown-linux-gnu"
needs_objdump = pytest.mark.skipif(shutil.which("llvm-objdump") is None, reason="no llvm-objdump")

# Processor, its triple, what its arithmetic on vectors of doubles is called, what it must not have.
TARGETS = [
    ("generic", ARM, ".2d", "%xmm"),
    ("x86-64", X86, "%xmm", "%ymm"),
    ("x86-64-v3", X86, "%ymm", "%zmm"),
    ("x86-64-v4", X86, "%zmm", ".2d"),
]


def waves(x: Any) -> Any:
    return np.sum(np.exp(-x * x) * np.sin(3.0 * x))


@needs_objdump
@pytest.mark.parametrize(("cpu", "triple", "has", "lacks"), sampled_tuples(TARGETS, 2))
@pytest.mark.parametrize("of", ["value", "grad"])
def test_width_of_vectors(
    of: str, cpu: str, triple: str, has: str, lacks: str, tmp_path: Path
) -> None:
    made = tapec.compile(waves).export(
        tmp_path / "waves", X, of=of, cpu=cpu, triple=triple, shared=False
    )
    listing = subprocess.run(
        ["llvm-objdump", "-d", str(made.object)], capture_output=True, text=True, check=True
    ).stdout
    arithmetic = [line for line in listing.splitlines() if "mul" in line]
    assert any(has in line for line in arithmetic)
    assert lacks not in listing

"""Every module can be the first that is imported: none counts on what others have loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import tapec

ROOT = Path(tapec.__file__).parent
FIRST = """
import importlib, os, sys
import numpy, scipy.signal, scipy.special, scipy.stats, scipy.sparse.linalg
for name in sys.argv[1:]:
    child = os.fork()
    if child == 0:
        try:
            importlib.import_module(name)
        except ImportError as error:
            print(name, error, flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""


def _modules(folder: Path) -> list[str]:
    found = [".".join(("tapec", *p.relative_to(ROOT).with_suffix("").parts)) for p in
             sorted(folder.rglob("*.py")) if p.stem != "__main__"]  # fmt: skip
    return [name.removesuffix(".__init__") for name in found]


def _failures(modules: list[str]) -> str:
    run = [sys.executable, "-c", FIRST, *modules]
    return subprocess.run(run, capture_output=True, text=True, check=True).stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_some_modules_come_first() -> None:
    names = ("complex.fourier", "complex.cosines", "numpy.discrete", "numpy.special_orders")
    assert not _failures(["tapec.scipy.signal", *(f"tapec.trace.{name}" for name in names)])


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.parametrize("room", sorted(p.name for p in ROOT.iterdir() if p.is_dir()))
def test_any_module_comes_first(room: str) -> None:
    assert not _failures(_modules(ROOT / room))

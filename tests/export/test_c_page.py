"""`docs/c.md` is true: its Python runs, its tables are complete, its Rust compiles."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import exported

import tapec
from tapec.backends.llvm.c_callbacks import CALLBACKS
from tapec.call.products import PRODUCTS

PAGE = Path(__file__).parents[2] / "docs" / "c.md"
TEXT = PAGE.read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("source", blocks("python"))
def test_python_runs(source: str) -> None:
    exec(compile(source, str(PAGE), "exec"), {"__name__": "page"})


def test_tables_are_complete() -> None:
    assert {s for s in CALLBACKS if f"`{s}`" in TEXT} == {*CALLBACKS}
    longer = {"jacobian", "hessian"}  # other names of "jac" and "hess"
    assert {p for p in PRODUCTS if f"`{p}`" not in TEXT} == longer


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("rustc") is None, reason="no Rust compiler")
def test_rust_compiles_and_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def energy(x: Any, k: float) -> Any:
        return np.sum(k * np.sin(x[1:] - x[:-1]) ** 2)

    made = tapec.compile(energy).export(tmp_path / "energy", np.ones(20), 2.0, of="grad")
    (source,) = blocks("rust")
    (tmp_path / "main.rs").write_text(source)
    program = tmp_path / "main"
    exported.run("rustc", "-L", str(tmp_path), str(tmp_path / "main.rs"), "-o", str(program))
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    assert exported.run(str(program)).startswith("[")
    assert made.library is not None

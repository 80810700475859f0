"""The documents are true: the page of primitives is fresh, the README's examples run."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import tapec
from tapec import config
from tapec.ir import PRIMITIVES, optable
from tapec.tools.cli import main

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
# Paths as documents quote them: `tapec/ir/core.py`, `tests/files`.
QUOTED = re.compile(r"`((?:tapec|tests|examples|tools)/[\w./-]*)`")


def blocks() -> list[Any]:
    """The README's Python blocks, moved to their own lines so that errors point into the README."""
    text = README.read_text()
    return [
        pytest.param("\n" * text.count("\n", 0, m.start(1)) + m[1], id=f"{k}")
        for k, m in enumerate(BLOCK.finditer(text))
    ]


def test_ops_page_is_fresh() -> None:
    page = Path(optable.__file__).with_name("OPS.md").read_text()
    assert page == optable.markdown(), "run: tapec ops --markdown > tapec/ir/OPS.md"


def test_every_primitive_is_described() -> None:
    rows = optable.rows()
    assert {row.name for row in rows} == set(PRIMITIVES)
    assert [row.name for row in rows if not (row.doc and row.family)] == []


@pytest.mark.parametrize(
    ("name", "operands", "derivative"),
    [
        ("sin", "x", "partials"),
        ("select", "c, a, b", "linear"),
        ("integer_pow", "x {n}", "partials"),
        ("gather", "x, *indices", "linear"),
        ("reduce_max", "x {axes}", "jvp, vjp"),
        ("floor", "x", "zero"),
        ("argmax", "x {axis}", "constant"),
        ("less", "a, b", "constant"),
    ],
)
def test_rows(name: str, operands: str, derivative: str) -> None:
    (row,) = [row for row in optable.rows() if row.name == name]
    assert (row.operands, row.derivative) == (operands, derivative)


def test_command() -> None:
    runner = CliRunner()
    page = runner.invoke(main, ["ops", "--markdown"])
    assert page.exit_code == 0
    assert page.output == optable.markdown()
    listed = runner.invoke(main, ["ops"]).output
    assert all(f"  {name} " in listed for name in PRIMITIVES)


@pytest.mark.parametrize("source", blocks())
def test_readme_block_runs(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {"__name__": "readme", "np": np, "tapec": tapec}
    exec(compile(source, str(README), "exec"), namespace)


def test_architecture_page_shows_what_the_code_prints() -> None:
    spec = importlib.util.spec_from_file_location("pages", ROOT / "tools" / "pages.py")
    assert spec is not None
    assert spec.loader is not None
    pages = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pages)
    for path in pages.PAGES:
        page = path.read_text()
        assert len(pages.SHOWN.findall(page)) >= 5
        assert page == pages.fresh(page), "run: python tools/pages.py"


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "docs/architecture.md"])
def test_quoted_paths_exist(document: str) -> None:
    quoted = QUOTED.findall((ROOT / document).read_text())
    assert [path for path in quoted if not (ROOT / path).exists()] == []


def test_settings_are_documented() -> None:
    named = set(re.findall(r'"(TAPEC_[A-Z]+)"', Path(config.__file__).read_text()))
    listed = set(re.findall(r"^\| `(TAPEC_[A-Z]+)`", README.read_text(), re.MULTILINE))
    assert listed == named

"""What the benchmark needs beyond the rest is an extra: without it everything else works."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tomllib
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tapec.bench import extra
from tapec.errors import MissingDependency
from tapec.tools.cli import main

ROOT = Path(__file__).parents[2]


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without Rich."""
    find = importlib.util.find_spec

    def spec(name: str, *args: Any) -> ModuleSpec | None:
        return None if name == "rich" else find(name, *args)

    monkeypatch.setattr(extra, "find_spec", spec)


@pytest.mark.usefixtures("missing")
def test_what_is_missing_is_named_with_the_cure() -> None:
    with pytest.raises(MissingDependency, match="tapec bench needs rich") as raised:
        extra.require()
    assert "pip install 'tapec[bench]'" in str(raised.value)
    assert isinstance(raised.value, ImportError)
    told = CliRunner().invoke(main, ["bench", "--list"])
    assert told.exit_code == 1
    assert "MissingDependency: tapec bench needs rich" in told.stderr


def test_nothing_is_missing_where_tests_run() -> None:
    extra.require()


def test_the_extra_is_what_is_asked_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = {text.partition(">")[0] for text in project["optional-dependencies"]["bench"]}
    assert named == set(extra.PACKAGES)
    assert not any(text.startswith(tuple(named)) for text in project["dependencies"])
    assert "tapec[bench]" in project["optional-dependencies"]["test"]


BLOCKED = """
import sys
sys.modules.update(dict.fromkeys(("matplotlib", "rich", "threadpoolctl")))
from tapec.tools.cli import main
main(sys.argv[1:])
"""
COMMANDS = {
    "dump": ("dump", "numpy:sin", "--arg", "float64[3]"),
    "check": ("check", "numpy:sum", "--arg", "float64[3]", "--order", "1"),
    "ops": ("ops",),
    "info": ("info",),
    "opt": ("opt", "--list"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_other_commands_do_without(name: str) -> None:
    run = subprocess.run([sys.executable, "-c", BLOCKED, *COMMANDS[name]], capture_output=True)
    assert run.returncode == 0, run.stderr.decode()

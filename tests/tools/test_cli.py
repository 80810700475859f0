"""The command line, from the arguments to the exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tapec.tools.cli import main

MODEL = '''
import numpy as np

def energy(x, k=2.0):
    """A scalar function with item assignment."""
    y = np.zeros(x.size)
    y[1:] = x[1:] - x[:-1]
    return 0.5 * k * np.sum(y**2) + np.sum(np.sin(x))

def system(x, a):
    """A vector function of two arguments."""
    return np.array([x[0] * a - x[1] ** 2, np.exp(-x[1])])

def at(x, n):
    """An integer argument that only selects."""
    return np.sum(x * n)

def broken(x):
    return undefined_name * x

def steps(x):
    """Not differentiable as computed: the derivative of what is traced is zero."""
    return np.sum(np.floor(1e7 * x)) / 1e7
'''


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's module in the current directory."""
    (tmp_path / "my_model.py").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*args: str) -> Result:
    """Run the command line."""
    result = CliRunner().invoke(main, args)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_help_lists_the_commands() -> None:
    text = call("--help").output
    assert all(name in text for name in ("bench", "dump", "check", "info"))


def test_list() -> None:
    result = call("bench", "--list")
    assert result.exit_code == 0
    assert "black_scholes" in result.output


def test_bench_one_case_with_files(tmp_path: Path) -> None:
    data, picture = tmp_path / "b.json", tmp_path / "b.svg"
    result = call(
        "bench", "--quick", "--case", "rosen3", "--json", str(data), "--plot", str(picture)
    )
    assert result.exit_code == 0, result.output
    assert "rosen3" in result.output
    assert "an empty Python call" in result.output
    found = {(r["task"], r["contender"]): r for r in json.loads(data.read_text())["results"]}
    for task in ("value", "gradient", "hessian"):
        assert found[task, "tapec"]["status"] == found[task, "interpreter"]["status"] == "ok"
    assert picture.read_text().startswith("<?xml")


@pytest.mark.parametrize("target", ["my_model:energy", "my_model.py:energy"])
def test_bench_of_a_users_function(model: Path, target: str) -> None:
    result = call("bench", target, "--quick", "--arg", "float64[20]")
    assert result.exit_code == 0, result.output
    assert "gradient" in result.output


def test_bench_of_a_vector_function(model: Path) -> None:
    result = call("bench", "my_model:system", "--quick", "--arg", "float64[2]", "--arg", "2.5")
    assert result.exit_code == 0, result.output
    assert "jacobian" in result.output


@pytest.mark.parametrize("product", ["value", "grad", "hessian", "tangent", "adjoint"])
@pytest.mark.parametrize("stage", ["trace", "optimized", "loops", "llvm"])
def test_dump(model: Path, product: str, stage: str) -> None:
    result = call(
        "dump", "my_model:energy", "--arg", "float64[5]", "--of", product, "--stage", stage
    )
    assert result.exit_code == 0, result.output
    assert ("define" if stage == "llvm" else "func @") in result.output


def test_dump_jacobian(model: Path) -> None:
    args = ("--arg", "float64[2]", "--arg", "2.0", "--of", "jacobian")
    result = call("dump", "my_model:system", *args)
    assert result.exit_code == 0, result.output
    assert "func @" in result.output


@pytest.mark.parametrize(
    ("target", "args"),
    [("energy", ["float64[6]"]), ("system", ["float64[2]", "0.5"]), ("at", ["float64[4]", "3"])],
)
def test_check_passes(model: Path, target: str, args: list[str]) -> None:
    given = [word for arg in args for word in ("--arg", arg)]
    result = call("check", f"my_model:{target}", *given)
    assert result.exit_code == 0, result.output
    assert "FAILED" not in result.output
    assert "tangent vs adjoint" in result.output


def test_check_fails_where_differences_disagree(model: Path) -> None:
    result = call("check", "my_model:steps", "--arg", "float64[3]")
    assert result.exit_code == 1, result.output
    assert "FAILED" in result.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["check", "nomodule:f"], "no module named 'nomodule'"),
        (["check", "my_model:nothing"], "has no 'nothing'"),
        (["check", "my_model:energy", "--arg", "float65[3]"], "unknown dtype"),
        (["check", "my_model:energy", "--arg", "int64[3]"], "no floating-point argument"),
        (["bench", "my_model:broken", "--arg", "float64[3]"], "undefined_name"),
        (["dump", "my_model:energy", "--stage", "nonsense"], "nonsense"),
        (["dump", "my_model:energy"], "missing 1 required positional argument"),
        (["dump", "my_model:system", "--arg", "float64[1]", "--arg", "1.0"], "out of bounds"),
        (["dump", "my_model:at", "--arg", "1.0", "--arg", "2", "--arg", "3"], "takes 2"),
        (["bench", "--case", "nosuch"], "no case matches"),
        (["bench", "--peers", "nosuch"], "unknown peer"),
        (["bench", "--arg", "1.0"], "needs a TARGET"),
        (["bench", "--json", "no/such/dir/x.json"], "no directory"),
        (["bench", "--plot", "x.bmp"], "suffix"),
    ],
)
def test_mistakes_end_with_one_line_and_status_2(model: Path, words: list[str], said: str) -> None:
    result = call(*words)
    assert result.exit_code == 2, result.output
    assert said in result.output
    assert "Traceback" not in result.output


def test_info() -> None:
    result = call("info")
    assert result.exit_code == 0
    assert all(word in result.output for word in ("numpy", "native backend", "cpu"))

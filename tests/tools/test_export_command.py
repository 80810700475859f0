"""`tapec export`: what it writes, and how mistakes end."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tapec.tools.cli import main

MODEL = """\
import numpy as np

def energy(x, k):
    return np.sum(k * np.sin(x[1:] - x[:-1]) ** 2)
"""
ARGS = ("--arg", "float64[20]", "--arg", "2.0", "--no-shared")


@pytest.fixture
def model(tmp_path: Path) -> str:
    (tmp_path / "model.py").write_text(MODEL)
    return f"{tmp_path / 'model.py'}:energy"


def called(*command: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["export", *command])
    return done.exit_code, done.output


def test_files_are_written(model: str, tmp_path: Path) -> None:
    status, said = called(model, *ARGS, "--of", "value, grad", "-o", str(tmp_path / "out"))
    assert status == 0, said
    assert said.splitlines()[-1] == "link with -lm"
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        "energy.h", "energy.o", "energy_example.c",
    }  # fmt: skip
    text = (tmp_path / "out" / "energy.h").read_text()
    assert "int energy_grad(const double *x, double k, double *grad);" in text


@pytest.mark.parametrize(
    ("extra", "said", "status"),
    [
        (("--of", "slope"), "there is no 'slope' to export", 1),
        (("--argnums", "x"), "is no list of numbers such as 0 or 0,2", 2),
        (("--argnums", "7", "--of", "grad"), "argnums=7 for 2 arguments", 1),
        (("--cpu", "abacus"), "no processor 'abacus'", 1),
        (("--triple", "foo-bar"), "no processor 'native' of foo-bar", 1),
        (("--arg", "float64[3"), "cannot read 'float64[3'", 2),
        (("--arg", "1.0"), "the function itself fails", 2),
    ],
)
def test_mistakes(
    extra: tuple[str, ...], said: str, status: int, model: str, tmp_path: Path
) -> None:
    found, text = called(model, *ARGS, *extra, "-o", str(tmp_path / "out"))
    assert (found, said in text) == (status, True), text
    assert not (tmp_path / "out").exists()


def test_mistakes_in_the_target() -> None:
    assert "no module named 'no_such_module'" in called("no_such_module:f")[1]
    assert "is not of the form module:function" in called("energy")[1]

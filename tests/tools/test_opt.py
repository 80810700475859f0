"""`tapec opt`: passes on text, from the arguments to what is printed."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tapec import passes
from tapec.errors import VerifyError
from tapec.ir.parser import parse
from tapec.tools.cli import main
from tapec.tools.opt import NAMES, OptError, steps, summaries

PROGRAM = """\
func @f(%x: f64, %y: f64[3]) -> (f64[3]) {
  %a = sin %x : f64
  %unused = cos %x : f64
  %b = mul %a, %y : f64[3]
  return %b
}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "f.tape"
    path.write_text(PROGRAM)
    return path


def opt(*args: object, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, ["opt", *map(str, args)], input=stdin)


def test_without_passes_the_program_is_read_and_printed(file: Path) -> None:
    assert opt(file).stdout == PROGRAM


def test_passes_run_in_order(file: Path) -> None:
    found = opt(file, "--run", "dce,tangent(x)", "--verify-each")
    assert found.exit_code == 0
    func = parse(found.stdout)
    assert [p.hint for p in func.params] == ["x", "y", "x.t"]
    assert "unused" not in found.stdout


def test_standard_input_is_a_dash() -> None:
    assert opt("-", "--run", "batch(y, size=7)", stdin=PROGRAM).stdout.startswith(
        "func @f.batch(%x: f64, %y: f64[7,3]) -> (f64[7,3])"
    )


def test_programs_are_shown_after_passes(file: Path) -> None:
    found = opt(file, "--run", "simplify,dce,cse", "--print-after", "dce")
    assert found.stdout == PROGRAM.replace("  %unused = cos %x : f64\n", "")
    assert found.stderr == f"# after dce\n{found.stdout}"
    every = opt(file, "--run", "simplify,dce,cse", "--print-after=all").stderr
    shown = [line for line in every.splitlines() if line.startswith("#")]
    assert shown == ["# after simplify", "# after dce", "# after cse"]


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ("tangnt(x)", "did you mean tangent?"),
        ("zzz", "there is no pass 'zzz'"),
        ("dce(x)", "dce takes nothing in parentheses"),
        ("tangent(z)", "tangent: @f has no parameter z, only x, y"),
        ("tangent(x, size=3)", "tangent has no option 'size=3'"),
        ("batch(size=a)", "batch has no option 'size=a'"),
        ("dce cse", "cannot read the passes from 'dce cse' on"),
        ("gradient", "the gradient needs a single number"),
    ],
)
def test_bad_passes(file: Path, run: str, message: str) -> None:
    found = opt(file, "--run", run)
    assert found.exit_code == 1
    assert message in found.stderr


def test_print_after_names_a_pass_that_runs(file: Path) -> None:
    assert "cse is not among the passes to run" in opt(file, "--print-after", "cse").stderr


def test_bad_text_is_told_with_file_and_line(file: Path) -> None:
    file.write_text(PROGRAM.replace("mul %a", "mul %z"))
    assert f"{file}:4: %z is not defined" in opt(file).stderr
    assert "<stdin>:2: unexpected character '!'" in opt("-", stdin="func @f(\n!").stderr
    file.write_text(PROGRAM.replace("sin %x", "sin %x, %x"))
    assert f"{file}:2: sin takes 1 operands, not 2" in opt(file).stderr


def test_ops_know_the_line_of_the_text(file: Path) -> None:
    file.write_text("func @f(%x: f64) -> (f64) {\n  %y = remainder %x, %x : f64\n  return %y\n}")
    func = parse(file.read_text(), str(file))
    assert str(func.ops[0].loc) == "f.tape:2:  %y = remainder %x, %x : f64"


def test_the_pass_at_fault_is_named(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    def broken(func):  # type: ignore[no-untyped-def]
        return func.with_ops(func.ops[1:])

    monkeypatch.setitem(passes.PASSES, "dce", broken)
    monkeypatch.setattr("tapec.tools.opt.PLAIN", {"dce": broken})
    found = opt(file, "--run", "dce", "--verify-each")
    assert isinstance(found.exception, SystemExit)
    assert f"{VerifyError.__name__}: after dce: @f: " in found.stderr
    assert "is used before it is defined" in found.stderr


def test_every_pass_says_what_it_does() -> None:
    assert {name for name, _ in summaries()} == set(NAMES)
    assert all(text for _, text in summaries())
    listed = opt("--list").stdout.splitlines()
    assert [line.split()[0] for line in listed] == [name for name, _ in summaries()]


def test_steps_keep_what_was_written() -> None:
    (step,) = steps(" batch( %x , y, size = 8 ) ")
    assert (step.name, step.params, step.number) == ("batch", ("x", "y"), 8)
    with pytest.raises(OptError):
        steps("batch(x")

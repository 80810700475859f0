"""Comparison with an earlier run: what is noise, what is told, what fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from tapec.bench import compare
from tapec.bench.case import Task
from tapec.bench.compare import changes
from tapec.bench.records import Measurement, read_json, write_json
from tapec.bench.timing import QUICK, Timing
from tapec.tools.cli import main


def timed(median: float, spread: float = 0.01) -> Timing:
    return Timing(median, median * (1 - spread), median * (1 + spread), median, 9, 100, False)


def record(case: str, contender: str, median: float, spread: float = 0.01) -> Measurement:
    subject = contender == "tapec"
    return Measurement(case, Task.VALUE, contender, subject, "ok", timed(median, spread), 0.1, 0.0)


@pytest.mark.parametrize(
    ("now", "spread", "noise"),
    [
        (1.0, 0.01, True),
        (1.04, 0.0, True),
        (1.2, 0.01, False),
        (1.2, 0.2, True),
        (0.5, 0.01, False),
    ],
)
def test_noise(now: float, spread: float, noise: bool) -> None:
    (change,) = changes([record("a", "tapec", 1.0, spread)], [record("a", "tapec", now, spread)])
    assert change.is_noise == noise
    assert change.slower_than(10.0) == (now > 1.1 and not noise)


def test_a_slower_machine_is_no_slower_program() -> None:
    before = [record(c, who, 1.0) for c in "abc" for who in ("tapec", "numpy")]
    after = [record(c, who, 2.0) for c in "abc" for who in ("tapec", "numpy")]
    assert all(change.is_noise for change in changes(before, after))
    after[0] = record("a", "tapec", 3.0)
    assert [c.case for c in changes(before, after) if not c.is_noise] == ["a"]


def test_only_what_both_runs_have_is_compared() -> None:
    before, after = [record("a", "tapec", 1.0)], [record("b", "tapec", 1.0)]
    assert changes(before, after) == []
    console = Console(record=True, width=100)
    compare.show(console, [])
    assert "no task" in console.export_text()


def test_records_are_read_as_they_were_written(tmp_path: Path) -> None:
    written = [record("a", "tapec", 1.0), Measurement("b", Task.HESSIAN, "jax", False, "absent")]
    write_json(tmp_path / "run.json", written, QUICK)
    assert read_json(tmp_path / "run.json") == written


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"schema": 99, "results": []}', "\x00"])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"other\.json"):
        read_json(path)
    found = CliRunner().invoke(main, ["bench", "--compare", str(path), "--case", "rosen3"])
    assert found.exit_code == 2
    assert "--compare" in found.output


def test_the_command_fails_where_something_is_slower(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    arguments = ["bench", "--quick", "--case", "rosen3"]
    assert CliRunner().invoke(main, [*arguments, "--json", str(path)]).exit_code == 0
    document = json.loads(path.read_text())
    for result in document["results"]:
        if result["contender"] == "tapec":
            for key in ("median", "q1", "q3", "best"):
                result["timing"][key] /= 20
    path.write_text(json.dumps(document))
    found = CliRunner().invoke(main, [*arguments, "--compare", str(path), "--fail-above", "100"])
    assert found.exit_code == 1
    assert "changed beyond noise" in found.output
    assert CliRunner().invoke(main, [*arguments, "--fail-above", "100"]).exit_code == 2


def test_a_page_of_figures(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    arguments = ["bench", "--quick", "--case", "rosen3", "--markdown", str(path)]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    head, rule, *rows = [line for line in path.read_text().splitlines() if line.startswith("|")]
    assert head.startswith("| case | task | tapec |")
    assert {line.count("|") for line in (rule, *rows)} == {head.count("|")}
    assert [row.split(" | ")[1] for row in rows] == ["value", "gradient", "hessian"]

"""Verify, time, record, report: with contenders whose behaviour is known."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from scipy.optimize import rosen_der, rosen_hess

from tapec.bench import plot, report
from tapec.bench.case import Arguments, Case, Task
from tapec.bench.cases import select
from tapec.bench.contender import Contender, EmptyCall, FiniteDifferences, NumPy, Prepared
from tapec.bench.records import Measurement, Measurements, write_json
from tapec.bench.runner import run
from tapec.bench.timing import Protocol, measure
from tapec.bench.user import user_case

BRIEF = Protocol(sample=1e-4, rounds=3, budget=0.01)
RIGHT: dict[Task, Callable[..., Any]] = {Task.GRADIENT: rosen_der, Task.HESSIAN: rosen_hess}


class Scripted:
    """A contender that answers from a table."""

    def __init__(self, name: str, answers: dict[Task, Callable[..., Any]], subject: bool) -> None:
        self.name, self.subject, self._answers = name, subject, answers

    def prepare(self, case: Case, task: Task, args: Arguments) -> Prepared | None:
        call = self._answers.get(task)
        return Prepared(call, args) if call else None


def tried(*contenders: Contender, name: str = "rosen3") -> Measurements:
    """The records of a short run."""
    return Measurements(run(select((name,)), contenders, BRIEF))


def one(table: Measurements, task: Task, contender: str) -> Measurement:
    record = table.get("rosen3", task, contender)
    assert record is not None
    return record


def test_right_derivatives_are_timed() -> None:
    table = tried(Scripted("tapec", RIGHT, True), NumPy(), EmptyCall(), FiniteDifferences())
    gradient = one(table, Task.GRADIENT, "tapec")
    assert gradient.status == "ok"
    assert gradient.error == 0.0
    assert gradient.timing is not None
    assert gradient.timing.best <= gradient.timing.median <= gradient.timing.q3
    assert one(table, Task.GRADIENT, "fd").timing is not None
    assert one(table, Task.GRADIENT, "empty").timing is not None
    assert not any(record.bad for record in table.records)


def test_wrong_derivatives_are_not_timed_and_fail_the_run() -> None:
    table = tried(Scripted("peer", {Task.GRADIENT: lambda x: 1.001 * rosen_der(x)}, False))
    record = one(table, Task.GRADIENT, "peer")
    assert record.status == "wrong"
    assert record.timing is None
    assert record.bad


@pytest.mark.parametrize("subject", [True, False])
def test_only_our_own_failures_fail_the_run(subject: bool) -> None:
    def explode(x: Any) -> Any:
        raise RuntimeError("no rule")

    record = one(tried(Scripted("s", {Task.GRADIENT: explode}, subject)), Task.GRADIENT, "s")
    assert record.status == "failed"
    assert "no rule" in record.note
    assert record.bad is subject


def test_large_finite_differences_are_scaled_up() -> None:
    table = Measurements(run(select(("rosen10000",)), [FiniteDifferences()], BRIEF))
    record = table.get("rosen10000", Task.GRADIENT, "fd")
    assert record is not None
    assert record.timing is not None
    assert record.timing.extrapolated


def test_medians_of_interleaved_rounds() -> None:
    timings = measure(
        {
            "short": Prepared(lambda: time.sleep(1e-3), ()),
            "long": Prepared(lambda: time.sleep(4e-3), ()),
        },
        Protocol(sample=1e-3, rounds=5, budget=1.0),
    )
    assert 1e-3 <= timings["short"].median < timings["long"].median
    assert timings["short"].rounds == 5


def test_a_slow_call_is_measured_once() -> None:
    timing = measure({"slow": Prepared(lambda: time.sleep(0.02), ())}, BRIEF)["slow"]
    assert timing.rounds == 1
    assert timing.calls == 1


def shown(table: Measurements) -> str:
    """The report as text, 80 columns."""
    stream = io.StringIO()
    report.show(Console(file=stream, width=80), table.records)
    return stream.getvalue()


def test_the_table_fits_80_columns_and_tells_ratios() -> None:
    table = tried(Scripted("tapec", RIGHT, True), NumPy(), EmptyCall(), FiniteDifferences())
    text = shown(table)
    assert "…" not in text
    assert "an empty Python call" in text
    assert max(map(len, text.splitlines())) <= 80


def test_problems_are_reported() -> None:
    text = shown(tried(Scripted("tapec", {Task.GRADIENT: np.zeros_like}, True)))
    assert "rosen3 gradient tapec: wrong: relative error 1.0e+00 > 1e-10" in text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (1.234e-7, "123 ns"),
        (1.5e-6, "1.50 us"),
        (0.0123, "12.3 ms"),
        (5728.7, "5,729 s"),
    ],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert report.duration(seconds) == text


def test_json_holds_everything(tmp_path: Path) -> None:
    table = tried(Scripted("tapec", RIGHT, True), NumPy())
    write_json(tmp_path / "bench.json", table.records, BRIEF)
    document = json.loads((tmp_path / "bench.json").read_text())
    assert document["schema"] == 1
    assert set(document) == {"schema", "machine", "versions", "protocol", "results"}
    gradient = next(r for r in document["results"] if r["task"] == "gradient")
    assert {"median", "q1", "q3"} <= set(gradient["timing"])
    assert [path.name for path in tmp_path.iterdir()] == ["bench.json"]


@pytest.mark.parametrize(("suffix", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_plots(tmp_path: Path, suffix: str, magic: bytes) -> None:
    path = tmp_path / f"bench.{suffix}"
    plot.save(path, tried(Scripted("tapec", RIGHT, True), NumPy()).records)
    assert path.read_bytes().startswith(magic)


def test_a_user_function_becomes_a_case() -> None:
    def f(x: Any, n: int, a: float) -> Any:
        return a * np.sum(x**n)

    case = user_case("f", f, (np.array([1.0, 2.0]), 3, 0.5))
    assert case.tasks == (Task.VALUE, Task.GRADIENT)
    assert case.selected == (0, 2)
    x, n, a = case.draw()
    gradient = (a * n * x ** (n - 1), np.sum(x**n))
    assert case.references[Task.GRADIENT].error(gradient, case, (x, n, a)) < 1e-9

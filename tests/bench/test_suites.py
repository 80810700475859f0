"""Named suites: programs that are right for all who run them, what a run says in the end."""

from __future__ import annotations

import io

import numpy as np
import pytest
from click.testing import CliRunner
from rich.console import Console
from support.sampling import sampled

from tapec.bench import first, summary
from tapec.bench.case import Case, Task
from tapec.bench.records import Measurement, Measurements
from tapec.bench.subject import NATIVE
from tapec.bench.suites import SUITES, select
from tapec.bench.timing import Timing
from tapec.bench.verify import verify
from tapec.tools.cli import main
from tapec.tools.differences import relative_error

PROGRAMS = [c for name in ("npbench-kind", "hessians") for c in SUITES[name]()]


def test_names_are_unique_and_the_command_knows_all_suites() -> None:
    for suite in SUITES:
        names = [case.name for case in SUITES[suite]()]
        assert len(names) == len(set(names))
        result = CliRunner().invoke(main, ["bench", "--suite", suite, "--list"])
        assert result.exit_code == 0
        assert names[0] in result.output
    assert select("hessians", ("*_1000",))[0].name == "rosen_1000"


@pytest.mark.parametrize("case", sampled(PROGRAMS, 20))
def test_derivatives_are_right(case: Case) -> None:
    if "1000" in case.name:
        pytest.skip("a thousand gradients for the reference")
    for task in case.tasks:
        found = verify(NATIVE, case, task, case.draw())
        assert found.status == "ok", found.note


@pytest.mark.parametrize("case", [c for c in PROGRAMS if c.functional], ids=lambda c: str(c.name))
def test_programs_without_item_assignment_are_the_same(case: Case) -> None:
    args = case.draw()
    assert case.functional is not None
    assert relative_error(case.functional(*args), case.plain(*args)) < 1e-13


def _record(
    case: str, contender: str, seconds: float, compiling: float | None = None
) -> Measurement:
    timing = Timing(seconds, seconds, seconds, seconds, 3, 1, False)
    return Measurement(case, Task.GRADIENT, contender, contender == "tapec", "ok", timing,
                       first=1.0, compiling=compiling)  # fmt: skip


def test_the_summary_has_geometric_means_and_percentiles() -> None:
    records = [_record(f"c{k}", "tapec", 1e-3, compiling=0.01 * (k + 1)) for k in range(5)]
    records += [_record(f"c{k}", "jax", t) for k, t in enumerate((4e-3, 1e-3, 0.5e-3))]
    lines = list(summary.against(Measurements(records)))
    mean = np.exp(np.mean(np.log([4.0, 1.0, 0.5])))
    assert len(lines) == 1
    assert f"{mean:.2f}x" in lines[0]
    assert "ahead on 1 of 3, least 0.50x on c2" in lines[0]
    (line,) = summary.compiling(Measurements(records))
    assert "median 30.0 ms" in line
    assert "most 50.0 ms on c4" in line
    out = io.StringIO()
    summary.show(Console(file=out, width=200), records, ["torch"])
    assert "not installed, so left out: torch" in out.getvalue()


def test_first_gradients_of_fresh_processes() -> None:
    found = {"python": [0.1, 0.1], "numpy": [0.2, 0.2], "tapec": [0.4, 0.6], "jax": [1.0, 1.2]}
    out = io.StringIO()
    first.show(Console(file=out, width=200), found, None)
    assert "jax         1.00 s  2.50x tapec's" in out.getvalue()

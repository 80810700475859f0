"""``tapec bench`` from chosen cases to table and files, with progress on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tapec.bench import markdown, peers, plot, records, report, summary, timing
from tapec.bench.case import Case, Task
from tapec.bench.contender import Contender, EmptyCall, FiniteDifferences, NumPy
from tapec.bench.records import Measurement
from tapec.bench.runner import run
from tapec.bench.subject import INTERPRETER, NATIVE
from tapec.bench.threads import single_thread


def contenders(peer_names: Sequence[str]) -> list[Contender]:
    """Ourselves, what needs only NumPy, and the peers asked for."""
    own: list[Contender] = [NATIVE, NumPy(), EmptyCall(), INTERPRETER, FiniteDifferences()]
    return own + [peers.load(name) for name in peer_names]


@dataclass(frozen=True)
class Files:
    """Where figures go besides the terminal: as data, as a picture, as a page."""

    json: Path | None = None
    plot: Path | None = None
    page: Path | None = None

    def named(self) -> dict[str, Path]:
        """Those asked for, by the option that asks."""
        asked = {"--json": self.json, "--plot": self.plot, "--markdown": self.page}
        return {option: path for option, path in asked.items() if path is not None}


def execute(
    console: Console,
    cases: Sequence[Case],
    peer_names: Sequence[str],
    quick: bool,
    files: Files,
) -> list[Measurement]:
    """Measure, print the table, write the files; returns all records."""
    protocol = timing.QUICK if quick else timing.FULL
    with single_thread():
        found = _measured(console, cases, contenders(peer_names), protocol)
    report.show(console, found)
    missing = [name for name in peers.PACKAGES if name not in peers.installed()]
    summary.show(console, found, missing if peer_names else ())
    if files.json is not None:
        records.write_json(files.json, found, protocol)
    if files.plot is not None:
        plot.save(files.plot, found)
    if files.page is not None:
        markdown.save(files.page, found)
    return found


def _measured(
    console: Console,
    cases: Sequence[Case],
    contestants: Sequence[Contender],
    protocol: timing.Protocol,
) -> list[Measurement]:
    columns = (
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        total = sum(len(case.tasks) for case in cases)
        job = bar.add_task("starting", total=total)
        done = 0

        def advance(case: Case, task: Task) -> None:
            nonlocal done
            bar.update(job, description=f"{case.name} {task.value}", completed=done)
            done += 1

        return list(run(cases, contestants, protocol, advance))

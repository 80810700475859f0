"""What a run says in a few lines: against each peer, and how long programs took to compile."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

import numpy as np
from rich.console import Console

from tapec.bench.case import Task
from tapec.bench.records import Measurement, Measurements
from tapec.bench.report import OWN_COLUMNS, SUBJECT, duration, ratio
from tapec.bench.tuning import FEWEST_CASES


def show(console: Console, records: Sequence[Measurement], missing: Sequence[str]) -> None:
    """Print the geometric means against peers, compile times, and the peers left out."""
    table = Measurements(records)
    for line in (*against(table), *compiling(table)):
        console.print(line, highlight=False)
    if missing:
        console.print(f"not installed, so left out: {', '.join(missing)}", highlight=False)


def against(table: Measurements) -> Iterator[str]:
    """For every peer and task: on how many cases tapec is ahead, and by how much."""
    for peer in (name for name in table.contenders() if name not in OWN_COLUMNS):
        for task in Task:
            found = list(_ratios(table, peer, task))
            if found:
                mean, (worst, case) = statistics.geometric_mean(r for r, _ in found), min(found)
                ahead = sum(r > 1.0 for r, _ in found)
                yield (
                    f"{peer} {task.value}: {ratio(mean, 1.0)} tapec's time (geometric mean), "
                    f"tapec ahead on {ahead} of {len(found)}, least {ratio(worst, 1.0)} on {case}"
                )


def _ratios(table: Measurements, peer: str, task: Task) -> Iterator[tuple[float, str]]:
    for case, row in table.rows():
        theirs, mine = (table.median(case, task, who) for who in (peer, SUBJECT))
        if row is task and theirs is not None and mine:
            yield theirs / mine, case


def compiling(table: Measurements) -> Iterator[str]:
    """For every task, percentiles of the time to compile."""
    for task in Task:
        rows = [r for r in table.records if r.contender == SUBJECT and r.task is task]
        found = [(r.compile_time, r.case) for r in rows if r.compile_time is not None]
        if len(found) >= FEWEST_CASES:
            times = [t for t, _ in found]
            worst, case = max(found)
            yield (
                f"compiling a {task.value}: median {duration(statistics.median(times))}, "
                f"p99 {duration(float(np.percentile(times, 99)))}, most {duration(worst)} on {case}"
            )

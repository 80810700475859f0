"""What changed since an earlier run: times of now over times of then, where that is no noise.

Machines drift: everything is divided by how much slower or faster plain NumPy is now, in the
median over the cases of both runs.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from tapec.bench.case import Task
from tapec.bench.records import Measurement, Measurements
from tapec.bench.report import SUBJECT, duration, ratio
from tapec.bench.timing import Timing
from tapec.bench.tuning import NOISE

YARDSTICK = "numpy"


@dataclass(frozen=True)
class TimeChange:
    """One of tapec's tasks in two runs; `drift` is the machine's own change."""

    case: str
    task: Task
    before: Timing
    after: Timing
    drift: float

    @property
    def factor(self) -> float:
        """Time of now over time of then, on an unchanged machine."""
        return self.after.median / (self.before.median * self.drift)

    @property
    def is_noise(self) -> bool:
        """Whether the medians are near each other, or the middle halves of the samples meet."""
        low, high = self.before.q1 * self.drift, self.before.q3 * self.drift
        meet = self.after.q1 <= high and low <= self.after.q3
        return meet or abs(self.factor - 1.0) <= NOISE

    def slower_than(self, percent: float) -> bool:
        """Whether this takes so much longer, beyond noise."""
        return not self.is_noise and self.factor > 1.0 + percent / 100.0


def changes(before: Iterable[Measurement], after: Iterable[Measurement]) -> list[TimeChange]:
    """All tasks that tapec was timed at in both runs, in the order of the later one."""
    then, now = Measurements(before), Measurements(after)
    drifts = [new.median / old.median for _, _, old, new in _timed(then, now, YARDSTICK)]
    drift = statistics.median(drifts) if drifts else 1.0
    return [TimeChange(*found, drift) for found in _timed(then, now, SUBJECT)]


def _timed(
    then: Measurements, now: Measurements, contender: str
) -> Iterator[tuple[str, Task, Timing, Timing]]:
    for case, task in now.rows():
        records = [run.get(case, task, contender) for run in (then, now)]
        timings = [r.timing for r in records if r is not None and r.timing is not None]
        if len(timings) == 2:
            yield case, task, timings[0], timings[1]


def show(console: Console, found: Sequence[TimeChange]) -> None:
    """Print what changed beyond noise, the slowest first, and the median of all."""
    told = sorted((c for c in found if not c.is_noise), key=lambda c: -c.factor)
    if told:
        table = Table(title="changed beyond noise", title_justify="left", header_style="bold")
        for heading in ("case", "task", "then", "now", "now / then"):
            table.add_column(heading, justify="left" if heading in ("case", "task") else "right")
        for c in told:
            times = duration(c.before.median), duration(c.after.median)
            table.add_row(c.case, c.task.value, *times, ratio(c.factor, 1.0))
        console.print(table)
    if not found:
        console.print("no task was timed in both runs")
        return
    middle = statistics.median(c.factor for c in found)
    console.print(
        f"{len(told)} of {len(found)} tasks changed beyond noise; median now / then "
        f"{ratio(middle, 1.0)}; NumPy takes {ratio(found[0].drift, 1.0)} its time of then",
        highlight=False,
    )

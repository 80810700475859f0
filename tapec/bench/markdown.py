"""The figures of a run as a page: one table, with the machine and the versions above it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tapec.bench.case import Task
from tapec.bench.records import Measurement, Measurements, machine, replace_file, versions
from tapec.bench.report import OWN_COLUMNS, SUBJECT, duration, ratio

HEADINGS = ("case", "task", "tapec", "/ value", "/ NumPy", "differences", "interpreter", "compile")


def page(records: Sequence[Measurement]) -> str:
    """The page of a run, in Markdown."""
    table = Measurements(records)
    peers = [name for name in table.contenders() if name not in OWN_COLUMNS]
    lines = [_row((*HEADINGS, *peers)), _row(["---"] * 2 + ["---:"] * (6 + len(peers)))]
    lines += [_row(_cells(table, case, task, peers)) for case, task in table.rows()]
    return "\n".join([_about(), "", *lines, ""])


def save(path: Path, records: Sequence[Measurement]) -> None:
    """Write the page to ``path``, atomically."""
    replace_file(path, page(records).encode())


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _about() -> str:
    here, used = machine(), versions()
    packages = ", ".join(f"{name} {version}" for name, version in used.items())
    return (
        f"{here['cpu']}, {here['cores']} cores, Python {here['python']}; {packages}.\n\n"
        "Median time of a call on one thread; over that of the value, and of plain NumPy's value;\n"
        "then the times of finite differences, of the interpreter and of others over tapec's."
    )


def _cells(table: Measurements, case: str, task: Task, peers: Sequence[str]) -> list[str]:
    mine = table.median(case, task, SUBJECT)
    ours = table.get(case, task, SUBJECT)
    value = None if task is Task.VALUE else table.median(case, Task.VALUE, SUBJECT)
    numpy = table.median(case, Task.VALUE, "numpy")
    others = (table.median(case, task, name) for name in ("fd", "interpreter", *peers))
    times, interpreter, *rest = (ratio(other, mine) if other else "" for other in others)
    return [
        case,
        task.value,
        duration(mine),
        ratio(mine, value) if value else "",
        ratio(mine, numpy) if numpy else "",
        times,
        interpreter,
        duration(ours.compile_time if ours else None),
        *rest,
    ]

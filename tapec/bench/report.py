"""The printed table: times, ratios, speedups, compile times, problems."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tapec.bench.case import Case, Task
from tapec.bench.records import Measurement, Measurements

SUBJECT = "tapec"
OWN_COLUMNS = (SUBJECT, "numpy", "empty", "interpreter", "fd")
UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns"))


def duration(seconds: float | None) -> str:
    """Three significant digits and a unit: 1.23 us."""
    if seconds is None:
        return "-"
    scale, unit = next((u for u in UNITS if seconds >= u[0]), UNITS[-1])
    return f"{_digits(seconds / scale)} {unit}"


def ratio(numerator: float | None, denominator: float | None) -> str:
    """A quotient to three digits, or a dash."""
    if numerator is None or denominator is None or denominator == 0.0:
        return "-"
    return f"{_digits(numerator / denominator)}x"


def _digits(value: float) -> str:
    if value >= 1e5:
        return f"{value:.0e}".replace("e+0", "e")
    if value >= 100.0:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10.0 else f"{value:.2f}"


def show(console: Console, records: Sequence[Measurement]) -> None:
    """Print the tables, the legend, the call floor and every problem."""
    table = Measurements(records)
    console.print(_own_table(table))
    peers = [name for name in table.contenders() if name not in OWN_COLUMNS]
    if peers:
        console.print(_peer_table(table, peers))
    console.print(LEGEND, style="dim", highlight=False)
    _floor(console, table)
    _notes(console, table)


def _grid(title: str, headings: Sequence[str]) -> Table:
    """A table that fits 80 columns: no frame, two spaces between columns."""
    grid = Table(
        title=title,
        title_justify="left",
        header_style="bold",
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
    )
    grid.padding = (0, 1, 0, 0)
    for k, heading in enumerate(headings):
        grid.add_column(heading, justify="left" if k < 2 else "right", no_wrap=True)
    return grid


def _own_table(table: Measurements) -> Table:
    headings = ("case", "task", "tapec", "/val", "/np", "int.", "fd", "compile", "error")
    grid = _grid("tapec", headings)
    for name, case, task in _labelled(table):
        ours = table.get(case, task, SUBJECT)
        mine = table.median(case, task, SUBJECT)
        value = table.median(case, Task.VALUE, SUBJECT) if task is not Task.VALUE else None
        grid.add_row(
            name,
            task.value,
            _own(ours),
            ratio(mine, value) if value else "",
            ratio(mine, table.median(case, Task.VALUE, "numpy")),
            _versus(table, case, task, "interpreter", mine),
            _versus(table, case, task, "fd", mine),
            duration(ours.compile_time) if ours else "-",
            f"{ours.error:.0e}" if ours and ours.error is not None else "-",
        )
    return grid


def _peer_table(table: Measurements, peers: list[str]) -> Table:
    grid = _grid("peers: their time over tapec's", ("case", "task", *peers))
    for name, case, task in _labelled(table):
        mine = table.median(case, task, SUBJECT)
        cells = [_versus(table, case, task, peer, mine) for peer in peers]
        if any(cells):
            grid.add_row(name, task.value, *cells)
    return grid


def _labelled(table: Measurements) -> list[tuple[str, str, Task]]:
    """The rows, with the name of the case on its first row only."""
    seen: set[str] = set()
    rows = []
    for case, task in table.rows():
        rows.append(("" if case in seen else case, case, task))
        seen.add(case)
    return rows


def _own(record: Measurement | None) -> str:
    if record is None:
        return "-"
    if record.timing is None:
        return f"[red]{record.status}[/red]" if record.bad else record.status
    return f"[bold]{duration(record.timing.median)}[/bold]"


def _versus(table: Measurements, case: str, task: Task, name: str, mine: float | None) -> str:
    """How many times slower than tapec; the bare time where tapec has none."""
    record = table.get(case, task, name)
    if record is None or record.status == "absent":
        return ""
    if record.timing is None:
        return f"[red]{record.status}[/red]" if record.bad else "[dim]n/a[/dim]"
    theirs = record.timing.median
    mark = "~" if record.timing.extrapolated else ""
    if mine is None:
        return f"{mark}{duration(theirs)}"
    text = f"{mark}{ratio(theirs, mine)}"
    return f"[yellow]{text}[/yellow]" if theirs < mine else text


LEGEND = """\
tapec: median time per call, one thread. /val: over tapec's own value. /np: over
the plain NumPy value. int., fd, peers: time of the interpreter, of finite
differences, of theirs over tapec's; [yellow]yellow[/yellow] where they are faster, ~ scaled up
from a part. compile: first call, tracing included. error: relative deviation
from an independent reference."""


def _floor(console: Console, table: Measurements) -> None:
    """The cost of a small derivative in empty Python calls."""
    for case, task in table.rows():
        floor, mine = table.median(case, task, "empty"), table.median(case, task, SUBJECT)
        if floor is not None and mine is not None:
            calls = ratio(mine, floor)
            text = f"{duration(mine)} = {calls} an empty Python call ({duration(floor)})"
            console.print(f"{case} {task.value}: {text}", highlight=False)


def _notes(console: Console, table: Measurements) -> None:
    for record in table.records:
        if record.status in ("wrong", "failed") or (record.note and record.subject):
            style = "red" if record.bad else "dim"
            where = f"{record.case} {record.task.value} {record.contender}"
            text = f"{where}: {record.status}: {record.note}".splitlines()[0]
            console.print(escape(text), style=style, highlight=False, soft_wrap=True)


def listing(console: Console, cases: Sequence[Case]) -> None:
    """Print the names of the suite, those that run only when named among them."""
    grid = Table(header_style="bold")
    for heading in ("case", "derivatives", "what"):
        grid.add_column(heading)
    for case in cases:
        tasks = ", ".join(task.value for task in case.references)
        grid.add_row(case.name, tasks, case.about)
    console.print(grid)

"""The picture of a run: time per call of everyone, on a logarithmic axis."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tapec.bench.case import Task
from tapec.bench.records import Measurement, Measurements, replace_file

FORMATS = ("png", "svg", "pdf")
# Marker per contender, colour-blind safe (Okabe and Ito).
STYLES = {
    "tapec": ("o", "#000000"),
    "numpy": ("|", "#999999"),
    "fd": ("v", "#CC79A7"),
    "interpreter": ("s", "#56B4E9"),
    "jax": ("D", "#E69F00"),
    "torch": ("^", "#D55E00"),
    "autograd": ("P", "#009E73"),
    "casadi": ("X", "#0072B2"),
    "numba": ("*", "#F0E442"),
}
FALLBACK = ("x", "#444444")


def save(path: Path, records: Sequence[Measurement]) -> None:
    """Draw to ``path`` (png, svg or pdf by its suffix), without a display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    table = Measurements(records)
    rows = [row for row in table.rows() if any(_time(table, row, c) for c in table.contenders())]
    figure = Figure(figsize=(9.0, 1.4 + 0.26 * len(rows)), layout="constrained")
    FigureCanvasAgg(figure)
    _draw(figure.add_subplot(), table, rows)
    buffer = io.BytesIO()
    figure.savefig(buffer, format=path.suffix.lstrip(".").lower(), dpi=150)
    replace_file(path, buffer.getvalue())


def _draw(axes: Any, table: Measurements, rows: list[tuple[str, Task]]) -> None:
    for contender in table.contenders():
        if contender == "empty":
            continue
        points = [(_time(table, row, contender), k) for k, row in enumerate(rows)]
        timed = [(t, k) for t, k in points if t is not None]
        if timed:
            marker, colour = STYLES.get(contender, FALLBACK)
            times, places = zip(*timed, strict=True)
            order = 4 if contender == "tapec" else 3  # ours on top
            axes.scatter(
                times, places, s=30, marker=marker, color=colour, label=contender, zorder=order
            )
    axes.set_xscale("log")
    axes.set_yticks(range(len(rows)), [f"{case} {task.value}" for case, task in rows], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("seconds per call, one thread (numpy: the value only)")
    axes.grid(axis="both", alpha=0.3)
    axes.figure.legend(loc="outside upper center", ncols=9, fontsize=8, frameon=False)


def _time(table: Measurements, row: tuple[str, Task], contender: str) -> float | None:
    """The median; the value row's NumPy time stands in every row of its case, as the yardstick."""
    task = Task.VALUE if contender == "numpy" else row[1]
    return table.median(row[0], task, contender)

"""The page on tracing: its example gives the program that it shows."""

from __future__ import annotations

import linecache
import re
from pathlib import Path

import numpy as np

import tapec

PAGE = (Path(__file__).parents[2] / "tapec" / "trace" / "README.md").read_text()


def test_the_example_gives_the_program_that_is_shown() -> None:
    (source,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.S | re.M)
    (program,) = re.findall(r"^```text\n(func .*?)^```", PAGE, re.S | re.M)
    linecache.cache["page"] = (len(source), None, source.splitlines(True), "page")
    space = {"np": np}
    exec(compile(source, "page", "exec"), space)
    kernel = tapec.compile(space["total"])
    assert str(kernel.ir("trace", np.ones(3), 0.5)).strip() == program.strip()


def test_every_file_it_names_exists() -> None:
    named = set(re.findall(r"`((?:\w+/)*\w+\.py)`", PAGE))
    trace = Path(tapec.__file__).parent / "trace"
    known = {str(p.relative_to(trace)) for p in trace.rglob("*.py")}
    known |= {Path(k).name for k in known} | {"tests/house/test_tracing_rooms.py"}
    assert named <= known, named - known

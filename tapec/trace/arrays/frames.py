"""Frames of running code: which are the user's, and at which lines they are."""

from __future__ import annotations

import bisect
import contextlib
import sysconfig
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from types import CodeType, FrameType

import numpy as np

# Frames of these folders are not the user's.
_TAPEC = str(Path(__file__).parents[2])
# contextlib is hidden as it runs our context managers, called from the user's line.
_HIDDEN = (_TAPEC, str(Path(np.__file__).parent), contextlib.__file__)
_SHOWN = tuple(
    str(Path(_TAPEC, p)) for p in ("bench", "tools/check.py", "sparse/greedy.py", "sparse/stars.py")
)
# Frames of compiled code have names of files that are not there.
_COMPILED = (".pyx", ".pxd", ".pxi", "<stringsource>")


class KnownCode:
    """A code object: whether it is the user's, and its lines.

    ``frame.f_lineno`` reads a table from its start: in code of one long function that would make
    the time of tracing quadratic.
    """

    __slots__ = ("_lines", "_starts", "code", "is_user")

    def __init__(self, code: CodeType) -> None:
        self.code, self.is_user = code, is_user_code(code)
        spans = [(start, line) for start, _, line in code.co_lines()] if self.is_user else []
        self._starts = [start for start, _ in spans]
        self._lines = [line for _, line in spans]

    def line(self, at: int) -> int:
        """The line of the instruction at an offset."""
        found = self._lines[bisect.bisect_right(self._starts, at) - 1]
        return self.code.co_firstlineno if found is None else found


def is_hidden(file: str) -> bool:
    """Whether source of this path is tapec's own or NumPy's.

    What benchmarks and checks call counts as the user's, and what we trace for ourselves.
    """
    return file.startswith(_HIDDEN) and not file.startswith(_SHOWN)


@lru_cache(maxsize=1024)
def is_library(file: str) -> bool:
    """Whether source of this path is of Python's library or of an installed package."""
    if file.endswith(_COMPILED) or file.startswith(("<frozen", "<string>")):
        return True
    return "site-packages" in file or file.startswith(_places())


@cache
def _places() -> tuple[str, ...]:
    """Where packages are; asked for at errors only, as the answer takes a millisecond."""
    found = sysconfig.get_paths()
    return tuple({found[k] for k in ("stdlib", "platstdlib", "purelib", "platlib")})


def is_user_code(code: CodeType) -> bool:
    """Whether a frame of this code belongs to the user rather than to tapec or NumPy."""
    return not is_hidden(code.co_filename) and code.co_filename != "<__array_function__ internals>"


def frames_of(error: BaseException) -> Iterator[tuple[FrameType, int]]:
    """The frames that an exception went through, outermost first, with their lines."""
    trace = error.__traceback__
    while trace is not None:
        yield trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next

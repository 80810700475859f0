"""What kernels need at run time where there is no Python: memory for tapes, no signals to poll."""

from __future__ import annotations

from collections.abc import Set

from tapec.backends.llvm.runtime_memory import NO_LARGE, C, tapes_text
from tapec.backends.llvm.runtime_threads import threads_text

_TAPES = frozenset(["tapec.grow", "tapec.shed"])
_POLL = "define i32 @tapec.poll(ptr %clock) nounwind {\n  ret i32 0\n}\n"
MEMORY = """\
declare ptr @malloc(i64)
declare void @free(ptr)
"""


def runtime_text(named: Set[str]) -> str:
    """LLVM text of those among these functions that kernels call; memory is freed after each call,
    as nobody would free what a library keeps."""
    parts = []
    if not named.isdisjoint(("tapec.poll", "tapec.parallel")):
        parts.append(_POLL)
    if "tapec.parallel" in named:
        parts.append(threads_text(pool=False))
    if _TAPES.intersection(named):
        parts += [MEMORY, "declare ptr @realloc(ptr, i64)\n", NO_LARGE, tapes_text(C, 0)]
    return "".join(parts)

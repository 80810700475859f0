"""Checks before the clock starts: a wrong derivative is never timed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from tapec.bench.case import Arguments, Case, Task
from tapec.bench.contender import Contender, Prepared
from tapec.tools.differences import relative_error


@dataclass(frozen=True)
class Verdict:
    """The outcome of preparing and checking one contender.

    ``status``: "ok", "wrong" (outside the tolerance), "failed" (raised), "absent" (does not apply).
    ``first`` is the time of the first call: tracing and compiling included; ``compiling`` that
    of tracing and compiling alone, where it is known.
    """

    status: str
    prepared: Prepared | None = None
    error: float | None = None
    first: float | None = None
    note: str = ""
    compiling: float | None = None


def verify(contender: Contender, case: Case, task: Task, args: Arguments) -> Verdict:
    """Prepare, call once, compare with the reference."""
    if contender.name in case.skip:
        return Verdict("absent", note=case.skip[contender.name])
    start = time.perf_counter()
    try:
        prepared = contender.prepare(case, task, args)
        if prepared is None:
            return Verdict("absent")
        result = prepared.call(*prepared.args)
        first = time.perf_counter() - start
        return _judge(prepared, result, first, case, task, args)
    except Exception as problem:  # any exception of a contender is recorded as its outcome
        return Verdict("failed", note=f"{type(problem).__name__}: {problem}")


def _judge(
    prepared: Prepared, result: Any, first: float, case: Case, task: Task, args: Arguments
) -> Verdict:
    note, spent = prepared.notes(), prepared.compiling()
    if not prepared.verified:
        return Verdict("ok", prepared, None, first, note, spent)
    error = deviation(prepared.to_numpy(result), case, task, args)
    if error <= case.rtol:
        return Verdict("ok", prepared, error, first, note, spent)
    return Verdict("wrong", None, error, first, f"relative error {error:.1e} > {case.rtol:.0e}")


_last: list[tuple[Case, Arguments, Any]] = []


def _plain_value(case: Case, args: Arguments) -> Any:
    """The NumPy value, cached for all contenders as some cases take seconds."""
    if not (_last and _last[0][0] is case and _last[0][1] is args):
        _last[:] = [(case, args, case.plain(*args))]
    return _last[0][2]


def deviation(result: Any, case: Case, task: Task, args: Arguments) -> float:
    """Relative error of a result against the NumPy value or the reference derivative."""
    if task is Task.VALUE:
        return relative_error(result, _plain_value(case, args))
    return case.references[task].error(result, case, args)

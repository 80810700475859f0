"""The run: for every case and task, verify all contenders, then time the correct ones together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tapec.bench.case import Arguments, Case, Task
from tapec.bench.contender import Contender
from tapec.bench.records import Measurement
from tapec.bench.timing import Protocol, Timing, measure
from tapec.bench.verify import Verdict, verify

Progress = Callable[[Case, Task], None]


def run(
    cases: Sequence[Case],
    contenders: Sequence[Contender],
    protocol: Protocol,
    progress: Progress = lambda case, task: None,
) -> Iterator[Measurement]:
    """Yield the records task by task; ``progress`` is called before each."""
    for case in cases:
        args = case.draw()
        for task in case.tasks:
            progress(case, task)
            yield from _run_task(case, task, args, contenders, protocol)


def _run_task(
    case: Case, task: Task, args: Arguments, contenders: Sequence[Contender], protocol: Protocol
) -> Iterator[Measurement]:
    verdicts = {c.name: verify(c, case, task, args) for c in contenders}
    ready = {name: v.prepared for name, v in verdicts.items() if v.prepared is not None}
    timings = measure(ready, protocol)
    for contender in contenders:
        verdict = verdicts[contender.name]
        yield _record(case, task, contender, verdict, timings.get(contender.name))


def _record(
    case: Case, task: Task, contender: Contender, verdict: Verdict, timing: Timing | None
) -> Measurement:
    return Measurement(
        case=case.name,
        task=task,
        contender=contender.name,
        subject=contender.subject,
        status=verdict.status,
        timing=timing,
        first=verdict.first,
        error=verdict.error,
        note=verdict.note,
        compiling=verdict.compiling,
    )

"""The suite's protocol: one message a line of JSON, one response for each.

https://github.com/gradbench/gradbench describes it: `define` names an eval, `evaluate` one of its
functions with an input, to be run a number of times and for some seconds; what is timed is the
call of the compiled function alone. Other messages are acknowledged.
"""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

EVALS = (
    "hello", "gmm", "ba", "ht", "lstm", "kmeans", "llsq", "lse", "det", "ode", "particle", "saddle",
)  # fmt: skip
Message = dict[str, Any]


def as_json(result: Any) -> Any:
    """An array or a number as JSON has it."""
    return np.asarray(result).tolist()


@dataclass(frozen=True)
class EvalFunction:
    """One function of an eval.

    ``read`` makes the arguments of ``kernel`` from the input, ``write`` the output from its result.
    """

    kernel: Any
    read: Callable[[Any], tuple[Any, ...]]
    write: Callable[[Any], Any] = as_json

    def evaluate(self, given: Any) -> Message:
        """The output, and the time of compiling and of every run."""
        args, runs = self.read(given), given if isinstance(given, dict) else {}
        timings = [_timing("compile", _clocked(lambda: self.kernel.specialization(*args))[0])]
        result, elapsed, count = None, 0, 0
        while count < runs.get("min_runs", 1) or elapsed < 1e9 * runs.get("min_seconds", 0):
            spent, result = _clocked(lambda: self.kernel(*args))
            timings.append(_timing("evaluate", spent))
            elapsed, count = elapsed + spent, count + 1
        return {"success": True, "output": self.write(result), "timings": timings}


def functions(name: str) -> dict[str, EvalFunction]:
    """The functions of an eval; a KeyError says that there is none of this name."""
    if name not in EVALS:
        raise KeyError(f"no eval {name!r}: there are {', '.join(EVALS)}")
    found: dict[str, EvalFunction] = import_module(f"tapec.bench.gradbench.{name}").FUNCTIONS
    return found


def respond(message: Message) -> Message:
    """The response to a message; what a function raises is part of it."""
    answer = ANSWERS.get(message["kind"], _acknowledge)
    try:
        return {"id": message["id"], **answer(message)}
    except Exception:  # the suite shows it and goes on
        return {"id": message["id"], "success": False, "error": traceback.format_exc()}


def serve(lines: Iterable[str]) -> Iterator[str]:
    """One response for each message, both as lines."""
    for line in lines:
        yield json.dumps(respond(json.loads(line)))


def _acknowledge(message: Message) -> Message:
    return {}


def _define(message: Message) -> Message:
    spent, _ = _clocked(lambda: functions(message["module"]))
    return {"success": True, "timings": [_timing("import", spent)]}


def _evaluate(message: Message) -> Message:
    return functions(message["module"])[message["function"]].evaluate(message["input"])


ANSWERS: dict[str, Callable[[Message], Message]] = {
    "start": lambda message: {"tool": "tapec"},
    "define": _define,
    "evaluate": _evaluate,
}


def _clocked(call: Callable[[], Any]) -> tuple[int, Any]:
    start = time.perf_counter_ns()
    result = call()
    return time.perf_counter_ns() - start, result


def _timing(name: str, nanoseconds: int) -> Message:
    return {"name": name, "nanoseconds": nanoseconds}

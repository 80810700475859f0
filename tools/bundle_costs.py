"""One kernel for several derivatives beside one each: `python tools/bundle_costs.py [CASE ...]`.

For every case of the suite: microseconds of value, gradient or Jacobian, and Hessian (where the
suite takes it) by kernels of their own, of all by `tapec.derive`, and the share of the latter in
the sum of the former. The least of several rounds; the kernels take turns.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import tapec
from tapec.bench.case import Case, Task
from tapec.bench.cases import select

SECONDS, ROUNDS = 0.05, 7
NAMES = {Task.VALUE: "value", Task.GRADIENT: "grad", Task.JACOBIAN: "jac", Task.HESSIAN: "hess"}
ALONE: dict[str, Callable[..., Any]] = {
    "value": lambda f, argnums: tapec.compile(f),
    "grad": tapec.grad,
    "jac": tapec.jacobian,
    "hess": tapec.hessian,
}


def seconds(call: Callable[[], Any], count: int) -> float:
    """The seconds of a call, over so many."""
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) / count


def costs(case: Case) -> tuple[dict[str, float], float]:
    """The least seconds of each kernel, and of the one for all."""
    args = case.draw()
    names = [NAMES[task] for task in case.tasks]
    made = [ALONE[name](case.f, case.argnums) for name in names]
    made.append(tapec.derive(case.f, *names, argnums=case.argnums))
    calls = [(lambda k=k: k(*args)) for k in made]
    best = [float("inf")] * len(calls)
    counts = [max(1, int(SECONDS / max(seconds(c, 2), 1e-7))) for c in calls]
    for _ in range(ROUNDS):
        for k, call in enumerate(calls):
            best[k] = min(best[k], seconds(call, counts[k]))
    return dict(zip(names, best[:-1], strict=True)), best[-1]


def main() -> None:
    """Print a line for each case."""
    for case in select(tuple(sys.argv[1:])):
        if case.batch or len(case.tasks) < 2:
            continue
        alone, together = costs(case)
        listed = "  ".join(f"{name} {1e6 * s:.4g}" for name, s in alone.items())
        total = sum(alone.values())
        share = together / total
        print(f"{case.name:16} {share:6.2f}  bundle {1e6 * together:.4g} us: {listed}", flush=True)


if __name__ == "__main__":
    main()

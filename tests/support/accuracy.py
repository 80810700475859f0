"""Errors of values and derivatives in units in the last place, over whole domains.

`PYTHONPATH=tests python -m support.accuracy > docs/accuracy.md` writes the page.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import mpmath as mp
import numpy as np

import tapec
from support import accuracy_parameters
from support.accuracy_cases import CASES, Accuracy, Region

POINTS = 24
TINY = 1e-290


def points(region: Region, count: int = POINTS, seed: int = 0) -> np.ndarray:
    """Points of an interval: by magnitude where it spans more than three decades."""
    low, high = region
    rng = np.random.default_rng([seed, *np.array(region).view(np.uint32)])
    sign = -1.0 if high < 0 else 1.0
    small, large = sorted((abs(low), abs(high)))
    if low * high > 0 and large > 1000 * small:
        inner = sign * np.exp(rng.uniform(np.log(small), np.log(large), count))
        # Next to one, too, where the interval ends there.
        near = sign * (1 - np.exp(rng.uniform(np.log(2e-16), np.log(0.1), count // 3)))
        return np.concatenate([inner, near[(near >= low) & (near <= high)]])
    return np.concatenate([rng.uniform(low, high, count), [low, high]])


def exact(reference: Callable[[Any], Any], x: float, order: int, bits: int) -> Any:
    """The reference, or a derivative of it: central differences at far more digits than needed."""
    size = abs(mp.frexp(mp.mpf(x))[1]) if x else 0
    with mp.workprec(bits + 3 * size):
        at = mp.mpf(x)
        step = mp.ldexp(min(abs(at), 1) or 1, -150)
        if abs(at) < 1 < abs(at) + mp.mpf(2) ** -40:
            step = (1 - abs(at)) * mp.mpf(2) ** -150
        if order == 0:
            return mp.re(reference(at))
        high, low = mp.re(reference(at + step)), mp.re(reference(at - step))
        if order == 1:
            return (high - low) / (2 * step)
        return (high - 2 * mp.re(reference(at)) + low) / (step * step)


def _total(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: np.sum(f(x))


def _ones(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: tapec.jvp(f, (x,), (np.ones_like(x),))[1]


def derived(f: Callable[[Any], Any]) -> dict[str, tuple[int, Callable[[Any], Any]]]:
    """label -> (order, elementwise derivative): each by forward and by reverse mode."""
    gradient = tapec.grad(_total(f))
    return {
        "value": (0, f),
        "reverse": (1, gradient),
        "forward": (1, _ones(f)),
        "reverse over reverse": (2, tapec.grad(_total(gradient))),
        "forward over reverse": (2, _ones(gradient)),
        "forward over forward": (2, _ones(_ones(f))),
    }


def errors(case: Accuracy, backend: str) -> Iterator[tuple[str, str, int, float, float]]:
    """(label, mode, order, worst error in ulp, where) of every call and mode."""
    xs = np.concatenate([points(region) for region in case.regions])
    for label, f, reference in case.calls():
        wants = [
            [exact(reference, x, order, case.precision) for x in xs.tolist()] for order in range(3)
        ]
        for mode, (order, function) in derived(f).items():
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                got = np.asarray(tapec.compile(function, backend=backend)(xs))
            found = [
                ulps(g, w, case.floors[order])
                for g, w in zip(got.tolist(), wants[order], strict=True)
            ]
            worst = int(np.argmax(found))
            yield label, mode, order, found[worst], float(xs[worst])


def ulps(got: float, want: Any, floor: float) -> float:
    """The error in units in the last place of the exact result, very small ones as 1e-290."""
    if not np.isfinite(got):
        overflows = abs(want) > mp.mpf(np.finfo(float).max) * (1 - mp.mpf(2) ** -40)
        return 0.0 if overflows and got != 0 and (got > 0) == (want > 0) else float("inf")
    size = max(float(abs(want)), TINY, floor)
    return float(abs(mp.mpf(got) - want) / mp.mpf(float(np.spacing(size))))


def summary(case: Accuracy, backend: str = "auto") -> list[float]:
    """The worst error of the value, the first and the second derivative."""
    found = [0.0, 0.0, 0.0]
    for _, _, order, error, _ in errors(case, backend):
        found[order] = max(found[order], error)
    return found


HEAD = """# Accuracy

The largest error found of values, first and second derivatives, in units in the last place of the
exact result: native code, forward and reverse mode, points spread over the whole domain, compared
with mpmath. Results below 1e-290 count as that; a result that crosses
zero where its terms do not counts as the size in the column "counted from". Written by
`PYTHONPATH=tests python -m support.accuracy > docs/accuracy.md`; `python -m pytest -m slow
tests/programs/test_accuracy.py` holds every function to the bounds in brackets, in the interpreter,
too.

Functions of float32 with code of their own stay within 1.75 ulp of single precision:
`tests/backends/test_vmath_single.py` tries every number there is.

| function | domain swept | value | first | second | counted from |
|---|---|---|---|---|---|
"""


def row(case: Accuracy) -> str:
    """One line of the page."""
    cells = [
        f"{error:.2g} ({bound:g})" for error, bound in zip(summary(case), case.bounds, strict=True)
    ]
    domain = ", ".join(f"{a:g} .. {b:g}" for a, b in case.regions)
    floors = ", ".join(f"{f:g}" for f in case.floors) if any(case.floors) else ""
    label = case.name + (" (second operand)" if case.swapped else "")
    return f"| {label} | {domain} | {' | '.join(cells)} | {floors} |"


if __name__ == "__main__":
    print(HEAD + "\n".join(map(row, CASES)) + "\n" + accuracy_parameters.page())

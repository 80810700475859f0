"""The timing protocol: calibrated samples, interleaved rounds, medians and quartiles."""

from __future__ import annotations

import statistics
import timeit
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tapec.bench.contender import Prepared


@dataclass(frozen=True)
class Protocol:
    """How long to measure: seconds per sample, rounds, and seconds per contender in all."""

    sample: float
    rounds: int
    budget: float


FULL = Protocol(sample=0.01, rounds=9, budget=0.5)
QUICK = Protocol(sample=0.002, rounds=3, budget=0.1)


@dataclass(frozen=True)
class Timing:
    """Seconds per call over the rounds; ``calls`` per round; ``extrapolated`` if scaled up."""

    median: float
    q1: float
    q3: float
    best: float
    rounds: int
    calls: int
    extrapolated: bool

    def as_dict(self) -> dict[str, Any]:
        """Plain data for the JSON report."""
        return asdict(self)


class _Clock:
    """One contender's loop: ``call(a0, a1, ...)`` inlined by timeit, garbage collection off."""

    def __init__(self, prepared: Prepared, protocol: Protocol) -> None:
        self.prepared = prepared
        names = [f"a{k}" for k in range(len(prepared.args))]
        scope = dict(zip(names, prepared.args, strict=True))
        # A wrapper that only watches the first call keeps the bare function in `bare`.
        scope["call"] = getattr(prepared.call, "bare", prepared.call)
        self._timer = timeit.Timer(f"call({', '.join(names)})", globals=scope)
        self.calls, first = self._calibrate(protocol.sample)
        self.samples = [first / self.calls]
        affordable = int(protocol.budget / max(first, 1e-9))
        self.rounds = max(1, min(protocol.rounds, affordable))

    def _calibrate(self, sample: float) -> tuple[int, float]:
        """Grow the calls per round until a round lasts ``sample``; warms up on the way."""
        calls = 1
        while True:
            elapsed = self._timer.timeit(calls)
            if elapsed >= sample:
                return calls, elapsed
            calls = max(2 * calls, int(1.1 * calls * sample / max(elapsed, 1e-9)) + 1)

    def run(self) -> None:
        self.samples.append(self._timer.timeit(self.calls) / self.calls)

    def result(self) -> Timing:
        scale = self.prepared.scale
        # The calibration round is the warm-up, kept only when nothing else was affordable.
        kept = sorted(scale * s for s in (self.samples[1:] or self.samples))
        q1, median, q3 = _quartiles(kept)
        return Timing(median, q1, q3, kept[0], len(kept), self.calls, extrapolated=scale != 1.0)


def _quartiles(ordered: list[float]) -> tuple[float, float, float]:
    if len(ordered) < 2:
        return ordered[0], ordered[0], ordered[0]
    q1, q2, q3 = statistics.quantiles(ordered, n=4, method="inclusive")
    return q1, q2, q3


def measure(contenders: Mapping[str, Prepared], protocol: Protocol) -> dict[str, Timing]:
    """Time all contenders in turn, round by round, so that drift of the machine hits all alike."""
    clocks = {name: _Clock(prepared, protocol) for name, prepared in contenders.items()}
    for turn in range(protocol.rounds):
        for clock in clocks.values():
            if turn < clock.rounds:
                clock.run()
    return {name: clock.result() for name, clock in clocks.items()}

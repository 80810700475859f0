"""Events of `solve_ivp`: the times at which functions of the state are 0, and the states there.

SciPy finds the times; the implicit function theorem differentiates g(t, y(t), params) = 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain, pairwise
from typing import Any

import numpy as np
from scipy import integrate

from tapec.errors import TapecError
from tapec.scipy.closed import Closed, CompiledLater, floating
from tapec.scipy.registry import refused
from tapec.scipy.roots import solution
from tapec.trace.arrays.demands import demand
from tapec.trace.arrays.session import current
from tapec.tree import flatten

Array = np.ndarray[Any, Any]
# The states at all times but the first, as rows, of times, the first state and parameters.
Flow = Callable[[Any, Any, Sequence[Any]], Any]
COUNT = "how many events there are is known at run time only: read t_events[k][i] for an integer i"


class Event:
    """One function of time and state, which stops the solution where it is terminal."""

    def __init__(self, function: Any, time: Any, start: Any, args: Sequence[Any]) -> None:
        self.terminal = int(getattr(function, "terminal", 0) or 0)
        self.direction = float(getattr(function, "direction", 0) or 0)
        self.closed, self.shape = Closed(function, [time, start], args), start.shape

    def __call__(self, t: Any, y: Any, params: Sequence[Any]) -> Any:
        """The number that is 0 at the event."""
        return floating(flatten(self.closed([t, y.reshape(self.shape)], params))[0][0]).reshape(())


class Events:
    """The events of one problem, found when the program runs."""

    def __init__(
        self, events: Sequence[Event], flow: Flow, slope: Any, options: dict[str, Any]
    ) -> None:
        self.events, self.flow, self.slope, self.options = events, flow, slope, options
        self._times: dict[Any, tuple[Any, Any]] = {}
        self.given: list[Any] = []  # both ends, the first state, parameters of slope and events
        self._counts: list[int] = []

    def _value(self, k: int) -> CompiledLater:
        return CompiledLater(lambda t, y, *p: self.events[k](t, y, p), f"event {k}")

    def of(self, ends: Sequence[Any], start: Any, params: Sequence[Any]) -> Events:
        """With the operands of all that is found."""
        each = [list(e.closed.params) for e in self.events]
        self._counts = [len(params), *map(len, each)]
        self.given = [*(e.reshape(()) for e in ends), start, *params, *chain(*each)]
        self._compiled = CompiledLater(lambda t, y, *p: self.slope(t, y, p), "slope")
        self._values = [self._value(k) for k in range(len(self.events))]
        return self

    def _split(self, params: Sequence[Any]) -> list[Sequence[Any]]:
        """Parameters of the slope, then of each event."""
        edges = np.cumsum([0, *self._counts]).tolist()
        return [params[a:b] for a, b in pairwise(edges)]

    def _run(self, first: Array, last: Array, start: Array, *params: Array) -> Any:
        """SciPy's solution with all events."""
        ours, *theirs = self._split(params)

        def watched(k: int) -> Any:
            def event(t: float, y: Array) -> float:
                return float(self._values[k](float(t), np.ascontiguousarray(y), *theirs[k]))

            event.terminal = self.events[k].terminal  # type: ignore[attr-defined]
            event.direction = self.events[k].direction  # type: ignore[attr-defined]
            return event

        slope = lambda t, y: self._compiled(float(t), np.ascontiguousarray(y), *ours)  # noqa: E731
        return integrate.solve_ivp(
            slope, (float(first), float(last)), start,
            events=[watched(k) for k in range(len(self.events))], **self.options,
        )  # fmt: skip

    def time(self, k: int, at: int) -> tuple[Any, Any]:
        """The time of an event, counted from either end, and whether there is one."""
        place = (current(), k, at)
        if place not in self._times:
            self._times[place] = self._found(k, at)
        return self._times[place]

    def _found(self, k: int, at: int) -> tuple[Any, Any]:

        def run(*operands: Array) -> Array:
            found = self._run(*operands).t_events[k]
            place = at if at >= 0 else len(found) + at
            known = 0 <= place < len(found)
            return np.array([found[place] if known else float(operands[1]), known], float)

        def equation(t: Any, operands: Sequence[Any]) -> Any:
            first, _, start, *params = operands
            ours, *theirs = self._split(params)
            return self.events[k](t, self._state(first, t, start, ours), theirs[k])

        made = solution(equation, run, self.given, 0, 1, f"event {k}")
        return made[0], made[1] > 0.0

    def _state(self, first: Any, t: Any, start: Any, params: Sequence[Any]) -> Any:
        return self.flow(np.stack([first, t]), start, params)[0]

    def state(self, t: Any) -> Any:
        """The state at an event."""
        first, _, start, *params = self.given
        return self._state(first, t, start, self._split(params)[0])

    def end(self) -> tuple[Any, Any]:
        """The time at which the solution ends, and whether a terminal event has ended it."""
        last, stopped = self.given[1], floating(0.0) > 1.0
        sign = np.sign(last - self.given[0])
        for k, event in enumerate(self.events):
            if event.terminal:
                t, known = self.time(k, event.terminal - 1)
                first = known & (~stopped | (sign * (t - last) <= 0.0))
                last, stopped = np.where(first, t, last), stopped | known
        return last, stopped


class Occurrences:
    """The times of an event, or the states there, by number."""

    def __init__(self, read: Callable[[int], Any]) -> None:
        self._read = read

    def __getitem__(self, key: Any) -> Any:
        at, *rest = key if isinstance(key, tuple) else (key,)
        if type(at) is not int:
            raise self._unknown()
        made = self._read(at)
        return made[tuple(rest)] if rest else made

    def _unknown(self) -> TapecError:
        return refused("the number of events of scipy.integrate.solve_ivp", COUNT)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise self._unknown()

    def __len__(self) -> int:
        raise self._unknown()


def occurrences(events: Events, k: int) -> tuple[Occurrences, Occurrences]:
    """The times of an event and the states there; reading one that is not there is an error."""

    def time(at: int) -> Any:
        t, known = events.time(k, at)
        error = IndexError(f"index {at} is out of bounds: event {k} happened less often")
        demand(known, error)
        return t

    return Occurrences(time), Occurrences(lambda at: events.state(time(at)))


class DenseSolution:
    """The solution as a function of time."""

    def __init__(self, flow: Flow, ends: Sequence[Any], start: Any, params: Sequence[Any]) -> None:
        self._flow, self._ends, self._start, self._params = flow, ends, start, params

    def __call__(self, t: Any) -> Any:
        """The state at a time, or the states at several as columns."""
        t = floating(t)
        times = np.atleast_1d(t)
        sign = np.where(self._ends[1][0] < self._ends[0][0], -1.0, 1.0)
        order = np.argsort(sign * times)
        rows = self._flow(np.concatenate([self._ends[0], times[order]]), self._start, self._params)
        made = rows[np.argsort(order)]
        return made.T if t.ndim else made[0]

"""Contenders, which compute the tasks of cases; here those that need NumPy only."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any, Protocol

import numpy as np

from tapec.bench.case import Arguments, Case, Function, Task
from tapec.bench.tuning import FEW_EVALUATIONS


def unknown() -> float | None:
    """An unknown figure."""
    return None


def identity(result: Any) -> Any:
    """Results that already are NumPy arrays."""
    return result


@dataclass(frozen=True)
class Prepared:
    """A call ready to be verified and timed: ``call(*args)``.

    ``to_numpy`` turns the result into arrays outside the clock; ``scale`` multiplies measured
    time when only a part of the work is run; ``verified`` is false where nothing is claimed
    about the result; ``notes`` are read after the first call, and so is ``compiling``: seconds
    spent before anything ran, where the contender can tell them from the first run.
    """

    call: Function
    args: Arguments
    to_numpy: Callable[[Any], Any] = identity
    scale: float = 1.0
    verified: bool = True
    notes: Callable[[], str] = str
    compiling: Callable[[], float | None] = unknown


class Contender(Protocol):
    """One column of the table."""

    name: str
    # A subject that fails makes the run fail; a peer that cannot express a case is left out.
    subject: bool

    def prepare(self, case: Case, task: Task, args: Arguments) -> Prepared | None:
        """The call for this task, or None where it does not apply."""
        ...


class NumPy:
    """The plain function itself: only the value."""

    name = "numpy"
    subject = False

    def prepare(self, case: Case, task: Task, args: Arguments) -> Prepared | None:
        """The plain function, for the value task."""
        return Prepared(case.plain, args) if task is Task.VALUE else None


class EmptyCall:
    """An empty Python function of the same arguments: the minimal cost of a call."""

    name = "empty"
    subject = False

    def prepare(self, case: Case, task: Task, args: Arguments) -> Prepared | None:
        """An empty function, for cases so small that the call overhead matters."""
        if not case.floor or task is Task.VALUE:
            return None
        return Prepared(_empty_one if len(args) == 1 else _empty, args, verified=False)


def _empty_one(x: Any) -> None:
    pass


def _empty(*args: Any) -> None:
    pass


class FiniteDifferences:
    """Forward differences of the NumPy function, as ``scipy.optimize.approx_fprime`` takes them."""

    name = "fd"
    subject = False

    def prepare(self, case: Case, task: Task, args: Arguments) -> Prepared | None:
        """The loop over input coordinates, on a part of them where there are many."""
        if task is Task.VALUE:
            return None
        n = _columns(case, args)
        # A Hessian takes f at x, x + e_i and x + e_i + e_j, j <= i.
        evaluations = n + 1 if task is not Task.HESSIAN else 1 + n + n * (n + 1) // 2
        timed = min(evaluations, FEW_EVALUATIONS)
        picked = list(islice(cycle(islice(_moves(case, args), FEW_EVALUATIONS)), timed - 1))
        return Prepared(
            _differences(case.plain, picked), args, scale=evaluations / timed, verified=False
        )


Move = tuple[int, tuple[Any, ...]]


def _shape(case: Case, argument: Any) -> tuple[int, ...]:
    """Shape of one row of a batched argument, of the whole argument otherwise."""
    return np.shape(argument)[1:] if case.batch else np.shape(argument)


def _columns(case: Case, args: Arguments) -> int:
    return sum(math.prod(_shape(case, args[k])) for k in case.selected)


def _moves(case: Case, args: Arguments) -> Iterator[Move]:
    """Every (argument, index) to be perturbed."""
    leading = (slice(None),) if case.batch else ()
    for position in case.selected:
        for index in np.ndindex(_shape(case, args[position])):
            yield position, (*leading, *index)


def _differences(plain: Function, moves: list[Move]) -> Function:
    """One base evaluation and one per perturbation by sqrt(eps)."""
    step = float(np.sqrt(np.finfo(np.float64).eps))

    def differences(*args: Any) -> list[Any]:
        base = plain(*args)
        columns = []
        for position, index in moves:
            moved = np.array(args[position], dtype=np.float64)
            moved[index] += step
            value = plain(*args[:position], moved, *args[position + 1 :])
            columns.append((value - base) / step)
        return columns

    return differences

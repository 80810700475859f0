"""What a benchmark case is: a plain NumPy function, inputs, derivatives and their references."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Function = Callable[..., Any]
Arguments = tuple[Any, ...]


class Task(StrEnum):
    """What is computed and timed."""

    VALUE = "value"
    GRADIENT = "gradient"
    JACOBIAN = "jacobian"
    HESSIAN = "hessian"


class Reference(Protocol):
    """An independent source of a derivative."""

    def error(self, result: Any, case: Case, args: Arguments) -> float:
        """Relative error of ``result`` against this reference, in the maximum norm."""
        ...


@dataclass(frozen=True, kw_only=True)
class Case:
    """One workload of the suite.

    ``f`` is a plain NumPy function; ``inputs`` draws its arguments from a seeded generator.
    ``references`` gives, per derivative, an independent check. ``argnums`` are the arguments
    differentiated. With ``batch`` the arguments carry a leading axis, ``f`` takes one row of
    them (``vmap``), and ``primal`` is the NumPy function over the whole batch. ``functional`` is
    a version of ``f`` without item assignment, for peers that have none. ``family`` is the key
    under which a peer keeps its hand-written variant; ``skip`` names peers left out, and why.
    ``floor`` marks inputs so small that the call overhead dominates; ``extended`` a slow case that
    runs only when it is named.
    """

    name: str
    about: str
    f: Function
    inputs: Callable[[np.random.Generator], Arguments]
    references: Mapping[Task, Reference]
    argnums: int | tuple[int, ...] = 0
    batch: bool = False
    primal: Function | None = None
    functional: Function | None = None
    family: str = ""
    rtol: float = 1e-10
    floor: bool = False
    extended: bool = False
    skip: Mapping[str, str] = field(default_factory=dict)

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The value, then every derivative that has a reference."""
        return (Task.VALUE, *self.references)

    @property
    def plain(self) -> Function:
        """The NumPy function that computes the value of the whole input."""
        return self.primal if self.primal is not None else self.f

    @property
    def selected(self) -> tuple[int, ...]:
        """The differentiated argument positions as a tuple."""
        return self.argnums if isinstance(self.argnums, tuple) else (self.argnums,)

    def draw(self, seed: int = 0) -> Arguments:
        """The arguments of this case, the same for every run of one seed."""
        return self.inputs(np.random.default_rng([seed, *self.name.encode()]))

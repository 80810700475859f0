"""A kernel as its user has it: values by return or in place, and its slopes along directions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from programs.control.program import COMPLEX_NUMPY, copied, floating, weights

from tapec.bench.peers.rebind import rebind
from tapec.tools.differences import COMPLEX_STEP, ridders

Array = Any
Args = tuple[Any, ...]


@dataclass(frozen=True)
class Kernel:
    """A function, its arguments, and how much may be asked of it.

    `inplace`: the positions of the arguments it writes to, which are results too.
    `analytic`: it also runs on complex numbers. `smooth`: False where there is nothing to
    differentiate (integers). `costly`: large to compile, differentiated in long runs only.
    """

    f: Callable[..., Any]
    args: Args
    inplace: tuple[int, ...] = ()
    analytic: bool = True
    smooth: bool = True
    costly: bool = False

    @property
    def name(self) -> str:
        return self.f.__name__

    @property
    def argnums(self) -> tuple[int, ...]:
        """The arguments differentiated: all arrays and numbers made of floats."""
        return tuple(k for k, a in enumerate(self.args) if floating(a))

    def results(self, f: Callable[..., Any], args: Args) -> list[Any]:
        """All a call gives, by return and in place."""
        args = copied(args)
        return [*parts(f(*args)), *(args[k] for k in self.inplace)]

    def scalar(self) -> Callable[..., Any]:
        """A fixed combination of all results, which changes with every element."""
        f, inplace = self.f, self.inplace
        scales = [weights(part) for part in self.results(f, self.args)]

        def combined(*args: Any) -> Any:
            result = f(*args)
            found = [*parts(result), *(args[k] for k in inplace)]
            total = 0.0
            for scale, part in zip(scales, found, strict=True):
                total = total + np.sum(scale * part)
            return total

        return combined

    def value(self, f: Callable[..., Any], args: Args) -> Any:
        """The combination, by NumPy alone."""
        return sum(np.sum(weights(part) * part) for part in self.results(f, args))

    def directions(self) -> list[Array]:
        """One per differentiated argument, of about its size; no entry is zero."""
        rng = np.random.default_rng(9)
        chosen = [np.asarray(self.args[k]) for k in self.argnums]
        return [(0.1 + np.abs(a)) * rng.normal(size=a.shape) for a in chosen]

    def slopes(self) -> list[float]:
        """The slope of the combination along each direction, from values alone."""
        f = rebind(self.f, {np: COMPLEX_NUMPY}) if self.analytic else self.f
        args = tuple(
            a.astype(complex) if self.analytic and isinstance(a, np.ndarray) and floating(a) else a
            for a in self.args
        )
        found = []
        for k, direction in zip(self.argnums, self.directions(), strict=True):

            def line(t: Any, k: int = k, direction: Array = direction) -> Any:
                return self.value(
                    f, (*args[:k], np.asarray(args[k] + t * direction)[()], *args[k + 1 :])
                )

            if self.analytic:
                found.append(float(np.imag(line(1j * COMPLEX_STEP))) / COMPLEX_STEP)
            else:
                found.append(float(ridders(line, step=1e-3)[0]))
        return found


def parts(result: Any) -> list[Any]:
    """The arrays and numbers of a result, None being none."""
    if result is None:
        return []
    return list(result) if isinstance(result, tuple | list) else [result]


def kernels() -> tuple[list[Kernel], Callable[..., Callable[[Any], Any]]]:
    """A list, and a decorator that adds to it a function with its arguments."""
    found: list[Kernel] = []

    def kernel(*args: Any, **traits: Any) -> Any:
        def add(f: Any) -> Any:
            found.append(Kernel(f, args, **traits))
            return f

        return add

    return found, kernel

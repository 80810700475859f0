"""What a program of the corpus is, and references for its derivatives that need only NumPy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from tapec.bench.peers.rebind import rebind
from tapec.tools.differences import COMPLEX_STEP, ridders

Array = Any
Point = tuple[Any, ...]


@dataclass(frozen=True)
class Program:
    """A function, points to evaluate it at, and how its derivatives can be known.

    `analytic`: the function also runs on complex numbers, so that a complex step gives its
    derivatives to the last bit. `second`: small and smooth enough to differentiate twice.
    `plain`: the same values from NumPy alone, where `f` itself takes derivatives.
    """

    f: Callable[..., Any]
    points: tuple[Point, ...]
    analytic: bool = True
    second: bool = True
    plain: Callable[..., Any] | None = None

    @property
    def reference(self) -> Callable[..., Any]:
        """The function of NumPy alone."""
        return self.plain or self.f

    @property
    def name(self) -> str:
        return self.f.__name__

    @property
    def argnums(self) -> tuple[int, ...]:
        """The arguments differentiated: all that are made of floats."""
        return tuple(k for k, a in enumerate(self.points[0]) if floating(a))

    def scalar(self) -> Callable[..., Any]:
        """The function itself, or a fixed combination of its results."""
        result, f = self.reference(*copied(self.points[0])), self.f
        if not np.shape(result):
            return f
        scale = weights(result)
        return lambda *args: np.sum(scale * f(*args))

    def reference_value(self, point: Point) -> Any:
        """The scalar form by NumPy."""
        result = self.reference(*copied(point))
        return np.sum(weights(result) * result)

    def gradient(self, point: Point) -> list[Array]:
        """One derivative per differentiated argument, of the scalar form, by differences."""
        scale, f = weights(self.reference(*copied(point))), self.reference
        if self.analytic:
            f = rebind(f, {np: COMPLEX_NUMPY})
            point = tuple(a.astype(complex) if grid(a) else a for a in point)

        def value(*args: Any) -> Any:
            return np.sum(scale * f(*copied(args)))

        return [_slopes(value, point, k, self.analytic) for k in self.argnums]

    def curvature(self, point: Point, directions: list[Array]) -> list[Array]:
        """The Hessian times `directions`, by extrapolated differences of the gradient."""

        def along(t: float) -> Array:
            parts = self.gradient(moved(point, self.argnums, directions, t))
            return np.concatenate([np.ravel(p) for p in parts])

        flat = ridders(along)[0]
        sizes = [np.size(point[k]) for k in self.argnums]
        pieces = np.split(flat, np.cumsum(sizes)[:-1])
        return [p.reshape(np.shape(point[k])) for p, k in zip(pieces, self.argnums, strict=True)]


def programs() -> tuple[list[Program], Callable[..., Callable[[Any], Any]]]:
    """A list, and a decorator that adds to it a function with the points it is tried at."""
    found: list[Program] = []

    def program(*points: Point, **traits: Any) -> Any:
        def add(f: Any) -> Any:
            found.append(Program(f, points, **traits))
            return f

        return add

    return found, program


def copied(args: Point) -> Point:
    """Arguments a function may write to."""
    return tuple(a.copy() if isinstance(a, np.ndarray) else a for a in args)


def moved(point: Point, argnums: tuple[int, ...], by: list[Array], t: float) -> Point:
    """The point, its differentiated arguments moved by `t` times the directions."""
    args = list(copied(point))
    for k, direction in zip(argnums, by, strict=True):
        args[k] = args[k] + t * direction
    return tuple(args)


def floating(argument: Any) -> bool:
    return np.asarray(argument).dtype.kind == "f"


def grid(argument: Any) -> bool:
    return isinstance(argument, np.ndarray) and floating(argument)


def weights(result: Array) -> Array:
    """What a result that is an array is combined with."""
    shape = np.shape(result)
    return np.random.default_rng(5).normal(size=shape) if shape else 1.0


def _slopes(f: Callable[..., Any], point: Point, k: int, analytic: bool) -> Array:
    """All partial derivatives of a scalar function with respect to its argument `k`."""
    x = np.real(np.asarray(point[k]))
    slopes = np.empty(x.shape)
    for index in np.ndindex(x.shape):
        unit = np.zeros(x.shape)
        unit[index] = 1.0

        def line(t: Any, unit: Array = unit) -> Any:
            return f(*point[:k], (x + t * unit)[()], *point[k + 1 :])

        if analytic:
            slopes[index] = np.imag(line(1j * COMPLEX_STEP)) / COMPLEX_STEP
        else:
            slopes[index] = ridders(line)[0]
    return slopes[()]


def _by_real_part(real: Callable[..., Any]) -> Callable[..., Any]:
    """`maximum` or `minimum` of complex numbers, by their real parts."""

    def choose(a: Any, b: Any) -> Any:
        a, b = np.asarray(a), np.asarray(b)
        return np.where(np.real(a) == real(np.real(a), np.real(b)), a, b)[()]

    return choose


def _complex(make: Callable[..., Any]) -> Callable[..., Any]:
    """A constructor whose arrays can hold the complex step, where they hold floats."""

    def constructor(*args: Any, **kwargs: Any) -> Any:
        made = make(*args, **kwargs)
        return made.astype(complex) if made.dtype.kind == "f" else made

    return constructor


class _ComplexNumPy(SimpleNamespace):
    """NumPy in which the functions that are not analytic are continued from the real axis."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


def _abs(x: Any) -> Any:
    return np.where(np.real(x) < 0, -np.asarray(x), x)[()]


CONSTRUCTORS = ("zeros", "empty", "ones", "full", "eye", "zeros_like", "empty_like", "array")
COMPLEX_NUMPY = _ComplexNumPy(
    abs=_abs,
    absolute=_abs,
    fabs=_abs,
    sign=lambda x: np.sign(np.real(x)),
    maximum=_by_real_part(np.maximum),
    minimum=_by_real_part(np.minimum),
    hypot=lambda a, b: np.sqrt(a * a + b * b),
    isnan=lambda x: np.isnan(np.real(x)),
    linalg=SimpleNamespace(**vars(np.linalg) | {"norm": lambda x: np.sqrt(np.sum(x * x))}),
    **{name: _complex(getattr(np, name)) for name in CONSTRUCTORS},
)

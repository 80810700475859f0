"""Users' functions as solvers want them: of arrays, with one vector as the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tapec.call.kernel import Kernel
from tapec.errors import DTypeError
from tapec.trace import Tracer
from tapec.trace.results import call_traced
from tapec.tree import flatten


class Vector:
    """A function, nested results of which are one vector. Runs inside a trace."""

    suffix = "vector"

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f = f.__wrapped__ if isinstance(f, Kernel) else f
        self.__name__ = self.__qualname__ = f"{getattr(f, '__name__', 'f')}.{self.suffix}"
        self.__module__ = getattr(f, "__module__", __name__)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.vector(*args, **kwargs)

    def vector(self, *args: Any, **kwargs: Any) -> Any:
        """What the function returns, in one row."""
        return in_one_row(self.returned(args, kwargs))

    def returned(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """What the function returns."""
        return call_traced(self.f, tuple(args), dict(kwargs))


class ConstraintVector(Vector):
    """The numbers that constraints bound; conditions on them are refused."""

    def vector(self, *args: Any, **kwargs: Any) -> Any:
        """What the function returns, in one row."""
        found = self.returned(args, kwargs)
        if any(_is_condition(x) for x in flatten(found)[0]):
            raise DTypeError(
                f"the constraints {self.__name__.removesuffix('.vector')} return conditions, "
                "which have no derivatives",
                hint="return the numbers, x[0] - x[1] for x[0] >= x[1], and bound them by 0",
            )
        return in_one_row(found)


def _is_condition(x: Any) -> bool:
    return isinstance(x, bool) or (hasattr(x, "dtype") and x.dtype.kind == "b")


class OneNumber(Vector):
    """A function that returns one number, or an array that holds one, as solvers take it."""

    suffix = "number"

    def vector(self, *args: Any, **kwargs: Any) -> Any:
        """The number that the function returns; anything else as it is."""
        found = self.returned(args, kwargs)
        return np.reshape(found, ()) if np.shape(found) in ((1,), (1, 1)) else found


class Stacked(Vector):
    """fun(x, y, *p) as a function of (y, *p, x): a list of rows is one array."""

    suffix = "stacked"

    def __call__(self, y: Any, *rest: Any) -> Any:
        *p, x = rest
        found = self.returned((x, y, *p), {})
        return found if isinstance(found, Tracer) else np.stack(found)


def in_one_row(result: Any) -> Any:
    """All numbers of something nested as one vector."""
    parts = [np.reshape(x, (-1,)) * 1.0 for x in flatten(result)[0]]
    if not parts:
        return np.zeros(0)
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


class Curve(Vector):
    """f(x, *p) as a function of the vector p, then of x."""

    suffix = "curve"

    def __call__(self, p: Any, x: Any) -> Any:
        return self.vector(x, *(p[k] for k in range(p.shape[0])))


class Weighted(Vector):
    """w @ f(x): of (x, w, *rest). Its Hessian is the sum of those of the results, weighted."""

    suffix = "weighted"

    def __call__(self, x: Any, weights: Any, *rest: Any) -> Any:
        return weights @ self.vector(x, *rest)


class Lagrangian:
    """factor * f(x) + multipliers @ c(x): of (x, factor, multipliers, *parameters)."""

    def __init__(self, objective: Callable[..., Any], constraints: Vector) -> None:
        self.objective, self.constraints = objective, constraints
        self.__name__ = self.__qualname__ = "lagrangian"

    def __call__(self, x: Any, factor: Any, multipliers: Any, *parameters: Any) -> Any:
        value = factor * call_traced(self.objective, (x, *parameters), {})
        return value + multipliers @ self.constraints.vector(x, *parameters)

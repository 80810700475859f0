"""Derivatives of holomorphic functions, d f / d z.

The real part u of such a function has all of it: f' = du/dx - i du/dy by the Cauchy-Riemann
equations, which is the conjugate of the gradient of u (Ahlfors, Complex Analysis, section 2.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tapec.derive.derived import Argnums, Function, Grad, Jacobian, Transform
from tapec.errors import NonDifferentiableError
from tapec.lazy import deferred
from tapec.tree import Tree, flatten, is_complex

if TYPE_CHECKING:
    from tapec.ad.drivers import Mode
    from tapec.trace import results
else:
    results = deferred("tapec.trace.results")


class RealPart:
    """A function with real parts for its complex results, and the results themselves beside."""

    def __init__(self, f: Function, has_aux: bool) -> None:
        self.f, self.has_aux = f, has_aux
        self.__name__ = getattr(f, "__name__", type(f).__name__)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        found = results.call_traced(self.f, args, kwargs)
        return real_parts(found[0] if self.has_aux else found), found


def numbers(value: Any) -> tuple[list[Any], Tree]:
    """The numbers and arrays of a structure, complex ones whole, and how they are nested."""
    return flatten(value, is_leaf=is_complex)


def real_parts(value: Any) -> Any:
    """A structure with the real parts of its complex leaves, which all must be."""
    leaves, tree = numbers(value)
    if not all(map(is_complex, leaves)):
        raise NonDifferentiableError(
            "a holomorphic function has complex results only", hint="leave out holomorphic=True"
        )
    return tree.unflatten([leaf.real for leaf in leaves])


class Holomorphic(Transform):
    """Gradients or Jacobians of holomorphic functions, with the values where asked."""

    suffix = "holomorphic"
    like_f = True

    def __init__(
        self, f: Function, argnums: Argnums, has_aux: bool = False, value: bool = False,
        mode: Mode | None = None,
    ) -> None:  # fmt: skip
        super().__init__(f, argnums, has_aux)
        self.value = value
        part = RealPart(f, has_aux)
        self.inner: Grad | Jacobian = (
            Grad(part, argnums, True) if mode is None else Jacobian(FirstOf(part), argnums, mode)
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._check(args)
        if isinstance(self.inner, Jacobian):
            return conjugated(self.inner(*args, **kwargs))
        slopes, found = self.inner(*args, **kwargs)
        slopes = conjugated(slopes)
        if self.value:
            return found, slopes
        return (slopes, found[1]) if self.has_aux else slopes

    def _check(self, args: tuple[Any, ...]) -> None:
        for n in self.argnums:
            if not all(map(is_complex, numbers(args[n])[0])):
                raise NonDifferentiableError(
                    f"argument {n} of a holomorphic function is not complex",
                    hint="convert it: z.astype(complex)",
                )


class FirstOf:
    """A function's first result."""

    def __init__(self, f: Any) -> None:
        self.f = f
        self.__name__ = f.__name__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.f(*args, **kwargs)[0]


def conjugated(value: Any) -> Any:
    """A structure with its complex leaves conjugated."""
    leaves, tree = numbers(value)
    return tree.unflatten([np.conjugate(leaf) for leaf in leaves])

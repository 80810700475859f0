"""The derivatives that a kernel offers, as its attributes and methods."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Self

from tapec.backends.locks import ForkedLock
from tapec.call.method import OfMethod


class Transforms(dict[str, Callable[..., Any]]):
    """What a kernel offers of `tapec.derive`, by name.

    Transforms make kernels, so they stand above: `find` is handed over by the package, and asked
    when a kernel first wants one.
    """

    find: Callable[[str], Callable[..., Any]]

    def __missing__(self, name: str) -> Callable[..., Any]:
        found = self[name] = self.find(name)
        return found


TRANSFORMS = Transforms()


class Derivatives:
    """What `tapec.derive` makes of a kernel, made when first asked for and kept with it."""

    _lock: ForkedLock
    _options: dict[str, Any]
    _derived: dict[str, Any]

    @functools.cached_property
    def grad(self) -> Self:
        """The gradient: see `tapec.grad` for shapes and errors.

        >>> f = tapec.compile(lambda x: np.sum(x**2))
        >>> f.grad(np.ones(2))
        array([2., 2.])
        """
        return self.derived("grad")

    @functools.cached_property
    def value_and_grad(self) -> Self:
        """Value and gradient: see `tapec.value_and_grad` for shapes and errors.

        >>> f = tapec.compile(lambda x: np.sum(x**2))
        >>> f.value_and_grad(np.ones(2))
        (np.float64(2.0), array([2., 2.]))
        """
        return self.derived("value_and_grad")

    @functools.cached_property
    def jacobian(self) -> Self:
        """All first derivatives: see `tapec.jacobian` for shapes and errors.

        >>> f = tapec.compile(lambda x: np.sum(x**2))
        >>> f.jacobian(np.ones(2))
        array([2., 2.])
        """
        return self.derived("jacobian")

    @functools.cached_property
    def hessian(self) -> Self:
        """All second derivatives: see `tapec.hessian` for shapes and errors.

        >>> f = tapec.compile(lambda x: np.sum(x**2))
        >>> f.hessian(np.ones(2))
        array([[2., 0.],
               [0., 2.]])
        """
        return self.derived("hessian")

    @functools.cached_property
    def hvp(self) -> Self:
        """The Hessian times a direction: see `tapec.hvp` for shapes and errors.

        >>> f = tapec.compile(lambda x: np.sum(x**2))
        >>> f.hvp(np.ones(2), np.array([1.0, 0.0]))
        array([2., 0.])
        """
        return self.derived("hvp")

    def jvp(self, primals: Any, tangents: Any) -> Any:
        """The value, and the derivative along tangents: see `tapec.jvp` for shapes and errors.

        >>> f = tapec.compile(lambda x: np.sum(x**2))
        >>> f.jvp((np.ones(2),), (np.ones(2),))
        (np.float64(2.0), np.float64(4.0))
        """
        return self.transform("jvp")(self, primals, tangents)

    def vjp(self, *primals: Any, has_aux: bool = False) -> Any:
        """The value, and the map that pulls cotangents back: see `tapec.vjp` for shapes and errors.

        >>> f = tapec.compile(lambda x: np.sum(x**2))
        >>> value, pull = f.vjp(np.ones(2))
        >>> pull(1.0)
        (array([2., 2.]),)
        """
        return self.transform("vjp")(self, *primals, has_aux=has_aux)

    @staticmethod
    def transform(name: str) -> Callable[..., Any]:
        """`tapec.NAME`."""
        return TRANSFORMS[name]

    def derived(self, name: str) -> Self:
        """The kernel of a transform of this function; "method NAME" takes the object first."""
        made: Any = type(self)
        itself: Any = self
        with self._lock.held():  # threads share one derived kernel
            if name not in self._derived:
                kind, _, of = name.rpartition(" ")
                self._derived[name] = (
                    made(OfMethod(itself, TRANSFORMS[of]), **self._options)
                    if kind
                    else TRANSFORMS[of](self)
                )
            found: Self = self._derived[name]
        return found

"""`BoundKernel`: a kernel in a class body, bound to an object."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from tapec.look.stages import IRText


class KernelLike(Protocol):
    """What a kernel has that its bound form hands on."""

    __name__: str
    __wrapped__: Any

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The compiled function."""

    def transform(self, name: str) -> Callable[..., Any]:
        """`tapec.NAME`."""

    def derived(self, name: str) -> Any:
        """The kernel of a transform."""

    def specialization(self, *args: Any, **kwargs: Any) -> Any:
        """The compiled program for these arguments."""

    def ir(self, stage: str, *args: Any, **kwargs: Any) -> IRText:
        """The program at a stage."""

    def explain(self, *args: Any, **kwargs: Any) -> str:
        """What was done to compile this call."""

    def graph(self, *args: Any, **kwargs: Any) -> Any:
        """The def-use graph."""

    def tape(self, *args: Any, **kwargs: Any) -> Any:
        """What the reverse sweep keeps."""

    def bind(self, *args: Any, out: Any = None) -> Callable[[], Any]:
        """A callable without arguments."""

    def address(self, *args: Any) -> int:
        """The address of a C function."""

    def ctypes(self, *args: Any) -> Any:
        """A C function for ctypes."""

    @property
    def export(self) -> Callable[..., Any]:
        """Writes C functions."""


class BoundKernel:
    """What `obj.kernel` is: the kernel with `obj` as its first argument.

    Derivatives are those in the arguments after it, as for the function of these alone.
    """

    def __init__(self, kernel: KernelLike, instance: Any) -> None:
        self.__func__, self.__self__ = kernel, instance
        self.__name__ = kernel.__name__
        self.__doc__ = kernel.__doc__

    @property
    def __wrapped__(self) -> Any:
        """The function, bound: for `inspect.signature`."""
        return types.MethodType(self.__func__.__wrapped__, self.__self__)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.__func__(self.__self__, *args, **kwargs)

    def __eq__(self, other: object) -> bool:
        return (
            type(other) is BoundKernel
            and self.__func__ is other.__func__
            and self.__self__ is other.__self__
        )

    def __hash__(self) -> int:
        return hash((id(self.__func__), id(self.__self__)))

    def __repr__(self) -> str:
        return f"<bound {self.__func__!r} of {self.__self__!r}>"

    def __reduce__(self) -> Any:
        return BoundKernel, (self.__func__, self.__self__)

    # ---- transforms ----

    @property
    def grad(self) -> BoundKernel:
        """`tapec.grad` of the bound function."""
        return self._derived("grad")

    @property
    def value_and_grad(self) -> BoundKernel:
        """`tapec.value_and_grad` of the bound function."""
        return self._derived("value_and_grad")

    @property
    def jacobian(self) -> BoundKernel:
        """`tapec.jacobian` of the bound function."""
        return self._derived("jacobian")

    @property
    def hessian(self) -> BoundKernel:
        """`tapec.hessian` of the bound function."""
        return self._derived("hessian")

    @property
    def hvp(self) -> BoundKernel:
        """`tapec.hvp` of the bound function."""
        return self._derived("hvp")

    def jvp(self, primals: Any, tangents: Any) -> Any:
        """`tapec.jvp` of the bound function."""
        return self.__func__.transform("jvp")(self, primals, tangents)

    def vjp(self, *primals: Any, has_aux: bool = False) -> Any:
        """`tapec.vjp` of the bound function."""
        return self.__func__.transform("vjp")(self, *primals, has_aux=has_aux)

    def _derived(self, name: str) -> BoundKernel:
        return BoundKernel(self.__func__.derived(f"method {name}"), self.__self__)

    # ---- for other languages ----

    def address(self, *args: Any) -> int:
        """The address of a C function, see `Kernel.address`."""
        return self.__func__.address(self.__self__, *args)

    def ctypes(self, *args: Any) -> Any:
        """A C function for ctypes, see `Kernel.ctypes`."""
        return self.__func__.ctypes(self.__self__, *args)

    def export(self, path: Any, *args: Any, argnums: Any = 0, **options: Any) -> Any:
        """Write C functions, see `Kernel.export`; `argnums` counts from the first argument."""
        single = isinstance(argnums, int)
        numbers = argnums + 1 if single else tuple(n + 1 for n in argnums)
        return self.__func__.export(path, self.__self__, *args, argnums=numbers, **options)

    # ---- looking inside ----

    def specialization(self, *args: Any, **kwargs: Any) -> Any:
        """The compiled program for these arguments."""
        return self.__func__.specialization(self.__self__, *args, **kwargs)

    def ir(self, stage: str, *args: Any, **kwargs: Any) -> IRText:
        """The program at a stage, see `Kernel.ir`."""
        return self.__func__.ir(stage, self.__self__, *args, **kwargs)

    def explain(self, *args: Any, **kwargs: Any) -> str:
        """A table of what was done to compile this call."""
        return self.__func__.explain(self.__self__, *args, **kwargs)

    def graph(self, *args: Any, **kwargs: Any) -> Any:
        """The optimized program's def-use graph."""
        return self.__func__.graph(self.__self__, *args, **kwargs)

    def tape(self, *args: Any, **kwargs: Any) -> Any:
        """What the reverse sweep keeps of this call."""
        return self.__func__.tape(self.__self__, *args, **kwargs)

    def bind(self, *args: Any, out: Any = None) -> Callable[[], Any]:
        """A callable without arguments on these very buffers."""
        return self.__func__.bind(self.__self__, *args, out=out)


class OfMethod:
    """A transform of a method: takes the object it is bound to, then what the transform takes."""

    def __init__(self, f: Callable[..., Any], make: Callable[[Any], Callable[..., Any]]) -> None:
        self.f, self.make = f, make
        self.__name__ = self.__qualname__ = make(f).__name__
        self.__module__ = getattr(f, "__module__", __name__)
        self.__doc__ = f.__doc__

    def __call__(self, instance: Any, *args: Any, **kwargs: Any) -> Any:
        return self.make(functools.partial(self.f, instance))(*args, **kwargs)

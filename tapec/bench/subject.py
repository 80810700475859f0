"""The compiler as a contender: natively compiled, and run by the NumPy interpreter."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any, Literal

from tapec.bench.case import Arguments, Case, Function, Task
from tapec.bench.contender import Prepared

Backend = Literal["auto", "numpy"]


def _transforms() -> dict[Task, Callable[[Function, Any], Function]]:
    import tapec

    return {
        Task.VALUE: lambda f, argnums: f,
        Task.GRADIENT: lambda f, argnums: tapec.grad(f, argnums),
        Task.JACOBIAN: lambda f, argnums: tapec.jacobian(f, argnums),
        Task.HESSIAN: lambda f, argnums: tapec.hessian(f, argnums),
    }


def build(case: Case, task: Task, backend: Backend) -> Function:
    """The kernel of one task: transform, batch, compile."""
    import tapec

    function = _transforms()[task](case.f, case.argnums)
    if case.batch:
        function = tapec.vmap(function)
    kernel: Function = tapec.compile(function, backend=backend)
    return kernel


class Tapec:
    """tapec on one backend; ``auto`` says in its note when it had to fall back."""

    subject = True

    def __init__(self, name: str, backend: Backend) -> None:
        self.name = name
        self._backend: Backend = backend

    def prepare(self, case: Case, task: Task, args: Arguments) -> Prepared | None:
        """The kernel; its first call traces and compiles."""
        kernel = build(case, task, self._backend)
        watch = _FirstCallWatch(kernel)
        return Prepared(
            watch, args, notes=lambda: "; ".join(watch.found), compiling=lambda: watch.seconds
        )


class _FirstCallWatch:
    """Collects the warnings of the first call, then hands out the bare kernel for timing.

    Compiling is timed separately, as a long first run would hide it.
    """

    def __init__(self, kernel: Any) -> None:
        self.bare = kernel
        self.found: list[str] = []
        self.seconds: float | None = None

    def __call__(self, *args: Any) -> Any:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            start = time.perf_counter()
            self.bare.specialization(*args)
            self.seconds = time.perf_counter() - start
            result = self.bare(*args)
        self.found.extend(str(w.message).splitlines()[0] for w in caught)
        return result


NATIVE = Tapec("tapec", "auto")
INTERPRETER = Tapec("interpreter", "numpy")

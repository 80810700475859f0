"""Where the parts meet: trace, clean, derive, lower, compile."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tapec.config import SETTINGS
from tapec.errors import BackendError, BackendWarning
from tapec.ir.pauses import gc_paused
from tapec.lazy import deferred

if TYPE_CHECKING:
    from tapec import lower, passes
    from tapec.backends import interpreter, llvm
    from tapec.backends.llvm import blas, linking
    from tapec.backends.llvm import compile as compiling
    from tapec.backends.llvm.compile import CompiledKernel
    from tapec.backends.llvm.linking import LinkedKernel, ObjectCode
    from tapec.ir import Func, nested
    from tapec.passes.regions import key as region_keys
else:
    blas, llvm = deferred("tapec.backends.llvm.blas"), deferred("tapec.backends.llvm")
    linking = deferred("tapec.backends.llvm.linking")
    compiling, interpreter = map(
        deferred, ("tapec.backends.llvm.compile", "tapec.backends.interpreter")
    )
    lower, nested, passes = map(deferred, ("tapec.lower", "tapec.ir.nested", "tapec.passes"))
    region_keys = deferred("tapec.passes.regions.key")

Executable = Callable[[Sequence[np.ndarray[Any, Any]]], list[np.ndarray[Any, Any]]]


class Step(NamedTuple):
    """One line of `explain`: what was done, sizes before and after, seconds."""

    name: str
    before: int
    after: int
    seconds: float
    unit: str = "ops"  # of the size after


class Journal:
    """What happened to one program on its way, and why it did not become native code."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.fallback = ""
        self.made: dict[Any, Func] = {}  # programs that `once` made
        self.keys: region_keys.Keys | None = None

    def once(self, how: tuple[Any, ...], func: Func, make: Callable[[], Func]) -> Func:
        """What is made of a program in this way; a loop body may be traced a dozen times."""
        if self is not _RUNNING.get():
            return make()
        self.keys = self.keys or region_keys.Keys()
        key = (how, self.keys.program(func))
        if key not in self.made:
            self.made[key] = make()
        return self.made[key]

    def watch(self, name: str, before: Func, after: Func, seconds: float) -> None:
        """Record a pass."""
        size = self.steps[-1].after if after is before and self.steps else nested.count(before.ops)
        self.steps.append(
            Step(name, size, size if after is before else nested.count(after.ops), seconds)
        )

    def report(self, name: str, before: int, after: int, unit: str, seconds: float) -> None:
        """Record a stage of the backend."""
        self.steps.append(Step(name, before, after, seconds, unit))

    def timed(self, name: str, work: Callable[[], Any], size: Callable[[Any], int]) -> Any:
        """Run `work`, which begins with nothing, and record it: first, but for its own steps."""
        known, start = len(self.steps), time.perf_counter()
        token = _RUNNING.set(self)
        try:
            result = work()
        finally:
            _RUNNING.reset(token)
        seconds = time.perf_counter() - start - sum(s.seconds for s in self.steps[known:])
        self.steps.append(Step(name, 0, size(result), seconds))
        return result


# The journal of the kernel being traced, which also records derivations.
_RUNNING: ContextVar[Journal | None] = ContextVar("journal", default=None)


def running() -> Journal:
    """The journal of the kernel that is being traced; one for nobody where there is none."""
    return _RUNNING.get() or Journal()


def derive(transform: Callable[..., Func], func: Func, *args: Any) -> Func:
    """`transform(func, *args)`, noted for the kernel that is being traced."""

    def make() -> Func:
        start = time.perf_counter()
        derived = transform(func, *args)
        journal.watch(transform.__name__, func, derived, time.perf_counter() - start)
        return derived

    journal = running()
    if not all(isinstance(a, list | str | int) for a in args):
        return make()
    return journal.once((transform, *map(str, args)), func, make)


def clean(func: Func, journal: Journal | None = None) -> Func:
    """The clean-up pipeline: folding, simplification, common subexpressions, dead code."""
    if journal is None:
        return passes.clean(func, watch=None, check=SETTINGS.check)
    watch = journal.watch
    return journal.once((), func, lambda: passes.clean(func, watch=watch, check=SETTINGS.check))


def lowered(func: Func, threads: int = 0, fastmath: bool = False) -> dict[str, Func]:
    """The program after every pass of lowering, by the name of the pass."""
    return lower.stages(func, blas.usable, threads, fastmath)


def interpreted(func: Func) -> Executable:
    """Run by the NumPy interpreter."""
    return lambda arrays: interpreter.run(func, arrays)


class Native:
    """A program as machine code: callable on leaves, and open to inspection."""

    def __init__(self, kernel: CompiledKernel | LinkedKernel) -> None:
        self.kernel = kernel
        self.call = llvm.NativeEntry(self.kernel.library, self.kernel.signature)

    @property
    def library(self) -> Any:
        """The code, with an entry for callable objects; None without one."""
        return self.kernel.library if "entry" in self.kernel.library else None

    @property
    def loops(self) -> Func:
        """The lowered program."""
        return self.kernel.loops_func

    @property
    def work_bytes(self) -> int:
        """The work memory of a call."""
        found: int = self.kernel.signature.work_bytes
        return found

    @property
    def level(self) -> int:
        """The level at which code was generated."""
        return self.kernel.opt

    @property
    def llvm(self) -> str:
        """The LLVM text of the kernel."""
        return self.kernel.llvm_text

    @property
    def asm(self) -> str:
        """Its assembly."""
        return llvm.disassemble(
            self.kernel.llvm_text, opt=self.kernel.opt, passes=self.kernel.passes
        )

    def release(self) -> None:
        """Let go of the object file, which is linked."""
        if not isinstance(self.kernel, linking.LinkedKernel):
            self.kernel = replace(self.kernel, code=None)

    def entry(self, signature: Any) -> Any:
        """Code with an entry that takes other calls than the kernel's own."""
        return linking.other_entry(self.kernel, signature)

    def bind(self, args: Sequence[Any], outs: Sequence[Any] | None) -> Callable[[], Any]:
        """A callable on fixed buffers."""
        return llvm.bind(self.kernel.library, self.kernel.signature, args, outs)


@gc_paused()
def native(func: Func, signature: Any, backend: str, journal: Journal) -> Native | None:
    """The compiled program, or None where the interpreter must serve (said in a warning).

    The journal is told every stage. Raises BackendError instead where native code was asked for
    explicitly.
    """
    usable, reason = llvm.available()
    try:
        if not usable:
            raise BackendError(reason)
        return Native(compiling.compile_func(func, signature, report=journal.report))
    except BackendError as error:
        if backend == "llvm":
            raise
        journal.fallback = error.message
        message = f"{func.name} runs in the NumPy interpreter: {error.message}"
        warnings.warn(message, BackendWarning, stacklevel=_users_level())
        return None


def relinked(
    code: ObjectCode, signature: Any, work: int, nogil: bool, level: int, func: Callable[[], Func]
) -> Native:
    """Machine code that was made earlier; its program is compiled again to be looked at."""
    signature = replace(signature, work_bytes=work, nogil=nogil)
    again = lambda: compiling.compile_func(func(), signature)  # noqa: E731
    return Native(linking.LinkedKernel(code, signature, level, again))


def _users_level() -> int:
    """How far up the stack the user's line is, counted from our caller."""
    ours = ("tapec.", "contextlib")
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).startswith(ours):
        frame, level = frame.f_back, level + 1
    return level

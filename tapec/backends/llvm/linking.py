"""Machine code linked into this process: every name it declares, bound to an address here.

No address is in the code itself, so that it can be kept and linked again by another process.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tapec.backends.llvm.abi import KernelAbi
from tapec.backends.llvm.jit import Library, compile_module, load_object
from tapec.backends.llvm.names import BLAS, FIXED, KEY, LAPACK, RAISER, RECORD, SPECIAL
from tapec.backends.llvm.runtime import symbols
from tapec.backends.llvm.watch import STATE
from tapec.backends.llvm.wrapper import other_text
from tapec.lazy import deferred

if TYPE_CHECKING:
    from tapec.backends.llvm import blas, lapack, special
    from tapec.ir.core import Func
else:
    blas, lapack = deferred("tapec.backends.llvm.blas"), deferred("tapec.backends.llvm.lapack")
    special = deferred("tapec.backends.llvm.special")


@dataclass(frozen=True)
class ObjectCode:
    """An object file with the names it imports and exports, and what only the program knows.

    `arrays` are constants that it reads in place, `hosts` the addresses of callbacks into Python,
    which belong to this process.
    """

    image: bytes
    imports: tuple[str, ...]
    exports: tuple[str, ...]
    arrays: Mapping[str, Any] = field(default_factory=dict)
    hosts: Mapping[str, int] = field(default_factory=dict)


class LinkedKernel:
    """A kernel whose code was made earlier; `again` compiles it, for who looks at the stages."""

    def __init__(
        self, code: ObjectCode, signature: KernelAbi, opt: int, again: Callable[[], Any]
    ) -> None:
        self.signature, self.opt, self._again = signature, opt, again
        self.raiser = signature.raise_error
        self.library = linked(code, signature, self.raiser)

    @functools.cached_property
    def _compiled(self) -> Any:
        return self._again()

    @property
    def llvm_text(self) -> str:
        """The LLVM text of the kernel."""
        return str(self._compiled.llvm_text)

    @property
    def loops_func(self) -> Func:
        """The lowered program."""
        found: Func = self._compiled.loops_func
        return found

    @property
    def passes(self) -> int:
        """The level of LLVM's passes."""
        return int(self._compiled.passes)


def linked(code: ObjectCode, signature: KernelAbi, raiser: Callable[[int], None]) -> Library:
    """The code, loaded; `raiser` must live as long. Raises BackendError where it does not link."""
    known = {
        **symbols(),
        **_objects(signature),
        RAISER: id(raiser),
        **code.hosts,
        **{name: array.ctypes.data for name, array in code.arrays.items()},
        **libraries(code.imports),
    }
    named = {name: known[name] for name in code.imports if name in known}
    library = load_object(code.image, named, exports=code.exports)
    library.reads = (*code.arrays.values(), signature)
    return library


def _objects(signature: KernelAbi) -> dict[str, int]:
    """What an entry compares arguments with, which lives as long as the signature."""
    return {
        **{f"{FIXED}{place}": id(value) for place, value in signature.fixed},
        **{f"{RECORD}{k}": id(kind) for k, kind in enumerate(signature.records)},
        **{f"{KEY}{k}": id(key) for k, key in enumerate(signature.keys)},
    }


def other_entry(kernel: Any, signature: KernelAbi) -> Library:
    """An entry of a kernel for other calls than its own takes."""
    library = kernel.library
    known = {**symbols(), **_objects(signature), RAISER: id(kernel.raiser)}
    shared = {name: library.address(name) for name in ("kernel", STATE) if name in library}
    made = compile_module(other_text(signature), {**known, **shared})
    made.reads = (kernel, signature)
    return made


def libraries(imports: tuple[str, ...]) -> dict[str, int]:
    """The routines of SciPy, where the code calls any."""
    found: dict[str, int] = {}
    for prefix, calls in ((BLAS, blas), (LAPACK, lapack), (SPECIAL, special)):
        if any(name.startswith(prefix) for name in imports):
            found |= calls.symbols()
    return found

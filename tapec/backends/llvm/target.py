"""The host machine: triple, processor, features, vector widths, target machines.

llvmlite is imported inside the functions: importing this module costs nothing, and a machine
without llvmlite gets a reason from `available` instead of an ImportError.
"""

from __future__ import annotations

import functools
import importlib
import platform
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from tapec.backends.locks import FOREIGN
from tapec.errors import BackendError
from tapec.lazy import IMPORTING

_ELEMENT_BITS = {"f64": 64, "i64": 64, "f32": 32, "i32": 32, "bool": 8}

# Register width in bits by the feature that brings it; the first one present wins.
_REGISTER_BITS = (("avx512f", 512), ("avx2", 256), ("avx", 256), ("sse2", 128), ("neon", 128))

# Processors that code can be made for elsewhere, by architecture: LLVM's name, and the feature that
# decides the width of vectors.
_PROCESSORS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "x86_64": {
        "generic": ("x86-64", "sse2"),
        "x86-64": ("x86-64", "sse2"),
        "x86-64-v2": ("x86-64-v2", "sse2"),
        "x86-64-v3": ("x86-64-v3", "avx2"),
        "x86-64-v4": ("x86-64-v4", "avx512f"),
    },
    "aarch64": {"generic": ("generic", "neon")},
}
_SAME_ARCHITECTURE = {"amd64": "x86_64", "arm64": "aarch64"}

# C library functions count as free of side effects, as errno is never read.
PURE = " nounwind willreturn memory(none)"
# Of those that store their results where their arguments point.
STORES = " nounwind willreturn memory(argmem: write)"


@dataclass(frozen=True)
class Host:
    """The processor that compiled code will run on.

    `key` identifies everything the produced machine code depends on (for caches of objects).
    """

    triple: str
    cpu: str
    features: frozenset[str]
    feature_string: str
    llvm_version: str

    @property
    def key(self) -> str:
        """A text that changes whenever emitted objects may differ."""
        return f"{self.triple}|{self.cpu}|{self.feature_string}|{self.llvm_version}"

    @property
    def register_bits(self) -> int:
        """Width of the widest vector registers worth using, in bits."""
        return next((bits for name, bits in _REGISTER_BITS if name in self.features), 64)


@functools.cache
def available() -> tuple[bool, str]:
    """Whether native code can be made here, and the reason if it cannot (empty if it can)."""
    if sys.maxsize < 2**32:
        return False, "native code needs a 64-bit process"
    try:
        binding()
    except ImportError as error:
        return False, f"llvmlite cannot be imported: {error}"
    except (RuntimeError, OSError) as error:
        return False, f"LLVM cannot be initialised for {platform.machine()}: {error}"
    return True, ""


@functools.cache
def binding() -> Any:
    """`llvmlite.binding` with the native target initialised.

    Raises ImportError without llvmlite, RuntimeError when LLVM does not know this machine.
    """
    with IMPORTING:
        llvm = importlib.import_module("llvmlite.binding")
        FOREIGN.append(importlib.import_module("llvmlite.binding.ffi").lib._lock)
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        llvm.initialize_native_asmparser()
    return llvm


def require() -> Any:
    """`llvmlite.binding`, ready for use; raises BackendError with the reason when there is none."""
    usable, reason = available()
    if not usable:
        raise BackendError(reason)
    return binding()


@functools.cache
def host() -> Host:
    """The machine of this process."""
    llvm = require()
    features = llvm.get_host_cpu_features()
    triple = llvm.get_process_triple()
    enabled = {name for name, on in features.items() if on}
    if triple.startswith(("aarch64", "arm64")):
        enabled.add("neon")  # part of the base architecture, not always listed
    if triple.startswith("x86_64"):
        enabled.add("sse2")
    return Host(
        triple=triple,
        cpu=llvm.get_host_cpu_name(),
        features=frozenset(enabled),
        feature_string=features.flatten(),
        llvm_version=".".join(map(str, llvm.llvm_version_info)),
    )


_CHOSEN: ContextVar[Host | None] = ContextVar("target", default=None)


def chosen() -> Host:
    """The machine that code is made for: this one, but within `compiling_for`."""
    return _CHOSEN.get() or host()


@contextmanager
def compiling_for(there: Host) -> Iterator[None]:
    """Make code for another machine in this context."""
    token = _CHOSEN.set(there)
    try:
        yield
    finally:
        _CHOSEN.reset(token)


def processor(cpu: str = "native", triple: str | None = None) -> Host:
    """A machine by name: "native" is this one, "generic" any of the triple's architecture.

    Raises BackendError for machines that LLVM, or the table here, does not know.
    """
    here = host()
    if cpu == "native" and triple in (None, here.triple):
        return here
    triple = triple or here.triple
    known = _PROCESSORS.get(architecture(triple), {})
    if cpu not in known:
        names = ", ".join(map(repr, known)) or "none"
        raise BackendError(
            f"no processor {cpu!r} of {triple}", hint=f"those that code can be made for: {names}"
        )
    _know_triple(triple)
    name, feature = known[cpu]
    return Host(triple, name, frozenset([feature]), "", here.llvm_version)


def architecture(triple: str) -> str:
    """The processor's family that a triple begins with, by one of its names."""
    family = triple.partition("-")[0]
    return _SAME_ARCHITECTURE.get(family, family)


@functools.cache
def _know_triple(triple: str) -> None:
    llvm = require()
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    try:
        llvm.Target.from_triple(triple)
    except RuntimeError as error:
        raise BackendError(f"LLVM knows no machine {triple!r}: {error}") from error


def vector_width(dtype: str) -> int:
    """How many elements of `dtype` ("f64", "f32", "i64", ...) one vector register holds."""
    return max(1, chosen().register_bits // _ELEMENT_BITS[dtype])


def function_attributes() -> str:
    """Attributes (text) that kernel definitions need so that full-width vectors stay full width.

    Some processors are tuned by LLVM to prefer 256-bit vectors although they have 512-bit
    registers; without these attributes `<8 x double>` may be split there.
    """
    bits = chosen().register_bits
    if bits < 512:
        return "nounwind"
    return f'nounwind "prefer-vector-width"="{bits}" "min-legal-vector-width"="{bits}"'


def machine(opt: int) -> Any:
    """The LLVM target machine that generates code at optimisation level `opt` (0..3), cached.

    Position independent code in the small code model: constants are addressed relative to the
    instruction pointer, far symbols go through tables that the JIT linker writes beside the code.
    """
    if opt not in range(4):
        raise BackendError(f"no such code generation level: {opt!r} (0, 1, 2 and 3 exist)")
    return _machine(opt, chosen())


@functools.cache
def _machine(opt: int, there: Host) -> Any:
    llvm = require()
    return llvm.Target.from_triple(there.triple).create_target_machine(
        cpu=there.cpu,
        features=there.feature_string,
        opt=opt,
        reloc="pic",
        codemodel="small",
        jit=False,
    )

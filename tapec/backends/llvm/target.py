"""The host machine: triple, processor, features, vector widths, target machines.

llvmlite is imported inside the functions: importing this module costs nothing, and a machine
without llvmlite gets a reason from `available` instead of an ImportError.
"""

from __future__ import annotations

import functools
import importlib
import platform
import sys
from dataclasses import dataclass
from typing import Any

from tapec.backends.locks import FOREIGN
from tapec.errors import BackendError
from tapec.lazy import IMPORTING

_ELEMENT_BITS = {"f64": 64, "i64": 64, "f32": 32, "i32": 32, "bool": 8}

# Register width in bits by the feature that brings it; the first one present wins.
_REGISTER_BITS = (("avx512f", 512), ("avx2", 256), ("avx", 256), ("sse2", 128), ("neon", 128))

# C library functions count as free of side effects, as errno is never read.
PURE = " nounwind willreturn memory(none)"


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


def vector_width(dtype: str) -> int:
    """How many elements of `dtype` ("f64", "f32", "i64", ...) one vector register holds."""
    return max(1, host().register_bits // _ELEMENT_BITS[dtype])


def function_attributes() -> str:
    """Attributes (text) that kernel definitions need so that full-width vectors stay full width.

    Some processors are tuned by LLVM to prefer 256-bit vectors although they have 512-bit
    registers; without these attributes `<8 x double>` may be split there.
    """
    bits = host().register_bits
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
    return _machine(opt)


@functools.cache
def _machine(opt: int) -> Any:
    llvm = require()
    here = host()
    return llvm.Target.from_triple(here.triple).create_target_machine(
        cpu=here.cpu,
        features=here.feature_string,
        opt=opt,
        reloc="pic",
        codemodel="small",
        jit=False,
    )

"""Native code through LLVM: target, JIT, call path.

Importing this package imports neither llvmlite nor LLVM; the first compilation does. Ask
`available` before relying on it. From LLVM text of a kernel to a callable object:

    sig = KernelAbi(args=(ArrayArg("f64", (3,)),), outs=(Output("f64", (3,)),))
    library = compile_module(kernel_text + wrapper_text(sig), symbols(), opt=1)
    set_entry(fast_callable, library.address("entry"))  # keep `library` alive
"""

from __future__ import annotations

from tapec.backends.llvm.abi import KernelAbi, Output, View
from tapec.backends.llvm.arguments import ArrayArg, ScalarArg
from tapec.backends.llvm.calls import Bound, CtypesEntry, NativeEntry, bind
from tapec.backends.llvm.jit import (
    Library,
    compile_module,
    disassemble,
    emit_object,
    exported_names,
    load_object,
    optimized_text,
)
from tapec.backends.llvm.runtime import symbols
from tapec.backends.llvm.target import available, function_attributes, host, vector_width
from tapec.backends.llvm.wrapper import link_chain, wrapper_text

__all__ = [
    "ArrayArg",
    "Bound",
    "CtypesEntry",
    "KernelAbi",
    "Library",
    "NativeEntry",
    "Output",
    "ScalarArg",
    "View",
    "available",
    "bind",
    "compile_module",
    "disassemble",
    "emit_object",
    "exported_names",
    "function_attributes",
    "host",
    "link_chain",
    "load_object",
    "optimized_text",
    "symbols",
    "vector_width",
    "wrapper_text",
]

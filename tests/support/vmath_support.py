"""Compile one function of the vector math library through llvmlite, and measure errors in ulp."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache

import llvmlite.binding as llvm
import mpmath as mp
import numpy as np

from tapec.backends.llvm.vmath import SUPPORTED, Lines, emit

KEEP: list[object] = []
CTYPE = {"f64": ("double", np.float64), "f32": ("float", np.float32)}


def module_text(name: str, width: int, dtype: str) -> str:
    """A loop over arrays of a multiple of `width` elements."""
    scalar = CTYPE[dtype][0]
    vec = f"<{width} x {scalar}>" if width > 1 else scalar
    arity = SUPPORTED[name].arity
    lines = Lines(label="l")
    names = [f"%v{j}" for j in range(arity)]
    loads = "\n".join(
        f"%p{j} = getelementptr {scalar}, ptr %a{j}, i64 %i\n%v{j} = load {vec}, ptr %p{j}, align 4"
        for j in range(arity)
    )
    out = emit(name, lines, names, dtype, width)
    body = "\n".join(lines.body)
    params = ", ".join(f"ptr %a{j}" for j in range(arity))
    return f"""define void @f({params}, ptr noalias %y, i64 %n) {{
entry: br label %l
l: %i = phi i64 [0, %entry], [%i2, %{lines.label}]
{loads}
{body}
%q = getelementptr {scalar}, ptr %y, i64 %i
store {vec} {out}, ptr %q, align 4
%i2 = add nuw i64 %i, {width}
%c = icmp ult i64 %i2, %n
br i1 %c, label %l, label %e
e: ret void
}}
{lines.header()}
"""


@cache
def machine() -> llvm.TargetMachine:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=2,
        jit=True,
    )


@cache
def compiled(name: str, width: int, dtype: str = "f64") -> Callable[..., np.ndarray]:
    """The function on arrays, at one width."""
    module = llvm.parse_assembly(module_text(name, width, dtype))
    module.verify()
    options = llvm.create_pipeline_tuning_options(2)
    options.loop_vectorization = options.slp_vectorization = options.loop_unrolling = False
    passes = llvm.create_pass_builder(machine(), options)
    passes.getModulePassManager().run(module, passes)
    jit = llvm.create_lljit_compiler(machine())
    library = (
        llvm.JITLibraryBuilder()
        .add_object_img(machine().emit_object(module))
        .export_symbol("f")
        .add_current_process()
        .link(jit, f"{name}{width}{dtype}")
    )
    KEEP.append((jit, library))
    entry = ctypes.CFUNCTYPE(
        None, *[ctypes.c_void_p] * (SUPPORTED[name].arity + 1), ctypes.c_int64
    )(library["f"])

    def call(*args: np.ndarray) -> np.ndarray:
        n = -(-len(args[0]) // 16) * 16
        padded = [np.ones(n, CTYPE[dtype][1]) for _ in args]
        for pad, arg in zip(padded, args, strict=True):
            pad[: len(arg)] = arg
        out = np.empty(n, CTYPE[dtype][1])
        entry(*(pad.ctypes.data for pad in padded), out.ctypes.data, n)
        return out[: len(args[0])]

    call.entry = entry  # type: ignore[attr-defined]
    return call


def ulp_errors(got: np.ndarray, want: list[mp.mpf]) -> np.ndarray:
    """|got - want| in units of the last place of the rounded reference."""
    out = np.zeros(len(got))
    for i, (g, w) in enumerate(zip(got, want, strict=True)):
        ref = float(w)
        if np.isinf(ref) or np.isinf(g):
            out[i] = 0.0 if g == ref else 1e9 if abs(w) < mp.mpf(2) ** 1023 * 1.99999 else 1.0
        elif np.isnan(g):
            out[i] = 1e9
        else:
            out[i] = float(abs(mp.mpf(float(g)) - w) / mp.mpf(float(np.spacing(abs(ref)))))
    return out

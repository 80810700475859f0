"""Measurements behind the numbers of native code and of lowering, by their names.

``python -m tapec.bench.calibrate [NAME ...]`` prints the cost of other values of a number on this
machine, as the minimum of a few runs.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from tapec.backends.llvm import ArrayArg, KernelAbi, NativeEntry, Output, chunks, emit_loops, jit
from tapec.backends.llvm.compile import CompiledKernel, compile_func
from tapec.ir.build import Builder
from tapec.ir.core import Func
from tapec.ir.primitive import PRIMITIVES
from tapec.ir.types import Type
from tapec.lower import choice, solve, sorting

Array = np.ndarray[Any, Any]

OPS = 10_000  # length of the straight-line program
LENGTH = 100_000  # length of the arrays
RUNS = 5


def straight_line(count: int) -> Func:
    """Sums and products of numbers, each op reading two of those before it."""
    builder = Builder()
    values = [builder.param(Type("f64")) for _ in range(8)]
    for k in range(count):
        name = "mul" if k % 2 else "add"
        pair = values[-1 - k % 5], values[-7]
        values.append(builder.emit(PRIMITIVES[name], pair).result)
    return builder.func("straight_line", values[-1:])


def array_sum() -> Func:
    """The sum of an array."""
    builder = Builder()
    x = builder.param(Type("f64", (LENGTH,)))
    total = builder.emit(PRIMITIVES["reduce_sum"], (x,), {"axes": (0,)}).result
    return builder.func("array_sum", [total])


def compiled(func: Func, **options: Any) -> CompiledKernel:
    """The program as a kernel that returns its only result."""
    args = tuple(ArrayArg(p.type.dtype, p.type.shape) for p in func.params)
    outs = tuple(Output(r.type.dtype, r.type.shape) for r in func.results)
    return compile_func(func, KernelAbi(args, outs), **options)


def least(run: Callable[[], object]) -> float:
    """Milliseconds of the fastest of a few runs."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def called(
    kernel: CompiledKernel, repeat: int = 1, arguments: Sequence[Array] | None = None
) -> float:
    """Milliseconds of one call, on ones where it is given no arguments."""
    args = arguments or [np.ones(a.shape) for a in kernel.signature.args]
    entry = NativeEntry(kernel.library, kernel.signature)
    return least(lambda: [entry(*args) for _ in range(repeat)]) / repeat


@contextmanager
def having(module: Any, name: str, value: int) -> Iterator[None]:
    """Replace a number that a module has imported, in this context."""
    before = getattr(module, name)
    setattr(module, name, value)
    yield
    setattr(module, name, before)


def chunk_ops() -> Iterator[str]:
    """`CHUNK_OPS`: time to compile, and to run, 10,000 ops in functions of different sizes."""
    func = straight_line(OPS)
    for size in (60, 125, 250, 500, 1000, 2000, 4000):
        with having(chunks, "CHUNK_OPS", size):
            made = least(lambda: compiled(func))
            ran = 1e3 * called(compiled(func), 20)
            yield f"{size:5} ops: {made:7.1f} ms to compile, {ran:6.1f} us to run"


def levels() -> Iterator[str]:
    """`OPTIMIZED_OPS`: time to compile, and to run, 10,000 ops at each level."""
    func = straight_line(OPS)
    for level in (0, 1, 2):
        made = least(lambda level=level: compiled(func, opt=level))  # type: ignore[misc]
        ran = 1e3 * called(compiled(func, opt=level), 20)
        yield f"level {level}: {made:7.1f} ms to compile, {ran:6.1f} us to run"


def release() -> Iterator[str]:
    """`RELEASE_WORK`: time of one scalar operation in straight-line code."""
    for count in (1000, OPS):
        took = 1e6 * called(compiled(straight_line(count)), 100) / count
        yield f"{count:6} ops: {took:.2f} ns each"


def accumulators() -> Iterator[str]:
    """`ACCUMULATORS`: the sum of 100,000 numbers by different numbers of vectors."""
    for count in (1, 2, 4, 8):
        with having(emit_loops, "ACCUMULATORS", count):
            yield f"{count} vectors: {1e3 * called(compiled(array_sum()), 20):6.1f} us"


def engines() -> Iterator[str]:
    """`LIBRARIES_PER_ENGINE`: one small kernel in an engine of its own, and in a shared one."""
    func = straight_line(4)
    for count in (1, 32):
        with having(jit, "LIBRARIES_PER_ENGINE", count):
            took = least(lambda: [compiled(func) for _ in range(8)]) / 8
            yield f"{count:2} libraries per engine: {took:.2f} ms to compile one"


def one_op(name: str, *shapes: tuple[int, ...], **attrs: Any) -> Func:
    """An op on arrays of these shapes."""
    builder = Builder()
    values = [builder.param(Type("f64", shape)) for shape in shapes]
    return builder.func(name, [builder.emit(PRIMITIVES[name], values, attrs).result])


def both_ways(
    func: Func, modules: Sequence[Any], name: str, size: int, arguments: Sequence[Array]
) -> str:
    """Times with a limit of this size, where it is written out, and with one below it."""
    found = []
    for limit in (size, size - 1):
        with ExitStack() as stack:
            for module in modules:
                stack.enter_context(having(module, name, limit))
            made = least(lambda: compiled(func))
            ran = 1e3 * called(compiled(func), 100, arguments)
        found.append(f"{made:6.1f} ms to compile, {ran:6.2f} us to run")
    return f"{size:3}: written out {found[0]}; else {found[1]}"


def tiny() -> Iterator[str]:
    """`TINY`: a linear system of so many unknowns, eliminated in registers or by LAPACK."""
    for size in (2, 3, 4, 5, 6, 8):
        func = one_op("solve", (size, size), (size, 1))
        arguments = [np.eye(size) + 0.1, np.ones((size, 1))]
        yield both_ways(func, (solve, choice), "TINY", size, arguments)


def network() -> Iterator[str]:
    """`NETWORK`: a row of so many elements, sorted by exchanges written out or by merges."""
    for size in (4, 6, 8, 12, 16):
        row = np.cos(np.arange(size) * 2.0)
        yield both_ways(one_op("argsort", (size,), axis=0), (sorting,), "NETWORK", size, [row])


MEASUREMENTS: Mapping[str, Callable[[], Iterator[str]]] = {
    f.__name__: f for f in (chunk_ops, levels, release, accumulators, engines, tiny, network)
}


def main(names: list[str]) -> None:
    """Print the measurements of these names, or all."""
    for name in names or MEASUREMENTS:
        print(f"{name}: {(MEASUREMENTS[name].__doc__ or '').splitlines()[0]}")
        for line in MEASUREMENTS[name]():
            print(f"  {line}")


if __name__ == "__main__":
    main(sys.argv[1:])

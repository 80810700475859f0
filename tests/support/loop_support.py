"""Programs in the loop vocabulary written by hand, run as machine code and by the interpreter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapec.backends import interpreter
from tapec.backends.llvm import ArrayArg, CtypesEntry, KernelAbi, NativeEntry, Output
from tapec.backends.llvm.compile import CompiledKernel, compile_loops
from tapec.ir import PRIMITIVES, Block, Func, Op, Type, Value

Body = Callable[..., Sequence[Value]]


class Loops:
    """Builds a lowered program; regions are functions of their parameters."""

    def __init__(self) -> None:
        self.params: list[Value] = []
        self.blocks: list[list[Op]] = [[]]

    def buffer(self, dtype: str, *shape: int) -> Value:
        """A parameter: arguments first, then outputs."""
        self.params.append(Value(Type(dtype, shape, buffer=True)))
        return self.params[-1]

    def op(
        self, name: str, /, *operands: Value, regions: Sequence[Block] = (), **attrs: Any
    ) -> tuple[Value, ...]:
        """Any op; its results."""
        primitive = PRIMITIVES[name]
        given = {"regions": tuple(regions)} if regions else {}
        types = primitive.infer(*(v.type for v in operands), **attrs, **given)
        results = tuple(Value(t) for t in (types if isinstance(types, tuple) else (types,)))
        self.blocks[-1].append(Op(primitive, operands, attrs, results, tuple(regions)))
        return results

    def __call__(self, name: str, /, *operands: Value, **attrs: Any) -> Value:
        (result,) = self.op(name, *operands, **attrs)
        return result

    def const(self, value: Any, dtype: str = "f64") -> Value:
        return self("const", value=value, type=Type(dtype))

    def region(self, types: Sequence[str], body: Body) -> Block:
        params = tuple(Value(Type(t)) for t in types)
        self.blocks.append([])
        results = tuple(body(*params))
        return Block(params, tuple(self.blocks.pop()), results)

    def load(self, buffer: Value, *places: Value | int) -> Value:
        indices, attrs = self._address(buffer, places)
        return self("load", buffer, *indices, **attrs)

    def store(self, value: Value, buffer: Value, *places: Value | int) -> None:
        indices, attrs = self._address(buffer, places)
        self.op("store", value, buffer, *indices, **attrs)

    def _address(self, buffer: Value, places: Sequence[Value | int]) -> tuple[list[Value], Any]:
        shape = buffer.type.shape
        steps = [int(np.prod(shape[k + 1 :], dtype=int)) for k in range(len(shape))]
        pairs = list(zip(places, steps, strict=True))
        offset = sum(p * s for p, s in pairs if isinstance(p, int))
        moving = [(p, s) for p, s in pairs if isinstance(p, Value)]
        attrs = {"offset": offset, "strides": tuple(s for _, s in moving)}
        return [p for p, _ in moving], attrs

    def loop(
        self,
        lower: int,
        upper: int,
        init: Sequence[Value],
        body: Body,
        kind: str = "serial",
        reduce: Sequence[str] = (),
    ) -> tuple[Value, ...]:
        region = self.region(["index", *(v.type.dtype for v in init)], body)
        kinds = tuple(reduce) or ("",) * len(init)
        attrs = {"lower": lower, "upper": upper, "kind": kind, "reduce": kinds}
        return self.op("for", *init, regions=[region], **attrs)

    def repeat(self, count: Value, init: Sequence[Value], body: Body) -> tuple[Value, ...]:
        region = self.region(["index", *(v.type.dtype for v in init)], body)
        return self.op("repeat", count, *init, regions=[region])

    def loop_while(self, init: Sequence[Value], test: Body, body: Body) -> tuple[Value, ...]:
        types = [v.type.dtype for v in init]
        return self.op("while", *init, regions=[self.region(types, test), self.region(types, body)])

    def branch(self, truth: Value, then: Body, otherwise: Body) -> tuple[Value, ...]:
        regions = [self.region([], then), self.region([], otherwise)]
        return self.op("if", truth, regions=regions)

    def func(self) -> Func:
        return Func("f", Block(tuple(self.params), tuple(self.blocks[0]), ()))


def compiled(func: Func, outputs: int, **options: Any) -> CompiledKernel:
    """Machine code for a program whose last parameters are outputs."""
    types = [p.type for p in func.params]
    args, outs = types[: len(types) - outputs], types[len(types) - outputs :]
    signature = KernelAbi(
        tuple(ArrayArg(t.dtype, t.shape) for t in args),
        tuple(Output(t.dtype, t.shape) for t in outs),
        "tuple",
    )
    return compile_loops(func, signature, **options)


def run_native(kernel: CompiledKernel, *args: Any) -> tuple[Any, ...]:
    """The outputs, by the native entry; the ctypes route must give the same."""
    result: tuple[Any, ...] = NativeEntry(kernel.library, kernel.signature)(*args)
    other = CtypesEntry(kernel.library, kernel.signature)(*args)
    for a, b in zip(result, other, strict=True):
        np.testing.assert_array_equal(a, b)
    return result


def agree(
    func: Func, outputs: int, *args: Any, rtol: float = 1e-13, atol: float = 1e-300
) -> tuple[Any, ...]:
    """Run both ways and compare; the outputs."""
    arrays = [np.asarray(a, p.type.numpy) for a, p in zip(args, func.params, strict=False)]
    types = [p.type for p in func.params[len(arrays) :]]
    expected = [np.zeros(t.shape, t.numpy) for t in types]
    interpreter.run(func, [*arrays, *expected])
    got = run_native(compiled(func, outputs), *arrays)
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)
    return got

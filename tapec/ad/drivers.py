"""Full derivatives: gradients, Jacobians, Hessians and their products, as programs.

`wrt` has one flag per input; the results are ordered block by block, function results outermost,
and each has the shape of its result followed by the shapes of the inputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from tapec.ad.activity import active_params
from tapec.ad.adjoint import pull_back
from tapec.ad.rules import hint_of, reshape
from tapec.ad.tuning import DENSE_IDENTITY
from tapec.ad.zeros import ZERO, Derivative, materialise
from tapec.errors import DTypeError, NonDifferentiableError
from tapec.ir.build import Builder
from tapec.ir.core import Block, Func, Value
from tapec.ir.nested import every
from tapec.ir.ops.control import CUSTOM
from tapec.ir.primitive import PRIMITIVES
from tapec.ir.rewrite import replay
from tapec.ir.types import Type
from tapec.ir.verify import verified
from tapec.lazy import deferred

if TYPE_CHECKING:
    from tapec.ad import batching, forward
else:
    batching, forward = deferred("tapec.ad.batching"), deferred("tapec.ad.forward")

Mode = Literal["auto", "fwd", "rev"]


@verified
def value_and_gradient(func: Func, wrt: Sequence[bool]) -> Func:
    """inputs -> (results, gradients): of the first result, which must be one float.

    Further results are passed on as they are. Raises NonDifferentiableError or DTypeError.
    """
    builder = continued(func)
    independents = active_params(func, wrt)
    first = _single(func)
    rest = [v for v in func.results[1:] if v.type.is_float]
    seeds: list[Derivative] = [builder.const(1.0, first.type), *(ZERO for _ in rest)]
    found = pull_back(builder, func, independents, seeds)
    grads = [materialise(builder, g, p.type) for g, p in zip(found, independents, strict=True)]
    return builder.func(f"{func.name}.grad", (*func.results, *grads))


@verified
def gradient(func: Func, wrt: Sequence[bool]) -> Func:
    """inputs -> gradients of the first result by the independent inputs."""
    both = value_and_gradient(func, wrt)
    return both.with_results(both.results[len(func.results) :])


def check_results(func: Func) -> None:
    """Raise where a result is no float."""
    for v in func.results:
        if not v.type.is_float:
            raise DTypeError(
                f"cannot differentiate a result of {func.name} of type {v.type}",
                hint="pass float arguments (x.astype(float)), and return floats",
            )


@verified
def jacobian_func(func: Func, wrt: Sequence[bool], mode: Mode = "auto") -> Func:
    """inputs -> blocks d result / d input, each of shape out + in.

    Forward mode pushes an identity through the batched tangent, one input at a time; reverse mode
    pulls one back, one result at a time; `auto` takes the mode with fewer seeds.
    """
    independents = active_params(func, wrt)
    check_results(func)
    if mode == "auto":
        forward = _size(independents) <= _size(func.results)
        mode = "fwd" if forward else "rev"
    build = _forward_columns if mode == "fwd" else _reverse_rows
    return build(func, independents)


@verified
def hessian_func(func: Func, wrt: Sequence[bool]) -> Func:
    """inputs -> blocks d2 result / d input_i d input_j, of shape out + in_i + in_j.

    Forward over reverse for a single number; Jacobian of Jacobian otherwise.
    """
    scalar = len(func.results) == 1 and func.results[0].type.size == 1
    first = jacobian_func(func, wrt, "rev" if scalar else "auto")
    symmetric = not has_rules(func)
    return jacobian_of_jacobian(first, wrt, symmetric).renamed(f"{func.name}.hessian")


def has_rules(func: Func) -> bool:
    """Whether derivatives of the program are partly the user's, and may be no derivatives."""
    return any(op.primitive is CUSTOM for op in every(func.ops))


@verified
def jacobian_of_jacobian(first: Func, wrt: Sequence[bool], symmetric: bool) -> Func:
    """The blocks of a Jacobian -> all second derivatives, by forward mode.

    Where it is the gradient of one number (and `symmetric`), derivatives along a direction are a
    row of the result as well as a column: they stay where they are made.
    """
    independents = active_params(first, wrt)
    types = [v.type.shape for v in first.results], [p.type.shape for p in independents]
    if symmetric and types[0] == types[1]:
        return _symmetric_rows(first, independents)
    return jacobian_func(first, wrt, "fwd")


@verified
def hvp_func(func: Func, wrt: Sequence[bool]) -> Func:
    """(inputs, directions of independents) -> Hessian times direction, forward over reverse."""
    grad = gradient(func, wrt)
    builder, tangents = with_directions(grad, active_params(func, wrt))
    found = forward.push_forward(builder, grad, tangents)
    pairs = zip(found, grad.results, strict=True)
    outs = [materialise(builder, t, g.type) for t, g in pairs]
    return builder.func(f"{func.name}.hvp", outs)


@verified
def gnvp_func(func: Func, wrt: Sequence[bool]) -> Func:
    """(inputs, directions) -> Gauss-Newton products J^T J v, without forming J."""
    independents = active_params(func, wrt)
    builder, tangents = with_directions(func, independents)
    pushed = forward.push_forward(builder, func, tangents)
    # The reverse sweep repeats that of the plain program: equal ops are merged later.
    args = builder.params[: len(func.params)]
    start = len(builder.ops)
    results = replay(func, builder, args)
    plain = Func(func.name, Block(tuple(args), tuple(builder.ops[start:]), tuple(results)))
    found = pull_back(builder, plain, independents, pushed)
    outs = [materialise(builder, g, p.type) for g, p in zip(found, independents, strict=True)]
    return builder.func(f"{func.name}.gnvp", outs)


def continued(func: Func) -> Builder:
    """A builder that continues the program."""
    builder = Builder()
    builder.params, builder.ops = list(func.params), list(func.ops)
    return builder


def with_directions(
    func: Func, independents: Iterable[Value]
) -> tuple[Builder, dict[Value, Value]]:
    """An empty program over the inputs of `func` and one direction per independent input."""
    builder = Builder()
    builder.params = list(func.params)
    return builder, {p: builder.param(p.type, hint_of(p, "t")) for p in independents}


def _single(func: Func) -> Value:
    first = func.results[0]
    if not first.type.is_float:
        raise DTypeError(f"the gradient needs a float result, {func.name} returns {first.type}")
    if first.type.shape != ():
        raise NonDifferentiableError(
            f"the gradient needs a single number, {func.name} returns {first.type}",
            hint="sum it, or use jacobian",
        )
    return first


def _size(values: Iterable[Value]) -> int:
    return sum(v.type.size for v in values)


def _forward_columns(func: Func, independents: Sequence[Value]) -> Func:
    blocks: dict[tuple[int, int], Value] = {}
    builder, columns = _along_units(func, independents)
    for (i, j), column in columns.items():
        v, source = func.results[i], independents[j]
        last = _moved_last(builder, column)
        shape = (*v.type.shape, *source.type.shape)
        blocks[i, j] = reshape(builder, last, shape, _block_hint(v, source))
    return builder.func(f"{func.name}.jacobian", [blocks[k] for k in sorted(blocks)])


def _symmetric_rows(func: Func, independents: Sequence[Value]) -> Func:
    """The same where block (i, j) is block (j, i) with its axes exchanged."""
    blocks: dict[tuple[int, int], Value] = {}
    builder, columns = _along_units(func, independents)
    for (i, j), column in columns.items():
        v, source = func.results[i], independents[j]
        shape = (*source.type.shape, *v.type.shape)
        blocks[j, i] = reshape(builder, column, shape, _block_hint(v, source))
    return builder.func(f"{func.name}.jacobian", [blocks[k] for k in sorted(blocks)])


def _along_units(
    func: Func, independents: Sequence[Value]
) -> tuple[Builder, dict[tuple[int, int], Value]]:
    """The derivatives of result i along all unit arrays of input j, stacked in front."""
    builder = Builder()
    builder.params = [builder.param(p.type, p.hint) for p in func.params]
    inputs = list(builder.params)
    found: dict[tuple[int, int], Value] = {}
    for j, source in enumerate(independents):
        inner, tangents = with_directions(func, [source])
        pairs = zip(forward.push_forward(inner, func, tangents), func.results, strict=True)
        outs = [materialise(inner, t, v.type) for t, v in pairs]
        columns = _seeded(builder, inner.func("columns", outs), inputs, source)
        found |= {(i, j): column for i, column in enumerate(columns)}
    return builder, found


def _reverse_rows(func: Func, independents: Sequence[Value]) -> Func:
    builder = Builder()
    builder.params = [builder.param(p.type, p.hint) for p in func.params]
    inputs = list(builder.params)
    blocks: list[Value] = []
    for i, target in enumerate(func.results):
        inner = continued(func)
        seed = inner.param(target.type, hint_of(target, "ct"))
        seeds = [seed if k == i else ZERO for k in range(len(func.results))]
        found = pull_back(inner, func, independents, seeds)
        outs = [materialise(inner, g, p.type) for g, p in zip(found, independents, strict=True)]
        rows = _seeded(builder, inner.func("rows", outs), inputs, target)
        for row, p in zip(rows, independents, strict=True):
            shape = (*target.type.shape, *p.type.shape)
            blocks.append(reshape(builder, row, shape, _block_hint(target, p)))
    return builder.func(f"{func.name}.jacobian", blocks)


def _seeded(builder: Builder, func: Func, inputs: list[Value], like: Value) -> list[Value]:
    """The program for every unit seed in its last parameter: results with a leading seed axis."""
    n = like.type.size
    if n == 1:
        found = replay(func, builder, [*inputs, builder.const(1.0, like.type)])
        return [reshape(builder, v, (1, *v.type.shape)) for v in found]
    flags = [False] * len(inputs) + [True]
    seeds = identity(builder, like.type)
    return replay(batching.batch(func, flags, n), builder, [*inputs, seeds])


def identity(builder: Builder, type: Type) -> Value:
    """All unit arrays of a type, stacked: shape (size, *shape)."""
    n, shape = type.size, (type.size, *type.shape)
    if n <= DENSE_IDENTITY:
        return builder.const(np.eye(n, dtype=type.numpy).reshape(shape), seed=True)
    count = np.arange(n)
    rows, columns = (builder.const(count.reshape(s), seed=True) for s in ((n, 1), (1, n)))
    same = builder.emit(PRIMITIVES["equal"], (rows, columns)).result
    unit = builder.emit(PRIMITIVES["convert"], (same,), {"dtype": type.dtype}).result
    return reshape(builder, unit, shape)


def _moved_last(builder: Builder, value: Value) -> Value:
    """The leading axis moved behind the others."""
    perm = (*range(1, value.type.ndim), 0)
    if value.type.ndim == 1 or value.type.shape[0] == 1:
        return value
    return builder.emit(PRIMITIVES["transpose"], (value,), {"perm": perm}).result


def _block_hint(result: Value, source: Value) -> str:
    return f"{result.hint}.{source.hint}" if result.hint and source.hint else ""

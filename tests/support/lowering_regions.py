"""Building programs with regions, and comparing them with what they are lowered to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from support.lowering_stages import check_stages, results
from support.lowering_support import compare
from tapec.backends.llvm import available
from tapec.ir import PRIMITIVES as P
from tapec.ir import Builder, Expr, Func, Type, type_of
from tapec.ir.core import Block, Op
from tapec.lower import lower

Body = Callable[..., Any]
I64, BOOL = Type("i64"), Type("bool")


def region(types: Sequence[Type], body: Body) -> Block:
    """A closed region from a function on expressions."""
    b = Builder()
    params = [Expr(b, b.param(t)) for t in types]
    results = body(*params)
    results = results if isinstance(results, tuple) else (results,)
    values = tuple(r.value if isinstance(r, Expr) else b.const(r) for r in results)
    return Block(tuple(b.params), tuple(b.ops), values)


def emit(name: str, operands: Sequence[Expr], regions: tuple[Block, ...], /, **attrs: Any) -> Any:
    b = operands[0].builder
    op = b.emit(P[name], [x.value for x in operands], attrs, regions)
    found = tuple(Expr(b, v) for v in op.results)
    return found[0] if len(found) == 1 else found


def types(*values: Expr) -> list[Type]:
    return [v.type for v in values]


def scan(body: Body, init: Any, length: int, consts: Any = (), xs: Any = (), **attrs: Any) -> Any:
    slices = [x.type.with_shape(x.shape[1:]) for x in xs]
    block = region([I64, *types(*consts, *init), *slices], body)
    attrs |= {"consts": len(consts), "carry": len(init), "length": length}
    return emit("scan", (*consts, *init, *xs), (block,), **attrs)


def fori(body: Body, count: Expr, init: Any, consts: Any = (), **attrs: Any) -> Any:
    block = region([I64, *types(*consts, *init)], body)
    attrs |= {"consts": len(consts), "carry": len(init)}
    return emit("fori_loop", (count, *consts, *init), (block,), **attrs)


def while_loop(test: Body, body: Body, init: Any, consts: Any = ()) -> Any:
    regions = tuple(region(types(*consts, *init), f) for f in (test, body))
    attrs = {"consts": len(consts), "carry": len(init)}
    return emit("while_loop", (*consts, *init), regions, **attrs)


def cond(pred: Expr, then: Body, otherwise: Body, *operands: Expr) -> Any:
    sides = tuple(region(types(*operands), f) for f in (then, otherwise))
    return emit("cond", (pred, *operands), sides)


def at(x: Expr, *places: Any) -> Expr:
    """x[places]: expressions are run-time elements, (expression, count, step) windows."""
    spec, starts = specification(places)
    found: Expr = P["dynamic_index"](x, *starts, at=spec)
    return found


def put(x: Expr, v: Expr, *places: Any, add: bool = False) -> Expr:
    spec, starts = specification(places)
    found: Expr = P["dynamic_add" if add else "dynamic_update"](x, v, *starts, at=spec)
    return found


def specification(places: Sequence[Any]) -> tuple[tuple[Any, ...], list[Expr]]:
    spec: list[Any] = []
    starts: list[Expr] = []
    for p in places:
        if isinstance(p, Expr):
            starts.append(p)
            spec.append(-1)
        elif isinstance(p, tuple) and isinstance(p[0], Expr):
            starts.append(p[0])
            spec.append((-1, *p[1:]))
        else:
            spec.append(p)
    return tuple(spec), starts


def program(body: Body, *args: Any) -> Func:
    b = Builder()
    params = [Expr(b, b.param(type_of(np.asarray(a)))) for a in args]
    results = body(*params)
    results = results if isinstance(results, tuple) else (results,)
    return b.func("f", [r.value for r in results])


def lowered(func: Func, *args: Any) -> list[Any]:
    """The results of the lowered program in the interpreter; checked at every stage before.

    Loosely: programs drawn at random may make much of a rounding error.
    """
    loops = check_stages(func, *args, tolerance=1e-6)
    return results(loops, [r.type for r in func.results], args)


def check(body: Body, *args: Any) -> Func:
    """The lowered program returns what the array program does; inputs stay. The lowered one."""
    arrays = [np.asarray(a) for a in args]
    func = program(body, *arrays)
    given = [a.copy() for a in arrays]
    check_stages(func, *given)
    for before, after in zip(arrays, given, strict=True):
        np.testing.assert_array_equal(before, after)
    if available()[0]:
        compare(func, *given)
    return lower(func)


def inside(func: Func, *names: str) -> Iterator[Op]:
    """All ops of these names, at any depth."""
    pending = list(func.ops)
    while pending:
        op = pending.pop()
        if op.name in names:
            yield op
        pending += [inner for r in op.regions for inner in r.ops]


def count(func: Func, *names: str) -> int:
    return len(list(inside(func, *names)))

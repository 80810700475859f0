"""Programs inside programs: trace a function on the tracers of a running trace, derive, inline.

A transform is a Python callable that runs while something is traced. At top level the kernel of
the transform starts that trace; inside a user's traced function the same code serves. So all
transforms compose and nest, in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tapec.call.signature import WEAK, leaf_hints
from tapec.errors import DTypeError, NonDifferentiableError
from tapec.ir import Func, Type, Value
from tapec.ir.nested import count
from tapec.ir.rewrite import replay
from tapec.pipeline import clean, running
from tapec.trace import Param, ResultMarker, Tracer, current, trace
from tapec.trace.arrays.memory import layout_of
from tapec.trace.arrays.narrow import widened_integers
from tapec.trace.arrays.operands import as_tracer
from tapec.trace.arrays.overlap import Exclusive
from tapec.trace.arrays.sharing import adopt_exclusive
from tapec.trace.arrays.tracer import wrap
from tapec.trace.python.stored import refuse_changes
from tapec.trace.results import flattened, result_structure
from tapec.trace.staging.failures import adopt
from tapec.tree import LEAF, Tree, flatten


@dataclass
class Inner:
    """An inner trace: its cleaned program and where its inputs come from.

    `inputs` are the outer tracers of all parameters: the arguments' leaves, then captures.
    `positions[k]` is the flat leaf of the arguments that parameter k stands for.
    """

    func: Func
    inputs: list[Tracer]
    positions: list[int]
    leaves: list[Any]
    tree: Tree
    check: Func | None = None  # computes the number of the exception that is raised
    errors: tuple[Exception, ...] = ()

    def flags(self, differentiated: set[int]) -> list[bool]:
        """Which parameters stand for the differentiated leaves."""
        own = [p in differentiated for p in self.positions]
        return own + [False] * (len(self.inputs) - len(own))

    def raise_errors(self, number: Callable[[Func], Any]) -> None:
        """Let the running trace raise what the function raises; `number` runs its check there."""
        if self.check is not None:
            adopt(_session(), number(self.check), self.errors)

    def result(self, values: Sequence[Any]) -> Any:
        """The function's result structure with `values` in place of the markers."""
        return self.tree.unflatten(
            [values[m.index] if isinstance(m, ResultMarker) else m for m in self.leaves]
        )


def trace_inner(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    differentiated: set[int],
    types: Callable[[int, Type], Type] | None = None,
) -> Inner:
    """Trace `f` at the types of these arguments.

    Leaves that are tracers, and those in `differentiated`, become parameters; `types(k, type)` may
    change the type leaf k is traced with (and the caller then sees to `raise_errors`).
    """
    found, tree = flatten((args, kwargs))
    positions = [k for k, x in enumerate(found) if isinstance(x, Tracer) or k in differentiated]
    given = [lift(found[k]) for k in positions]
    inputs: list[Tracer] = [widened_integers(x) for x in given]
    session = _session()
    kinds = [x._value(session).type for x in inputs]
    hints = leaf_hints(f, tree)
    params = [
        Param(
            kind,
            hints[k],
            x._weak,
            x._storage.narrow,
            None if types else layout_of(x),
            x._storage.boxed and kind == t,
        )
        for k, t, x in zip(positions, kinds, given, strict=True)
        for kind in [types(k, t) if types else t]
    ]

    def rebuild(tracers: list[Tracer]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        replaced = list(found)
        for k, tracer in zip(positions, tracers, strict=True):
            replaced[k] = tracer
        again: tuple[tuple[Any, ...], dict[str, Any]] = tree.unflatten(replaced)
        return again

    traced = running().timed(
        "trace",
        lambda: trace(f, rebuild, params, flatten=flattened),
        lambda found: count(found.func.ops),
    )
    for k in traced.asked:
        inputs[k]._storage.asked = True
    leaves, out_tree = result_structure(traced.out)
    func, stored = traced.split()
    if traced.mutated:
        # Writes into arguments are not part of the derivative.
        func = func.with_results(func.results[: len(func.results) - len(traced.mutated)])
    check = None if traced.code is None else clean(func.with_results([traced.code]))
    inputs += traced.captures
    adopt_exclusive(session, _of_arrays(traced.exclusive, kinds), inputs)
    if traced.changes:
        if types is not None:
            refuse_changes(traced.changes)
        traced.carry_out(inline(stored, inputs), inputs)
    inner = Inner(clean(func, running()), inputs, positions, leaves, out_tree, check, traced.errors)
    if types is None:
        inner.raise_errors(lambda check: inline(check, inputs)[0])
    return inner


def _of_arrays(groups: Sequence[Exclusive], kinds: Sequence[Type]) -> list[Exclusive]:
    """The groups in which an array may share its memory: a derivative writes nothing itself."""
    arrays = frozenset(k for k, t in enumerate(kinds) if t.shape)
    found = [(w & arrays, tuple(k for k in members if k in arrays)) for w, members in groups]
    return [(w, members) for w, members in found if w and len(members) > 1]


def lift(x: Any) -> Tracer:
    """A leaf as a tracer; Python numbers adapt to what they meet."""
    if isinstance(x, Tracer):
        return x
    if type(x) in WEAK:
        session = _session()
        return wrap(session, session.const(x, WEAK[type(x)]), weak=True)
    found: Tracer = as_tracer(x)
    return found


def inline(func: Func, inputs: Sequence[Any]) -> list[Tracer]:
    """Append a program to the running trace; its results as tracers."""
    session = _session()
    values: list[Value] = [lift(x)._value(session) for x in inputs]
    return [wrap(session, v) for v in replay(func, session.builder, values)]


def _session() -> Any:
    session = current()
    if session is None:
        raise RuntimeError("transforms run inside a trace")
    return session


def argument_leaves(args: tuple[Any, ...], argnums: Sequence[int]) -> list[list[int]]:
    """For every differentiated argument the flat positions of its leaves."""
    starts, total = [], 0
    for arg in args:
        starts.append(total)
        total += len(flatten(arg)[0])
    starts.append(total)
    groups = []
    for number in argnums:
        if not -len(args) <= number < len(args):
            raise NonDifferentiableError(
                f"argument {number} of a call with {len(args)} positional arguments"
            )
        k = number % len(args)
        groups.append(list(range(starts[k], starts[k + 1])))
    if len({g[0] for g in groups if g}) != len([g for g in groups if g]):
        raise NonDifferentiableError(f"argnums names an argument twice: {tuple(argnums)}")
    return groups


def as_float(args: tuple[Any, ...], groups: list[list[int]]) -> tuple[Any, ...]:
    """The arguments with differentiated leaves as float tracers: Python ints become floats."""
    leaves, tree = flatten(args)
    for k in {k for group in groups for k in group}:
        leaf: Any = lift(leaves[k])
        dtype = leaf.dtype
        if dtype.kind != "f":
            if leaf.shape or not leaf._weak:
                raise DTypeError(
                    f"cannot differentiate with respect to an argument of dtype {dtype}",
                    hint="pass it as float: x.astype(float)",
                )
            leaf = leaf * 1.0
        leaves[k] = leaf
    again: tuple[Any, ...] = tree.unflatten(leaves)
    return again


def structure(arg: Any) -> Tree:
    """The structure of an argument."""
    return flatten(arg)[1]


__all__ = [
    "LEAF",
    "Inner",
    "argument_leaves",
    "as_float",
    "inline",
    "structure",
    "trace_inner",
]

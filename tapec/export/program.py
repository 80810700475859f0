"""A compiled program as C will see it: closed over what it captures, with names and C's layout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tapec.errors import ExportError
from tapec.export.names import CNames, named_leaves
from tapec.ir import Func, Type
from tapec.ir.build import Builder
from tapec.ir.core import Value
from tapec.ir.primitive import lookup
from tapec.ir.rewrite import replay
from tapec.trace import ResultMarker

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Structure:
    """Where the nonzeros of a sparse result are.

    `format` is "csr", "csc" or "coo"; `tables` its index arrays by name.
    """

    format: str
    shape: tuple[int, int]
    tables: Mapping[str, Array]


@dataclass(frozen=True)
class Variable:
    """An argument or a result: its name in C, its type, whether it is a number passed by value, and
    how the user's code calls it."""

    name: str
    type: Type
    number: bool = False
    title: str = ""
    structure: Structure | None = None


@dataclass(frozen=True)
class Program:
    """One C function to be: a program without hidden inputs, whose results lie in C order.

    Of the results of `func` those after `results` are the final values of the arguments `updated`,
    and last, where there are `errors`, the number of the one raised. `fixed` are arguments that are
    part of the code, with their values. `bound` are the parameters of `func` that are part of the
    code, by number: they are read as in Python, so that the bits are the same. Large loops are
    shared among `threads`, if there are any; with `fastmath` rounding is not NumPy's.
    """

    name: str
    about: str
    func: Func
    params: tuple[Variable, ...]
    results: tuple[Variable, ...]
    updated: tuple[int, ...]
    errors: tuple[Exception, ...]
    fixed: tuple[tuple[str, str], ...] = ()
    bound: Mapping[int, Array] = field(default_factory=dict)
    threads: int = 0
    fastmath: bool = False


@dataclass(frozen=True)
class SparsePart:
    """Elements of a result that are a sparse matrix: `count` from `start`."""

    title: str
    start: int
    count: int
    structure: Structure


@dataclass(frozen=True)
class Request:
    """A program asked for: a specialization, and how its parts are called in C.

    `arguments` name the positional arguments, `result` what is returned (or each of what a tuple
    has); `bound` are inputs of the program, by number, that C does not pass; `parts` the sparse
    matrices that results are made of, by their names; `examples` arguments to call it with.
    """

    name: str
    about: str
    special: Any
    arguments: Sequence[str]
    result: str | tuple[str, ...]
    bound: Mapping[int, Any] = field(default_factory=dict)
    parts: Mapping[str, Sequence[SparsePart]] = field(default_factory=dict)
    examples: Sequence[Any] = ()


def program(request: Request) -> Program:
    """The program of a request; raises ExportError where it has no form in C."""
    special = request.special
    if special.effects is not None:
        raise ExportError(
            f"{special.func.name} changes objects outside itself, which C has not",
            hint="return what it stores",
        )
    builder, names = Builder(), CNames(request.name)
    bound = {**request.bound, **_hidden(special)}
    inputs = special.func.params
    values = replay(special.func, builder, [builder.param(p.type, p.hint) for p in inputs])
    results = _results(builder, request, values)
    rest, updated = values[special.returned_count :], tuple(special.mutated)
    leaves = list(_leaves(request, special))
    titles = [title for title, shown in leaves if shown is None]
    kept = [p for k, p in enumerate(inputs) if k not in bound]
    params = tuple(
        Variable(names.new(title), p.type, not p.type.shape and k not in updated, title)
        for k, (p, title) in enumerate(zip(kept, titles, strict=True))
    )
    return Program(
        request.name,
        request.about,
        builder.func(special.func.name, [*(v for v, _, _ in results), *rest]),
        params,
        tuple(
            Variable(names.new(title), v.type, False, title, structure)
            for v, title, structure in results
        ),
        updated,
        special.errors,
        tuple((title, shown) for title, shown in leaves if shown is not None),
        {k: np.array(x, inputs[k].type.numpy, order="C") for k, x in bound.items()},
        special.engine.threads,
        special.engine.fastmath,
    )


def _hidden(special: Any) -> dict[int, Any]:
    """What the function captures and reads when it runs, as it is now."""
    values = special.hidden_inputs()
    first = len(special.func.params) - len(values)
    return dict(enumerate(values, first))


def _leaves(request: Request, special: Any) -> Iterator[tuple[str, str | None]]:
    """The name of every leaf of the arguments that C passes, and the value, as text, of one that is
    part of the program instead."""
    positional, named = special.signature.tree.children
    titles = [
        *named_leaves(request.arguments, positional.children),
        *named_leaves(named.keys, named.children),
    ]
    numbers = {leaf: number for number, leaf in enumerate(special.signature.traced)}
    for k, (title, leaf) in enumerate(zip(titles, special.signature.leaves, strict=True)):
        if k not in numbers:
            yield title, _shown(leaf.value)
        elif numbers[k] not in request.bound:
            yield title, None
        elif title:
            yield title, _shown(request.bound[numbers[k]])


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array {value.dtype}{list(value.shape)}"
    return repr(value) if isinstance(value, int | float | str | tuple | None) else "an object"


# ---- results ----


def _results(
    builder: Builder, request: Request, values: Sequence[Value]
) -> list[tuple[Value, str, Structure | None]]:
    """What the function returns: every array in C order, its name, and where its nonzeros are."""
    special, name = request.special, request.result
    found = [_placed(builder, leaf, values) for leaf in special.leaves]
    names, trees = ([name], [special.tree])
    if isinstance(name, tuple) or hasattr(special.tree.kind, "_fields"):
        names = list(name if isinstance(name, tuple) else special.tree.kind._fields)
        trees = special.tree.children
    made: list[tuple[Value, str, Structure | None]] = []
    for value, title in zip(found, named_leaves(names, trees), strict=True):
        parts = request.parts.get(title)
        if parts is None:
            made.append((value, title, None))
        else:
            made += [(_part(builder, value, p), p.title, p.structure) for p in parts]
    return made


def _placed(builder: Builder, leaf: Any, values: Sequence[Value]) -> Value:
    if not isinstance(leaf, ResultMarker):
        return _as_it_is(builder, leaf)
    value = values[leaf.index]
    if leaf.order:
        perm = tuple(leaf.order.index(axis) for axis in range(len(leaf.order)))
        value = builder.emit(lookup("transpose"), [value], {"perm": perm}).result
    return _looked_at(builder, leaf, value) if leaf.argument < 0 and leaf.steps else value


def _as_it_is(builder: Builder, leaf: Any) -> Value:
    if isinstance(leaf, bool | int | float | np.generic | np.ndarray):
        return builder.const(leaf)
    raise ExportError(
        f"a result is a {type(leaf).__name__}, which has no form in C",
        hint="return numbers and arrays",
    )


def _looked_at(builder: Builder, leaf: ResultMarker, value: Value) -> Value:
    """The part of an array that a result shows."""
    if any(kind == "dynamic" for kind, _ in leaf.steps):
        raise ExportError(
            "a result is a view at a place known at run time only", hint="return a copy: a.copy()"
        )
    numbers = np.arange(value.type.size).reshape(value.type.shape)
    places = builder.const(np.ascontiguousarray(leaf.seen(numbers, ())))
    flat = builder.emit(lookup("reshape"), [value], {"shape": (value.type.size,)}).result
    return builder.emit(lookup("gather"), [flat, places]).result


def _part(builder: Builder, whole: Value, part: SparsePart) -> Value:
    if part.count == whole.type.size:
        return whole
    at = ((part.start, part.count, 1),)
    return builder.emit(lookup("index"), [whole], {"at": at}).result

"""Sparse Jacobians and Hessians: a pattern, few directions, and one kernel for the nonzeros."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from tapec.ad import drivers
from tapec.call.foreign import Foreign
from tapec.call.kernel import Kernel
from tapec.call.specialize import Specialization
from tapec.derive.derived import Argnums, Function
from tapec.derive.sparse_kernels import Compressed, Directly
from tapec.derive.sparse_parts import (
    Array,
    Chosen,
    Coordinates,
    MatrixBlock,
    Style,
    along_colours,
    among_entries,
    arranged,
)
from tapec.errors import DTypeError, NonDifferentiableError, SparsityError
from tapec.ir import Func
from tapec.pipeline import clean
from tapec.sparse import colouring as colourings
from tapec.sparse.colouring import Colouring, Order
from tapec.sparse.dependence import Patterns, dependence
from tapec.sparse.direct import Direct, direct
from tapec.sparse.pieces import NotDirect
from tapec.sparse.report import Sparsity
from tapec.sparse.tuning import BOTH_WAYS_FROM, COTANGENT_COST, PRIMAL_COST
from tapec.trace import ResultMarker, Tracer, current
from tapec.trace.arrays.session import where
from tapec.tree import flatten


@dataclass(frozen=True, slots=True)
class SparsePlan:
    """What calls with one signature and one structure have in common."""

    kernel: Kernel
    layout: tuple[Array, ...]  # its first arguments
    arranged: Callable[[Array], Any]
    sparsity: Sparsity
    given: tuple[tuple[int, Array], ...]  # the integer inputs that the pattern was found for
    blocks: tuple[tuple[MatrixBlock, ...], ...]  # one for each result and argument

    def __call__(self, inputs: Sequence[Any]) -> Any:
        """The matrices at these inputs of the program."""
        return self.arranged(self.kernel(*self.layout, *inputs))

    def holds(self, inputs: Sequence[Any]) -> bool:
        """Whether the integers are still those that the pattern was found for."""
        return all(np.array_equal(inputs[k], x) for k, x in self.given)


class SparseKernel(Foreign):
    """A derivative as `scipy.sparse` arrays: what `jacobian` and `hessian` make with `sparse=True`.

    The first call with a signature finds the pattern, colours it and compiles; later calls run one
    kernel, which writes the nonzeros. All results have the same index arrays: copy a matrix before
    changing its structure.
    """

    suffix = "jacobian"

    def __init__(
        self, f: Function, argnums: Argnums, style: Style, options: dict[str, Any]
    ) -> None:
        self.__wrapped__, self._style, self._options = f, style, options
        self._single = isinstance(argnums, int)
        self._argnums = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        self._program = Kernel(f, **{**options, "backend": "numpy"})  # traced, never run
        self._known: dict[Specialization, list[SparsePlan]] = {}
        self._lock = self._program._lock
        self.__name__ = f"{getattr(f, '__name__', type(f).__name__)}.sparse_{self.suffix}"
        self.__doc__ = f.__doc__

    def __reduce__(self) -> Any:
        argnums = self._argnums[0] if self._single else self._argnums
        return type(self), (self.__wrapped__, argnums, self._style, self._options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        prepared, inputs = self._prepared(args, kwargs)
        return prepared(inputs)

    def sparsity(self, *args: Any, **kwargs: Any) -> Sparsity:
        """The pattern and its colouring at these arguments."""
        return self._prepared(args, kwargs)[0].sparsity

    def exported(self, *args: Any) -> tuple[Specialization, SparsePlan, Sequence[Any]]:
        """For C: the function's own program, the plan of its nonzeros, and the inputs of both."""
        plan, inputs = self._prepared(args, {})
        return self._program.specialization(*args), plan, inputs

    def kernel(self, *args: Any, **kwargs: Any) -> Kernel:
        """The kernel that computes the nonzeros: for its dumps and its `explain`."""
        return self._prepared(args, kwargs)[0].kernel

    def _prepared(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[SparsePlan, Sequence[Any]]:
        if current() is not None:
            _refuse_tracers(args, kwargs)
        special = self._program.specialization(*args, **kwargs)
        inputs = _inputs(special, args, kwargs)
        known = self._known.setdefault(special, [])
        for prepared in known:
            if prepared.holds(inputs):
                return prepared, inputs
        known.append(self._prepare(special, Chosen.of(args, self._argnums), inputs))
        return known[-1], inputs

    def _prepare(
        self, special: Specialization, chosen: Chosen, inputs: Sequence[Any]
    ) -> SparsePlan:
        flags = chosen.flags(special)
        func = self._differentiated(special, flags)
        found = dependence(func, flags, _integers(func, inputs))
        pattern = self._completed(sp.csr_array(sp.vstack(found.patterns, format="csr")))
        coloured = self._coloured(pattern)
        elements = Coordinates.of(pattern, self._style.triangle)
        sizes = [v.type.size for v in func.results], chosen.sizes(special)
        numbers, parts = arranged(elements, *sizes, self._style.format)
        emitted = self._emitted(func, flags, found, coloured)
        if emitted is None:
            made: Any = Compressed(func, special, flags, coloured)
            places = along_colours(coloured, pattern.shape)[numbers]
            layout: tuple[Array, ...] = (places, coloured.columns, coloured.rows)
        else:
            made = Directly(clean(emitted.func), special)
            layout = (among_entries(emitted, pattern)[:, numbers],)
        return SparsePlan(
            Kernel(made, backend=self._options.get("backend", "auto")),
            layout,
            self._nested(special, chosen, parts),
            Sparsity(pattern, coloured),
            tuple((k, np.array(inputs[k])) for k in sorted(found.given)),
            tuple(map(tuple, parts)),
        )

    def _emitted(
        self, func: Func, flags: list[bool], found: Patterns, coloured: Colouring
    ) -> Direct | None:
        """The program of direct emission; None where directions are cheaper, or asked for."""
        style = self._style
        if style.route == "compressed" or (style.route == "auto" and style.mode != "auto"):
            return None
        try:
            forced = style.route == "direct"
            most = math.inf if forced else _work(coloured)
            emitted = direct(func, flags, found.facts, most)
            return emitted if emitted.columns.size else None
        except NotDirect as reason:
            if not forced:
                return None
            raise SparsityError(
                f"the nonzeros cannot be computed one by one: {reason}",
                hint="use route='compressed'",
            ) from None

    def _differentiated(self, special: Specialization, flags: list[bool]) -> Func:
        """The program whose Jacobian is wanted."""
        return _results_only(special)

    def _completed(self, pattern: sp.csr_array) -> sp.csr_array:
        """The pattern with what is known of it besides."""
        return pattern

    def _coloured(self, pattern: sp.csr_array) -> Colouring:
        return _COLOURINGS[self._style.mode](pattern, self._style.order)

    def _nested(
        self, special: Specialization, chosen: Chosen, parts: list[list[MatrixBlock]]
    ) -> Callable[[Array], Any]:
        """Matrices from nonzeros, nested as results are, and then as arguments."""
        if self._single and chosen.bare and special.tree.kind is None:
            return parts[0][0].filled
        return lambda data: special.tree.unflatten(
            [self._across(chosen, parts[m.index], data) if isinstance(m, ResultMarker) else m
             for m in special.leaves]
        )  # fmt: skip

    def _across(self, chosen: Chosen, row: Sequence[MatrixBlock], data: Array) -> Any:
        return chosen.nested([block.filled(data) for block in row], self._single)


class SparseHessian(SparseKernel):
    """The Hessian of a function with one float result."""

    suffix = "hessian"

    def _differentiated(self, special: Specialization, flags: list[bool]) -> Func:
        func = _results_only(special)
        if len(func.results) != 1 or func.results[0].type.shape:
            got = ", ".join(str(v.type) for v in func.results)
            raise NonDifferentiableError(
                f"a sparse Hessian needs one number as the result, {func.name} returns {got}",
                hint="sum the result, or take tapec.jacobian(gradient, sparse=True)",
            )
        return clean(drivers.gradient(func, flags))

    def _completed(self, pattern: sp.csr_array) -> sp.csr_array:
        """Symmetric."""
        both = sp.csr_array(pattern + pattern.T)
        both.sort_indices()
        return both

    def _coloured(self, pattern: sp.csr_array) -> Colouring:
        return colourings.symmetric(pattern, self._style.order)

    def _nested(
        self, special: Specialization, chosen: Chosen, parts: list[list[MatrixBlock]]
    ) -> Callable[[Array], Any]:
        if self._single and chosen.bare:
            return parts[0][0].filled
        return lambda data: chosen.nested(
            [self._across(chosen, row, data) for row in parts], self._single
        )


def _refuse_tracers(args: Any, kwargs: Any) -> None:
    if any(isinstance(leaf, Tracer) for leaf in flatten((args, kwargs))[0]):
        raise SparsityError(
            "a sparse derivative cannot be part of a traced function",
            where=where(),
            hint="call it outside of compiled code",
        )


def _cheapest(pattern: sp.csr_array, order: Order) -> Colouring:
    """The way with the least work: columns, rows, or both where each alone needs many."""
    found = [colourings.by_columns(pattern, order), colourings.by_rows(pattern, order)]
    best = min(found, key=_work)
    if _work(best) <= BOTH_WAYS_FROM:
        return best
    return min(best, colourings.both_ways(pattern, order), key=_work)


def _work(coloured: Colouring) -> float:
    back = coloured.cotangents
    return coloured.tangents + (COTANGENT_COST * back + PRIMAL_COST if back else 0.0)


_COLOURINGS: Mapping[str, Callable[[sp.csr_array, Order], Colouring]] = {
    "auto": _cheapest,
    "fwd": colourings.by_columns,
    "rev": colourings.by_rows,
    "both": colourings.both_ways,
}


def _results_only(special: Specialization) -> Func:
    """The program of what the function returns."""
    if special.effects:
        raise SparsityError(
            f"{special.func.name} changes objects outside of itself, which a sparse derivative "
            "does not do again",
            hint="return what it stores",
        )
    func = special.func.with_results(special.func.results[: special.returned_count])
    for v in func.results:
        if not v.type.is_float:
            raise DTypeError(f"cannot differentiate a result of {func.name} of type {v.type}")
    return func


def _inputs(special: Specialization, args: Any, kwargs: Any) -> list[Any]:
    """The values of the program's parameters."""
    leaves = flatten((args, kwargs))[0]
    return [*(leaves[k] for k in special.signature.traced), *special.hidden_inputs()]


def _integers(func: Func, inputs: Sequence[Any]) -> dict[int, Array]:
    pairs = enumerate(zip(func.params, inputs, strict=True))
    return {k: np.asarray(x) for k, (p, x) in pairs if not p.type.is_float}

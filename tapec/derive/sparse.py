"""Sparse Jacobians and Hessians: a pattern, few directions, and one kernel for the nonzeros."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp

from tapec.ad.drivers import check_results
from tapec.call.engine import engine_options
from tapec.call.foreign import Foreign
from tapec.call.kernel import Kernel
from tapec.call.specialize import Specialization
from tapec.derive import sparse_kept
from tapec.derive.derived import Argnums, Function
from tapec.derive.sparse_colours import COLOURINGS, kept, least_work, work
from tapec.derive.sparse_direct import Summands, one_by_one
from tapec.derive.sparse_kernels import along
from tapec.derive.sparse_parts import (
    Array,
    Chosen,
    Coordinates,
    InOrder,
    MatrixBlock,
    Style,
    arranged,
    refuse_complex,
)
from tapec.derive.sparse_plans import (
    AllNonzeros,
    SparseExport,
    SparsePlan,
    SparseRecipe,
    SparseStructure,
    blocks_of,
    steady,
)
from tapec.errors import SparsityError
from tapec.ir import Func
from tapec.sparse.colouring import Colouring
from tapec.sparse.dependence import dependence
from tapec.sparse.direct import Direct, direct
from tapec.sparse.pieces import MoreEntries, NotDirect
from tapec.sparse.report import Sparsity
from tapec.sparse.rows import freeze
from tapec.sparse.tuning import COMPARED_ARRAYS
from tapec.trace import ResultMarker, Tracer, current
from tapec.trace.arrays.session import where
from tapec.tree import flatten


class SparseKernel(Foreign):
    """A derivative as `scipy.sparse` arrays: what `jacobian` and `hessian` make with `sparse=True`.

    The first call with a signature finds the pattern, colours it and compiles; later calls run one
    kernel, which writes the nonzeros. All results have the same index arrays, which are read-only:
    copy a matrix before changing its structure in place, as `eliminate_zeros` does.
    """

    suffix = "jacobian"

    def __init__(
        self, f: Function, argnums: Argnums, style: Style, options: dict[str, Any]
    ) -> None:
        self.__wrapped__, self._style, self._options = f, style, options
        self._single = isinstance(argnums, int)
        self._argnums = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        self._program = Kernel(InOrder(f), **{**options, "backend": "numpy"})  # traced, never run
        self._known: dict[Specialization, list[SparsePlan]] = {}
        self._lock = self._program._lock
        self._last: SparseStructure | None = None
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
        return self._prepared(args, kwargs)[0].part.sparsity

    def exported(self, *args: Any) -> SparseExport:
        """What C is told of this derivative at arguments like these."""
        plan, inputs = self._prepared(args, {})
        part, original = plan.part, self._program.specialization(*args)
        given = frozenset(k for k, _ in part.given)
        return SparseExport(
            original, plan.kernel, part.layout, inputs, given, {None: blocks_of(part)}
        )

    def kernel(self, *args: Any, **kwargs: Any) -> Kernel:
        """The kernel that computes the nonzeros: for its dumps and its `explain`."""
        return self._prepared(args, kwargs)[0].kernel

    def pattern(self, *args: Any, **kwargs: Any) -> sp.csr_array:
        """The pattern at these arguments, without a colouring."""
        special, leaves = self._program.located(args, kwargs)
        flags = Chosen.of(args, self._argnums).flags(special)
        return self._structure(special, flags, inputs_of(special, leaves)).pattern

    def _structure(
        self, special: Specialization, flags: list[bool], inputs: Sequence[Any]
    ) -> SparseStructure:
        """The program whose Jacobian is wanted, and its pattern; the last one is kept."""
        last = self._last
        if last is None or last.special is not special or not last.holds(inputs):
            func = self._differentiated(special, flags)
            found = dependence(func, flags, _integers(func, inputs))
            rows = sp.csr_array(sp.vstack(found.patterns, format="csr"))
            pattern = freeze(self._completed(rows))
            given = tuple((k, np.array(inputs[k])) for k in sorted(found.given))
            last = self._last = SparseStructure(special, func, found.facts, pattern, given)
        return last

    def template(self, *args: Any, **kwargs: Any) -> Any:
        """The matrices of these arguments with zeros in place of their numbers."""
        part = self._prepared(args, kwargs)[0].part
        return part.arranged(np.zeros(part.count))

    def numbers(self, *args: Any) -> Callable[..., Array]:
        """A function of arguments like these that gives the numbers of all matrices in one row.

        It goes straight to native code for as long as nothing changes that the function captures.
        """
        plan, _ = self._prepared(args, {})
        special = self._program.specialization(*args)
        captured = [] if special.state is None else special.state.arrays
        if plan.part.given or sum(a.size for a in captured) > COMPARED_ARRAYS:
            return self._numbers
        return steady(self.__wrapped__, plan, special, self._numbers)

    def _numbers(self, *args: Any) -> Array:
        plan, inputs = self._prepared(args, {})
        found: Array = plan.kernel(*plan.part.layout, *inputs)
        return found

    def _prepared(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[SparsePlan, Sequence[Any]]:
        if current() is not None:
            refuse_tracers(args, kwargs)
        special, leaves = self._program.located(args, kwargs)
        inputs = inputs_of(special, leaves)
        known = self._known.setdefault(special, [])
        for prepared in known:
            if prepared.part.holds(inputs):
                return prepared, inputs
        part = self.part(special, Chosen.of(args, self._argnums), inputs)
        kernel = Kernel(
            part.made,
            **engine_options(self._options),
        )
        known.append(SparsePlan(part, kernel))
        return known[-1], inputs

    def part(self, special: Specialization, chosen: Chosen, inputs: Sequence[Any]) -> SparseRecipe:
        """The derivative at a signature, and at the structure of these inputs: from the disk where
        an earlier process has kept it."""
        results_only(special)  # raises where it must
        options = self.suffix, self._style, chosen.numbers, chosen.groups
        key = sparse_kept.key_of(special, inputs, *options)
        nested = partial(self._nested, special, chosen)
        known = sparse_kept.known(key, special, inputs, self._coloured, nested)
        if known is None:
            known = self._found(special, chosen, inputs)
            sparse_kept.keep(key, known)
        return known

    def _found(
        self, special: Specialization, chosen: Chosen, inputs: Sequence[Any]
    ) -> SparseRecipe:
        found = self.nonzeros(special, chosen, inputs)
        elements = Coordinates.of(found.sparsity.pattern, self._style.triangle)
        widths = chosen.sizes(special)
        numbers, parts = arranged(elements, found.heights, widths, self._style.format)
        made, layout = found.form(numbers)
        nested = self._nested(special, chosen, parts)
        blocks = tuple(map(tuple, parts))
        return SparseRecipe(made, layout, nested, found.sparsity, found.given, blocks, numbers.size)

    def nonzeros(
        self, special: Specialization, chosen: Chosen, inputs: Sequence[Any]
    ) -> AllNonzeros:
        """The program of all nonzeros at a signature, and at the structure of these inputs."""
        flags = chosen.flags(special)
        found = self._structure(special, flags, inputs)
        func, pattern = found.func, found.pattern
        report = Sparsity(pattern, lambda: self._coloured(pattern))
        emitted = self._emitted(found, flags, report)
        if emitted is None:
            form = along(func, special, flags, report.colouring)
        else:
            form = one_by_one(Summands.of(emitted, pattern), special)
        heights = [v.type.size for v in func.results]
        return AllNonzeros(form, heights, report, found.given)

    def _emitted(
        self, found: SparseStructure, flags: list[bool], report: Sparsity
    ) -> Direct | None:
        """The program of direct emission; None where directions are cheaper, or asked for."""
        style = self._style
        if style.route == "compressed" or (style.route == "auto" and style.mode != "auto"):
            return None
        forced = style.route == "direct"
        try:
            emitted = self._direct(found, flags, None if forced else report)
            return emitted if emitted.columns.size else None
        except NotDirect as reason:
            if not forced:
                return None
            raise SparsityError(
                f"the nonzeros cannot be computed one by one: {reason}",
                hint="use route='compressed'",
            ) from None

    def _direct(self, found: SparseStructure, flags: list[bool], report: Sparsity | None) -> Direct:
        """Direct emission, which may cost what derivatives along all colours do (at will without a
        report). Where it is cheaper than any colouring can be, none is looked for."""
        if report is None:
            return direct(found.func, flags, found.facts, math.inf)
        try:
            return direct(found.func, flags, found.facts, self._least_work(found.pattern))
        except MoreEntries:
            return direct(found.func, flags, found.facts, work(report.colouring))

    def _differentiated(self, special: Specialization, flags: list[bool]) -> Func:
        """The program whose Jacobian is wanted."""
        return results_only(special)

    def _completed(self, pattern: sp.csr_array) -> sp.csr_array:
        """The pattern with what is known of it besides."""
        return pattern

    def _least_work(self, pattern: sp.csr_array) -> float:
        return least_work(pattern)

    def _coloured(self, pattern: sp.csr_array) -> Colouring:
        mode, order = self._style.mode, self._style.order
        return kept(mode, COLOURINGS[mode], pattern, order)

    def _nested(
        self, special: Specialization, chosen: Chosen, parts: list[list[MatrixBlock]]
    ) -> Callable[[Array], Any]:
        """Matrices from nonzeros, nested as results are, and then as arguments."""
        refuse_complex(special)
        if self._single and chosen.bare and special.tree.kind is None:
            return parts[0][0].filled
        return lambda data: special.tree.unflatten(
            [self._across(chosen, parts[m.index], data) if isinstance(m, ResultMarker) else m
             for m in special.leaves]
        )  # fmt: skip

    def _across(self, chosen: Chosen, row: Sequence[MatrixBlock], data: Array) -> Any:
        return chosen.nested([block.filled(data) for block in row], self._single)


def refuse_tracers(args: Any, kwargs: Any) -> None:
    """Raise where a sparse derivative would be part of a trace."""
    if any(isinstance(leaf, Tracer) for leaf in flatten((args, kwargs))[0]):
        raise SparsityError(
            "a sparse derivative cannot be part of a traced function",
            where=where(),
            hint="call it outside of compiled code",
        )


def results_only(special: Specialization) -> Func:
    """The program of what the function returns."""
    if special.effects:
        raise SparsityError(
            f"{special.func.name} changes objects outside of itself, which a sparse derivative "
            "does not do again",
            hint="return what it stores",
        )
    func = special.func.with_results(special.func.results[: special.returned_count])
    check_results(func)
    return func


def inputs_of(special: Specialization, leaves: Sequence[Any]) -> list[Any]:
    """The values of the program's parameters in a call with these leaves."""
    return [*(leaves[k] for k in special.signature.traced), *special.hidden_inputs()]


def _integers(func: Func, inputs: Sequence[Any]) -> dict[int, Array]:
    pairs = enumerate(zip(func.params, inputs, strict=True))
    return {k: np.asarray(x) for k, (p, x) in pairs if not p.type.is_float}

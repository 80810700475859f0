"""Sparse Jacobians and Hessians: a pattern, few directions, and one kernel for the nonzeros."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from tapec.ad import drivers
from tapec.ad.compressed import compressed
from tapec.call.kernel import Kernel
from tapec.call.specialize import Specialization
from tapec.derive.derived import Argnums, Function, Grad, Transform
from tapec.derive.nesting import inline
from tapec.derive.sparse_parts import Array, Block, Chosen, Nonzeros, Style, arranged
from tapec.errors import DTypeError, NonDifferentiableError, SparsityError
from tapec.ir import Func, Type
from tapec.pipeline import clean, derive
from tapec.sparse import colouring as colourings
from tapec.sparse import regions as regions  # its rules for loops and branches
from tapec.sparse.colouring import Colouring, Order
from tapec.sparse.dependence import dependence
from tapec.sparse.report import Sparsity
from tapec.sparse.tuning import BOTH_WAYS_FROM, COTANGENT_COST, PRIMAL_COST
from tapec.trace import ResultMarker, Tracer, current
from tapec.trace.arrays.session import where
from tapec.tree import flatten


class Compressed(Transform):
    """(colours of columns, of rows, places, *args) -> the nonzeros, in the order of `places`."""

    suffix = "compressed"

    def __init__(self, f: Function, argnums: Argnums, tangents: int, cotangents: int) -> None:
        super().__init__(f, argnums)
        self.tangents, self.cotangents = tangents, cotangents

    def __call__(self, columns: Any, rows: Any, places: Any, *args: Any, **kwargs: Any) -> Any:
        inner, groups, args = self.prepare(args, kwargs)
        flags = inner.flags({k for g in groups for k in g})
        inputs = [p.type for p, flag in zip(inner.func.params, flags, strict=True) if flag]
        results = [v.type for v in inner.func.results]
        p, q = self.tangents, self.cotangents
        seeds = [*_seeds(columns, p, inputs), *_seeds(rows, q, results)]
        found = inline(derive(compressed, inner.func, flags, p, q), [*inner.inputs, *seeds])
        along = [_flat(found[: len(results)], p)] if p else []
        across = [_flat(found[len(found) - len(inputs) :], q)] if q else []
        every: Any = np.concatenate([*along, *across]) if p and q else (along or across)[0]
        return every[places]


def _seeds(colours: Any, count: int, types: Sequence[Type]) -> list[Any]:
    """For every value the sums of its unit arrays by colour, stacked."""
    if not count:
        return []
    made, first = [], 0
    for t in types:
        numbers = np.arange(count).reshape((count, *(1,) * t.ndim))
        own = colours[first : first + t.size].reshape((1, *t.shape))
        made.append((numbers == own).astype(t.numpy))
        first += t.size
    return made


def _flat(stacks: Sequence[Any], count: int) -> Any:
    """Derivatives along all colours, colour by colour, those of all values after each other."""
    parts = [s.reshape((count, -1)) for s in stacks]
    return (np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]).reshape(-1)


@dataclass(frozen=True, slots=True)
class Plan:
    """What calls with one signature and one structure have in common."""

    kernel: Kernel
    columns: Array
    rows: Array
    places: Array
    arranged: Callable[[Array], Any]
    sparsity: Sparsity
    given: tuple[tuple[int, Array], ...]  # the integer inputs that the pattern was found for

    def __call__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return self.arranged(self.kernel(self.columns, self.rows, self.places, *args, **kwargs))

    def holds(self, inputs: Callable[[], Sequence[Any]]) -> bool:
        """Whether the integers are still those that the pattern was found for."""
        if not self.given:
            return True
        now = inputs()
        return all(np.array_equal(now[k], x) for k, x in self.given)


class SparseKernel:
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
        self._program = Kernel(f, **options)
        self._plans: dict[Specialization, list[Plan]] = {}
        self.__name__ = f"{getattr(f, '__name__', type(f).__name__)}.sparse_{self.suffix}"
        self.__doc__ = f.__doc__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._plan(args, kwargs)(args, kwargs)

    def sparsity(self, *args: Any, **kwargs: Any) -> Sparsity:
        """The pattern and its colouring at these arguments."""
        return self._plan(args, kwargs).sparsity

    def kernel(self, *args: Any, **kwargs: Any) -> Kernel:
        """The kernel that computes the nonzeros: for its dumps and its `explain`."""
        return self._plan(args, kwargs).kernel

    def _plan(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Plan:
        if current() is not None:
            _refuse_tracers(args, kwargs)
        special = self._program.specialization(*args, **kwargs)
        plans = self._plans.setdefault(special, [])
        for plan in plans:
            if plan.holds(lambda: _inputs(special, args, kwargs)):
                return plan
        plans.append(self._planned(special, Chosen.of(args, self._argnums), args, kwargs))
        return plans[-1]

    def _planned(
        self, special: Specialization, chosen: Chosen, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Plan:
        flags = chosen.flags(special)
        func = self._differentiated(special, flags)
        inputs = _inputs(special, args, kwargs)
        found = dependence(func, flags, _integers(func, inputs))
        pattern = self._completed(sp.csr_array(sp.vstack(found.patterns, format="csr")))
        coloured = self._coloured(pattern)
        nonzeros = Nonzeros.of(pattern, coloured)
        sizes = [v.type.size for v in func.results], chosen.sizes(special)
        places, blocks = arranged(nonzeros.kept(self._style.triangle), *sizes, self._style.format)
        return Plan(
            self._data_kernel(chosen, coloured),
            coloured.columns,
            coloured.rows,
            places,
            self._nested(special, chosen, blocks),
            Sparsity(pattern, coloured),
            tuple((k, np.array(inputs[k])) for k in sorted(found.given)),
        )

    def _differentiated(self, special: Specialization, flags: list[bool]) -> Func:
        """The program whose Jacobian is wanted."""
        return _results_only(special)

    def _completed(self, pattern: sp.csr_array) -> sp.csr_array:
        """The pattern with what is known of it besides."""
        return pattern

    def _coloured(self, pattern: sp.csr_array) -> Colouring:
        return _COLOURINGS[self._style.mode](pattern, self._style.order)

    def _data_kernel(self, chosen: Chosen, coloured: Colouring) -> Kernel:
        made = Compressed(self.__wrapped__, chosen.numbers, coloured.tangents, coloured.cotangents)
        return Kernel(made, **self._options)

    def _nested(
        self, special: Specialization, chosen: Chosen, blocks: list[list[Block]]
    ) -> Callable[[Array], Any]:
        """Matrices from nonzeros, nested as results are, and then as arguments."""
        if self._single and chosen.bare and special.tree.kind is None:
            return blocks[0][0].filled
        return lambda data: special.tree.unflatten(
            [self._across(chosen, blocks[m.index], data) if isinstance(m, ResultMarker) else m
             for m in special.leaves]
        )  # fmt: skip

    def _across(self, chosen: Chosen, row: Sequence[Block], data: Array) -> Any:
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

    def _data_kernel(self, chosen: Chosen, coloured: Colouring) -> Kernel:
        gradient = Grad(self.__wrapped__, chosen.numbers)
        return Kernel(Compressed(gradient, chosen.numbers, coloured.tangents, 0), **self._options)

    def _nested(
        self, special: Specialization, chosen: Chosen, blocks: list[list[Block]]
    ) -> Callable[[Array], Any]:
        if self._single and chosen.bare:
            return blocks[0][0].filled
        return lambda data: chosen.nested(
            [self._across(chosen, row, data) for row in blocks], self._single
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

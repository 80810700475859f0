"""Bundles with sparse derivatives among them: one kernel for all numbers, arranged outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

from tapec.call.engine import engine_options
from tapec.call.foreign import Foreign
from tapec.call.kernel import Kernel
from tapec.call.specialize import Specialization
from tapec.derive.bundle import result_class
from tapec.derive.bundle_programs import Programs
from tapec.derive.bundle_rules import check_results, computed, seeds_of
from tapec.derive.derived import Argnums, Function
from tapec.derive.seeds import split
from tapec.derive.sparse import (
    SparseKernel,
    inputs_of,
    refuse_tracers,
    results_only,
)
from tapec.derive.sparse_parts import Chosen, InOrder, Style
from tapec.derive.sparse_plans import SparseExport, SparseRecipe, blocks_of
from tapec.derive.sparse_symmetric import SparseGaussNewton, SparseHessian
from tapec.sparse.report import Sparsity
from tapec.trace import ResultMarker, current
from tapec.tree import Tree

_KINDS: Mapping[str, type[SparseKernel]] = {
    "jac": SparseKernel,
    "hess": SparseHessian,
    "gn": SparseGaussNewton,
}


@dataclass(frozen=True)
class Compiled:
    """How results and arguments of a compiled function are nested.

    `leaves` have the number of the result that each leaf of what is returned stands for; `others`
    are the leaves that stand for none.
    """

    tree: Tree
    leaves: list[int | None]
    others: list[Any]
    chosen: Chosen
    single: bool

    @classmethod
    def of(cls, special: Specialization, chosen: Chosen, single: bool) -> Compiled:
        """The nesting of a program."""
        marks = [m.index if isinstance(m, ResultMarker) else None for m in special.leaves]
        others = [None if isinstance(m, ResultMarker) else m for m in special.leaves]
        return cls(special.tree, marks, others, chosen, single)

    def result(self, values: Sequence[Any]) -> Any:
        """Something for each of the function's results."""
        pairs = zip(self.leaves, self.others, strict=True)
        return self.tree.unflatten([m if k is None else values[k] for k, m in pairs])

    def argument(self, found: Sequence[Any]) -> Any:
        """Something for each leaf of the chosen arguments."""
        return self.chosen.nested(found, self.single)


class Together:
    """(*layouts, *inputs, *directions) -> all derivatives, of sparse ones the nonzeros."""

    def __init__(
        self,
        special: Specialization,
        nesting: Compiled,
        names: Sequence[str],
        parts: Mapping[str, SparseRecipe],
    ) -> None:
        self.nesting, self.names, self.func = nesting, names, results_only(special)
        self.flags = nesting.chosen.flags(special)
        self.made = {name: p.made for name, p in parts.items()}
        self.layouts = {name: len(p.layout) for name, p in parts.items()}
        check_results(self.func, names)
        self.__name__ = self.__qualname__ = f"{special.func.name}.bundle"

    def __call__(self, *args: Any) -> Any:
        given = iter(args)
        layouts = {name: [next(given) for _ in range(n)] for name, n in self.layouts.items()}
        inputs = [next(given) for _ in self.func.params]
        seeds = list(given)
        dense = [name for name in self.names if name not in self.made]
        programs = Programs(self.func, inputs, self.flags)
        programs.direct(*seeds_of(dense), seeds, self.nesting)
        found = computed(dense, programs, self.nesting)
        found |= {name: made(*layouts[name], *inputs) for name, made in self.made.items()}
        return tuple(found[name] for name in self.names)


@dataclass(frozen=True, slots=True)
class BundlePlan:
    """What calls with one signature and one structure have in common."""

    parts: Mapping[str, SparseRecipe]
    kernel: Kernel

    def holds(self, inputs: Sequence[Any]) -> bool:
        """Whether the integers are still those that the patterns were found for."""
        return all(p.holds(inputs) for p in self.parts.values())

    def run(self, names: Sequence[str], inputs: Sequence[Any], seeds: Sequence[Any]) -> list[Any]:
        """The derivatives at these inputs."""
        layouts = [x for p in self.parts.values() for x in p.layout]
        found = self.kernel(*layouts, *inputs, *seeds)
        pairs = zip(names, found, strict=True)
        return [self.parts[n].arranged(x) if n in self.parts else x for n, x in pairs]


class SparseBundle(Foreign):
    """What `derive` makes where some derivatives are sparse."""

    def __init__(
        self,
        f: Function,
        names: Sequence[str],
        sparse: Sequence[str],
        argnums: Argnums,
        style: Style,
        options: dict[str, Any],
    ) -> None:
        self.__wrapped__, self._options = f, options
        self._given = (names, sparse, argnums, style)
        self._names = tuple(names)
        self._single = isinstance(argnums, int)
        self._argnums = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        self._kinds = {n: _KINDS[n](f, argnums, style, options) for n in names if n in sparse}
        self._program = Kernel(InOrder(f), **{**options, "backend": "numpy"})  # traced, never run
        self._known: dict[Specialization, list[BundlePlan]] = {}
        self._lock = self._program._lock
        self.__name__ = f"{getattr(f, '__name__', type(f).__name__)}.bundle"
        self.__doc__ = f.__doc__

    def __reduce__(self) -> Any:
        return type(self), (self.__wrapped__, *self._given, self._options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        plan, inputs, seeds = self._prepared(args, kwargs)
        return result_class(self._names)(*plan.run(self._names, inputs, seeds))

    def sparsity(self, *args: Any, **kwargs: Any) -> dict[str, Sparsity]:
        """The patterns of the sparse ones and their colourings, at the arguments of a call."""
        parts = self._prepared(args, kwargs)[0].parts
        return {name: part.sparsity for name, part in parts.items()}

    def kernel(self, *args: Any, **kwargs: Any) -> Kernel:
        """The kernel that computes all numbers: for its dumps and its `explain`."""
        return self._prepared(args, kwargs)[0].kernel

    def exported(self, *args: Any) -> SparseExport:
        """What C is told of these derivatives at arguments like these."""
        plan, inputs, directions = self._prepared(args, {})
        wanted = seeds_of(self._names)
        called = tuple(compress(("direction", "weights"), wanted))
        count = len(args) - len(called)
        return SparseExport(
            self._program.specialization(*args[:count]),
            plan.kernel,
            tuple(x for p in plan.parts.values() for x in p.layout),
            inputs,
            frozenset(k for p in plan.parts.values() for k, _ in p.given),
            {name: blocks_of(p) for name, p in plan.parts.items()},
            directions,
            called,
            self._names,
        )

    def _prepared(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[BundlePlan, Sequence[Any], Sequence[Any]]:
        if current() is not None:
            refuse_tracers(args, kwargs)
        args, seeds = split(args, *seeds_of(self._names))
        special, leaves = self._program.located(args, kwargs)
        inputs = inputs_of(special, leaves)
        known = self._known.setdefault(special, [])
        for plan in known:
            if plan.holds(inputs):
                return plan, inputs, seeds
        known.append(self._plan(special, Chosen.of(args, self._argnums), inputs))
        return known[-1], inputs, seeds

    def _plan(self, special: Specialization, chosen: Chosen, inputs: Sequence[Any]) -> BundlePlan:
        parts = {n: kind.part(special, chosen, inputs) for n, kind in self._kinds.items()}
        nesting = Compiled.of(special, chosen, self._single)
        made = Together(special, nesting, self._names, parts)
        return BundlePlan(
            parts,
            Kernel(
                made,
                **engine_options(self._options),
            ),
        )

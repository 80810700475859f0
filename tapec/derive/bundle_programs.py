"""The programs that the derivatives of a bundle are made of, each made once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tapec import pipeline
from tapec.ad import drivers
from tapec.ad.activity import active_params
from tapec.ad.directions import along
from tapec.derive.nesting import inline
from tapec.derive.seeds import Likeness
from tapec.ir import Func
from tapec.tree import Tree


class Nesting(Protocol):
    """How results and arguments are nested."""

    def result(self, values: Sequence[Any]) -> Any:
        """Something for each of the function's results."""

    def argument(self, found: Sequence[Any]) -> Any:
        """Something for each leaf of the chosen arguments."""

    @property
    def leaves(self) -> list[int | None]:
        """The number of the result that each leaf of what is returned stands for."""

    @property
    def tree(self) -> Tree:
        """The structure of what is returned."""


@dataclass
class Programs:
    """The derivatives of a program at its inputs, each made when first asked for.

    `tangents` and `cotangents` are the directions of a call, one array for each independent input
    or result; where there are `tangent_count` or `cotangent_count` of them, along a leading axis.
    """

    func: Func
    inputs: Sequence[Any]
    flags: list[bool]
    mode: drivers.Mode = "auto"  # of the Jacobian
    tangents: Sequence[Any] = ()
    tangent_count: int | None = None
    cotangents: Sequence[Any] = ()
    cotangent_count: int | None = None
    known: dict[str, list[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.into = [v.type for v in active_params(self.func, self.flags)]
        self.out = [v.type for v in self.func.results]

    def direct(
        self, tangent: bool, cotangent: bool, given: Sequence[Any], nesting: Nesting
    ) -> None:
        """Take the directions of a call; raises ShapeError where they do not fit."""
        seeds = iter(given)
        if tangent:
            like = Likeness.nested("direction", nesting.argument(range(len(self.into))), self.into)
            self.tangents, self.tangent_count = like.leaves(next(seeds))
        if cotangent:
            like = Likeness("cotangent", nesting.tree, nesting.leaves, self.out)
            self.cotangents, self.cotangent_count = like.leaves(next(seeds))

    @property
    def single(self) -> bool:
        """Whether the result is one number."""
        return len(self.out) == 1 and not self.out[0].shape

    def derived(self, make: Callable[..., Func], *more: Any) -> Func:
        """A program derived from the function's, noted for `explain`."""
        return pipeline.derive(make, self.func, self.flags, *more)

    def values(self) -> list[Any]:
        """What the function returns."""
        return self.known.get("value") or inline(self.func, self.inputs)

    def gradient_func(self) -> Func:
        """The program of the value and its gradient."""
        return pipeline.clean(self.derived(drivers.value_and_gradient), pipeline.running())

    def gradients(self) -> list[Any]:
        """The gradient of the one number that the function returns."""
        if "grad" not in self.known:
            self.learn(inline(self.gradient_func(), self.inputs))
        return self.known["grad"]

    def learn(self, found: Sequence[Any]) -> None:
        """Keep what a run gives besides: the value, and the gradient."""
        self.known["value"], self.known["grad"] = list(found[:1]), list(found[1:])

    def curved(self, flags: list[bool], seeds: Sequence[Any], count: int | None) -> list[Any]:
        """The tangents of the gradient."""
        first = self.gradient_func()
        found = inline(pipeline.derive(along, first, flags, count), [*self.inputs, *seeds])
        self.learn(found[: len(first.results)])
        return found[len(first.results) + 1 :]

    def jacobian(self) -> list[list[Any]]:
        """A block for each result and independent input."""
        if "grad" in self.known:
            return [self.known["grad"]]
        if "jac" not in self.known:
            self.known["jac"] = inline(self.derived(drivers.jacobian_func, self.mode), self.inputs)
        blocks, n = self.known["jac"], len(self.into)
        return [blocks[r * n : (r + 1) * n] for r in range(len(self.out))]

    @property
    def has_matrix(self) -> bool:
        """Whether the Jacobian is there already."""
        return "jac" in self.known or "grad" in self.known

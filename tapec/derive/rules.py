"""A user's derivative rules traced as regions, their results checked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tapec.derive.closed import Arguments, Part, Regions, traced
from tapec.errors import ShapeError
from tapec.ir import Block, Builder, Type, Value
from tapec.trace import ResultMarker, Tracer, current, is_symbolic
from tapec.trace.arrays.operands import as_tracer, operand
from tapec.trace.arrays.session import where
from tapec.trace.arrays.tracer import wrap
from tapec.trace.arrays.writes import fit
from tapec.trace.python.prepare import prepare
from tapec.tree import Tree, flatten

Function = Callable[..., Any]
_NUMBERS = (Tracer, np.ndarray, np.generic, int, float)


class RulePart(ABC):
    """A rule traced at one call: a program from primals and tangents, or cotangents, to others.

    With `known_results` the rule gets the function's result after the primals.
    """

    name = ""

    def __init__(
        self, owner: str, given: Arguments, body: Part, rule: Function, known_results: bool
    ) -> None:
        self.owner, self.given, self.body, self.rule = owner, given, body, rule
        self.known = list(body.outs) if known_results else []
        self.arg_types = [given.values[k].type for k in given.floats]
        self.out_types = [t for t in body.outs if t.is_float]
        self.part = traced(self.run, given, lambda tracers: (tracers,), self.extra)

    @property
    @abstractmethod
    def extra(self) -> list[Type]:
        """The types the rule takes beside the primals."""

    @abstractmethod
    def run(self, tracers: list[Tracer]) -> list[Tracer]:
        """Call the rule on tracers of everything it takes; what it returns, as flat arrays."""

    @abstractmethod
    def block(self, regions: Regions) -> Block:
        """The region of the rule."""

    def prepared(self) -> Function:
        """The rule as a function of the running trace."""
        session = current()
        assert session is not None
        made: Function = prepare(self.rule, session)
        return made

    def split(self, tracers: list[Tracer]) -> tuple[list[Tracer], list[Tracer], list[Tracer]]:
        """Primals, results, and tangents or cotangents."""
        n, m = len(self.given.params), len(self.known)
        return tracers[:n], tracers[n : n + m], tracers[n + m :]

    def fitted(self, found: Any, tree: Tree, what: str) -> list[Any]:
        """The leaves of what the rule returned, where a structure is wanted; None is zero."""
        if found is None:
            return [None] * tree.size
        if tree.kind is None:
            return [found]
        children = _children(found, tree)
        if children is None:
            raise self.wrong(
                f"{self.name} returns {type(found).__name__} {what}, wanted is a "
                f"{tree.kind.__name__} of {len(tree.children)}"
            )
        pairs = zip(tree.children, children, strict=True)
        return [leaf for child, x in pairs for leaf in self.fitted(x, child, what)]

    def check_value(self, found: Any) -> None:
        """Refuse a rule's own value of the function where it is another structure or shape.

        It is not used otherwise: None may stand for it.
        """
        leaves = self.fitted(found, self.body.tree, "as the function's value")
        for m, x in zip(self.body.leaves, leaves, strict=True):
            if not isinstance(m, ResultMarker) or x is None:
                continue
            wanted = self.body.outs[m.index].shape
            if not isinstance(x, _NUMBERS) or np.shape(x) not in (wanted, ()):
                given = f"of shape {np.shape(x)}" if isinstance(x, _NUMBERS) else repr(x)
                raise self.wrong(
                    f"{self.name} returns a value {given}, that of the function has shape {wanted}"
                )

    def array(self, x: Any, type: Type, what: str) -> Tracer:
        """A value that the rule returned, as an array of this type."""
        session = current()
        assert session is not None
        made = as_tracer(0.0 if x is None else x)
        number = not made.shape and made._weak
        if made.shape != type.shape and not number:
            raise self.wrong(
                f"{self.name} returns a {what} of shape {made.shape}, wanted is {type.shape}"
            )
        value = fit(session, operand(session, made, type.dtype), type.shape)
        return wrap(session, value)

    def wrong(self, text: str) -> ShapeError:
        """The error for a wrong result of a rule."""
        return ShapeError(f"custom_rule({self.owner}): {text}", where=where())


def _children(found: Any, tree: Tree) -> list[Any] | None:
    """The parts of a container like `tree`; None where it is another one."""
    if isinstance(found, dict):
        same = set(found) == set(tree.keys)
        return [found[k] for k in tree.keys] if same else None
    leaves, mine = flatten(found, is_leaf=lambda x: x is not found)
    return leaves if mine.kind is not None and len(leaves) == len(tree.children) else None


class JvpPart(RulePart):
    """jvp(primals, tangents) -> (y, dy)."""

    name = "jvp"

    @property
    def extra(self) -> list[Type]:
        """Results, where they are known, and tangents."""
        return [*self.known, *self.arg_types]

    def run(self, tracers: list[Tracer]) -> list[Tracer]:
        """The tangents of the float results."""
        own, results, tangents = self.split(tracers)
        primals, seeds = self.given.with_inputs(own), self._seeds(tangents)
        if self.known:
            found = self.prepared()(primals, self.body.result(results), seeds)
        else:
            pair = self.prepared()(primals, seeds)
            if not isinstance(pair, tuple | list) or len(pair) != 2:
                raise self.wrong("jvp must return a pair (y, dy)")
            self.check_value(pair[0])
            found = pair[1]
        leaves = self.fitted(found, self.body.tree, "as a tangent")
        wanted = {m.index: x for m, x in zip(self.body.leaves, leaves, strict=True)
                  if isinstance(m, ResultMarker)}  # fmt: skip
        moving = [k for k, t in enumerate(self.body.outs) if t.is_float]
        for k in moving:
            self._check_linear(wanted[k])
        return [self.array(wanted[k], self.body.outs[k], "tangent") for k in moving]

    def _check_linear(self, x: Any) -> None:
        """A tangent that is a constant must be zero."""
        if isinstance(x, _NUMBERS) and not is_symbolic(x) and np.any(np.asarray(x)):
            raise self.wrong(
                f"jvp returns the constant {np.asarray(x)} as a tangent: it must be linear in them"
            )

    def _seeds(self, tangents: Sequence[Tracer]) -> tuple[Any, ...]:
        """The tangents in the structure of the primals; zeros where there are none."""
        given = self.given
        places = [given.positions[k] for k in given.floats]
        leaves = [_zeros(x) for x in given.leaves]
        for place, tangent in zip(places, tangents, strict=True):
            leaves[place] = tangent
        seeds: tuple[Any, ...] = given.tree.unflatten(leaves)[0]
        return seeds

    def block(self, regions: Regions) -> Block:
        """Tangents of captured values are taken and not used."""
        captured = [v.type for v in regions.captured if v.type.is_float]
        return regions.block(self.part, [*self.extra, *captured], range(len(self.extra)))


def _zeros(x: Any) -> Any:
    if not isinstance(x, _NUMBERS):
        return None
    return np.zeros(np.shape(x)) if np.ndim(x) else 0.0


class VjpPart(RulePart):
    """vjp(*primals) -> (y, pull), pull(ct) -> cotangents."""

    name = "vjp"

    @property
    def extra(self) -> list[Type]:
        """Cotangents."""
        return self.out_types

    def run(self, tracers: list[Tracer]) -> list[Tracer]:
        """The cotangents of the float parameters."""
        own, _, cts = self.split(tracers)
        primals = self.given.with_inputs(own)
        pair = self.prepared()(*primals)
        if not isinstance(pair, tuple | list) or len(pair) != 2 or not callable(pair[1]):
            raise self.wrong("vjp must return a pair (y, pull)")
        self.check_value(pair[0])
        found = pair[1](self._seed(cts))
        if len(primals) == 1 and not isinstance(found, tuple | list):
            found = (found,)
        if not isinstance(found, tuple | list) or len(found) != len(primals):
            raise self.wrong(f"pull must return a tuple of {len(primals)} cotangents")
        trees = self.given.tree.children[0].children
        pairs = zip(found, trees, strict=True)
        leaves = [leaf for x, tree in pairs for leaf in self.fitted(x, tree, "as a cotangent")]
        places = [self.given.positions[k] for k in self.given.floats]
        wanted = zip(places, self.arg_types, strict=True)
        return [self.array(leaves[place], type, "cotangent") for place, type in wanted]

    def _seed(self, cts: Sequence[Tracer]) -> Any:
        """The cotangents in the structure of the result; zeros where there are none."""
        given = iter(cts)
        outs = [next(given) if t.is_float else 0.0 for t in self.body.outs]
        leaves = [outs[m.index] if isinstance(m, ResultMarker) else None for m in self.body.leaves]
        return self.body.tree.unflatten(leaves)

    def block(self, regions: Regions) -> Block:
        """Captured values get zeros, which nobody reads."""
        captured = [v.type for v in regions.captured if v.type.is_float]

        def close(builder: Builder, found: list[Value]) -> list[Value]:
            return [*found, *(builder.const(0.0, t) for t in captured)]

        return regions.block(self.part, self.extra, range(len(self.extra)), close)


PARTS: Mapping[str, type[RulePart]] = {"jvp": JvpPart, "vjp": VjpPart}

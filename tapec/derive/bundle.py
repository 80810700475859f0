"""Several derivatives of one function as one: what `derive`, `hvp` and `gnvp` compile."""

from __future__ import annotations

import functools
from collections import namedtuple
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tapec.derive.derived import Argnums, Function, Transform
from tapec.lazy import deferred
from tapec.trace.markers import ResultMarker
from tapec.tree import Tree, flatten

if TYPE_CHECKING:
    from tapec.ad import drivers
    from tapec.derive import bundle_programs as programs
    from tapec.derive import bundle_rules as rules
    from tapec.derive import seeds
    from tapec.derive.nesting import Inner
else:
    programs = deferred("tapec.derive.bundle_programs")
    rules = deferred("tapec.derive.bundle_rules")
    seeds = deferred("tapec.derive.seeds")

_PREFIX = "Derivatives_of_"


@functools.cache
def result_class(names: tuple[str, ...]) -> Any:
    """The named tuple of these derivatives; this module has it under its `__qualname__`."""
    made = namedtuple("Derivatives", names)  # type: ignore[misc]
    made.__module__, made.__qualname__ = __name__, _PREFIX + "__".join(names)
    made.__doc__ = f"Derivatives of one function: {', '.join(names)}."
    return made


def __getattr__(name: str) -> Any:
    if name.startswith(_PREFIX):
        return result_class(tuple(name.removeprefix(_PREFIX).split("__")))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@dataclass(frozen=True)
class Traced:
    """How results and arguments of a traced function are nested."""

    inner: Inner
    groups: list[list[int]]
    args: tuple[Any, ...]
    transform: Transform

    def result(self, values: Sequence[Any]) -> Any:
        """Something for each of the function's results."""
        return self.inner.result(values)

    @property
    def leaves(self) -> list[int | None]:
        """The number of the result that each leaf of what is returned stands for."""
        return [m.index if isinstance(m, ResultMarker) else None for m in self.inner.leaves]

    @property
    def tree(self) -> Tree:
        """The structure of what is returned."""
        return self.inner.tree

    def argument(self, found: Sequence[Any]) -> Any:
        """Something for each leaf of the chosen arguments."""
        by_leaf = dict(zip(sorted(k for g in self.groups for k in g), found, strict=True))
        return self.transform.pack(
            [flatten(self.args[n])[1].unflatten([by_leaf[k] for k in g])
             for n, g in zip(self.transform.argnums, self.groups, strict=True)]
        )  # fmt: skip


class Bundle(Transform):
    """Several derivatives of a function."""

    suffix = "bundle"
    like_f = True

    def __init__(
        self, f: Function, names: tuple[str, ...], argnums: Argnums, mode: drivers.Mode
    ) -> None:
        super().__init__(f, argnums)
        self.names, self.mode = names, mode

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        wanted = rules.seeds_of(self.names)
        args, directions = seeds.split(args, *wanted)
        inner, groups, args = self.prepare(args, kwargs)
        rules.check_results(inner.func, self.names)
        nesting = Traced(inner, groups, args, self)
        flags = inner.flags({k for g in groups for k in g})
        found = programs.Programs(inner.func, inner.inputs, flags, self.mode)
        found.direct(*wanted, directions, nesting)
        return result_class(self.names)(**rules.computed(self.names, found, nesting))


class Hvp(Transform):
    """The Hessian times a vector: forward over reverse."""

    suffix = "hvp"
    product = "hvp"

    def __call__(self, x: Any, v: Any, *rest: Any) -> Any:
        n = self.argnums[0]
        bundle = Bundle(self.f, (self.product,), n, "auto")
        return bundle(*rest[:n], x, *rest[n:], v)[0]


class Gnvp(Hvp):
    """The Gauss-Newton matrix times a vector."""

    suffix = "gnvp"
    product = "gnvp"

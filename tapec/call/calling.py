"""Which calls native code takes by itself: how arguments and results may nest there."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tapec.call.native_form import NativeForm
from tapec.call.signature import Signature, Static
from tapec.lazy import deferred
from tapec.trace.markers import ResultMarker
from tapec.tree import Tree

if TYPE_CHECKING:
    from tapec.backends.llvm import nesting
else:
    nesting = deferred("tapec.backends.llvm.nesting")


@dataclass(eq=False)
class Calling:
    """What calls of a program pass and get.

    `returned` is the number of values that native code returns; `pure` says that those are all a
    call makes or changes, in C order and in memory of their own.
    """

    signature: Signature
    form: NativeForm
    returned: int
    pure: bool

    @functools.cached_property
    def markers(self) -> list[int]:
        """The result that each leaf stands for, -1 for objects returned as they are."""
        return [m.index if isinstance(m, ResultMarker) else -1 for m in self.form.leaves]

    @functools.cached_property
    def direct(self) -> bool:
        """Whether native code can return what the user's function returns."""
        once = sorted(self.markers) == list(range(self.returned))
        return once and nesting.is_returned(self.form.tree)

    def result(self) -> Any:
        """What native code returns: the user's result, or a flat tuple of all values."""
        if self.direct and self.form.tree.kind is not None:
            return self.form.tree.unflatten(self.markers)
        return "single" if self.returned == 1 else "tuple"

    @functools.cached_property
    def flat(self) -> bool:
        """Whether the arguments are the leaves."""
        args, named = self.form.arguments.children
        return not named.children and all(c.kind is None for c in args.children)

    @functools.cached_property
    def compared(self) -> bool:
        """Whether native code can check the arguments: it compares objects, not their content."""
        static = (leaf.value for leaf in self.signature.leaves if isinstance(leaf, Static))
        return not any(isinstance(value, np.ndarray) for value in static)

    @property
    def is_taken(self) -> bool:
        """Whether native code can take the arguments."""
        return self.compared and (self.flat or nesting.is_passed(self.form.arguments))

    @property
    def native(self) -> bool:
        """Whether calls may go to native code without Python."""
        return self.is_taken and self.direct and self.pure

    @property
    def nests(self) -> Tree | None:
        """How the arguments of a call nest; None where they are leaves."""
        return None if self.flat else self.form.arguments

    @functools.cached_property
    def layout(self) -> Tree | None:
        """How native code takes the arguments of a call; None where it takes their leaves."""
        return self.nests if self.native else None

    @functools.cached_property
    def constants(self) -> tuple[tuple[int, Any], ...]:
        """Positions and values of the arguments that are part of the program."""
        leaves = enumerate(self.signature.leaves)
        return tuple((k, leaf.value) for k, leaf in leaves if isinstance(leaf, Static))

    @functools.cached_property
    def fixed(self) -> tuple[tuple[int, Any], ...]:
        """Those of them that native code compares."""
        compared = self.compared and (self.flat or self.layout is not None)
        return self.constants if compared else ()

    def passed(self, given: list[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments of a call with these inputs, as native code takes them."""
        given = [*given]
        for position, value in self.fixed:  # in increasing order
            given.insert(position, value)
        if self.layout is None:
            return tuple(given), {}
        args, named = self.layout.unflatten(given)
        return args, named

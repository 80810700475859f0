"""What a traced function returns, and traced functions called as a part of the running trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tapec.trace.arrays.session import current
from tapec.trace.markers import ResultMarker
from tapec.trace.python.prepare import prepare
from tapec.tree import Tree, flatten


def flattened(result: Any) -> tuple[list[Any], Callable[[list[Any]], Any]]:
    """A result's leaves, and how to put others in their place."""
    leaves, tree = flatten(result)
    return leaves, tree.unflatten


def result_structure(out: Any) -> tuple[list[Any], Tree]:
    """Leaves (`Out` markers and static objects) and structure of a traced result."""
    return flatten(out, is_leaf=lambda x: isinstance(x, ResultMarker))


def call_traced(f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run a function as part of the running trace."""
    session = current()
    assert session is not None, "functions are called as parts of a trace"
    return prepare(f, session)(*args, **kwargs)


def call_inlined(f: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """The same, called as the function is."""
    return call_traced(f, args, kwargs)

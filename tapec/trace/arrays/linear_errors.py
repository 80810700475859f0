"""Whether a function of `np.linalg` raises LinAlgError: asked at run time where nothing else tells.

That is inside a `try`, and where nobody reads the result: a program drops what is not read, and
with it the error. Such calls are found at the end of a trace, which is repeated with checks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from tapec.ir.core import Func, Loc, Op, Value
from tapec.ir.nested import every
from tapec.ir.ops import opaque
from tapec.trace.arrays.handlers import HANDLERS, may_raise
from tapec.trace.arrays.session import Session, current, where
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.tracer import Tracer, is_symbolic, wrap
from tapec.tree import flatten

Array = np.ndarray[Any, Any]
_RAISING = frozenset(
    ["inv", "solve", "cholesky", "eigh", "eigvalsh", "eig", "eigvals", "svd", "svdvals", "pinv",
     "lstsq", "tensorinv", "tensorsolve", "cho_factor", "solve_triangular", "solve_banded"]
)  # fmt: skip
_MESSAGES = {
    "cholesky": "Matrix is not positive definite",
    "eigh": "Eigenvalues did not converge",
    "eigvalsh": "Eigenvalues did not converge",
    "svd": "SVD did not converge",
    "svdvals": "SVD did not converge",
}


def expect_success(function: Callable[..., Any], args: Sequence[Any], kwargs: Any) -> None:
    """Let the `try` around this call catch what NumPy would raise for the values of a run."""
    message = _MESSAGES.get(function.__name__, "Singular matrix")
    if HANDLERS.get():
        may_raise(np.linalg.LinAlgError, lambda: _succeeds(function, args, kwargs), message)
        return
    session = current()
    assert session is not None
    session.expect(session, _succeeds(function, args, kwargs), np.linalg.LinAlgError(message))


class UnreadResults(Exception):
    """Functions that may raise are called at these lines, and nobody reads what they give."""

    def __init__(self, lines: frozenset[Loc]) -> None:
        self.lines = lines
        super().__init__(", ".join(sorted(map(str, lines))))


# The lines whose calls are checked; None where nobody would trace again.
_CHECKED: ContextVar[frozenset[Loc] | None] = ContextVar("tapec_checked", default=None)


@contextmanager
def checking(lines: frozenset[Loc]) -> Iterator[None]:
    """Check calls at these lines; raise UnreadResults at the end of a trace that needs more."""
    token = _CHECKED.set(lines)
    try:
        yield
    finally:
        _CHECKED.reset(token)


def is_checked() -> bool:
    """Whether calls at the user's line are checked."""
    lines = _CHECKED.get()
    return lines is not None and len(lines) > 0 and where() in lines


def noted(name: str, made: Any) -> Any:
    """Note the result of a function, which the end of the trace looks at."""
    session = current()
    if session is not None and name.rpartition(".")[2] in _RAISING:
        values = [x._storage.value for x in flatten(made)[0] if is_symbolic(x)]
        session.raising.append((where(), values))
    return made


def note_dropped(session: Session, ops: Iterable[Op]) -> None:
    """Note that a branch without results is dropped, with all that it calls."""
    made = {v for op in every([*ops]) for v in op.results}
    dropped = [line for line, values in session.raising if values and made.issuperset(values)]
    session.raising += [(line, []) for line in dropped]


def refuse_unread(session: Session, func: Func) -> None:
    """Raise UnreadResults where the trace has results of such functions that it does not read."""
    checked = _CHECKED.get()
    if checked is None or not session.raising:
        return
    read: set[Value] = set()
    for block in [func.block, *(r for op in every(func.ops) for r in op.regions)]:
        read.update(block.results)
    ops = [*every(func.ops)]
    made = {v for op in ops for v in op.results}
    for op in reversed(ops):
        if op.regions or not read.isdisjoint(op.results):
            read.update(op.operands)
    calls = [(line, values) for line, values in session.raising if made.issuperset(values)]
    lines = {line for line, values in calls if line is not None and read.isdisjoint(values)}
    if more := frozenset(lines) - checked:
        raise UnreadResults(more)


def _succeeds(function: Callable[..., Any], args: Sequence[Any], kwargs: Any) -> Any:
    """A traced truth: NumPy itself is called, whose word on singular matrices is the last."""
    leaves, tree = flatten((tuple(args), kwargs))
    traced = [k for k, x in enumerate(leaves) if is_symbolic(x)]
    fixed = [x._array if type(x) is Tracer and k not in traced else x
             for k, x in enumerate(leaves)]  # fmt: skip

    def run(given: Sequence[Array]) -> Array:
        filled = list(fixed)
        for k, x in zip(traced, given, strict=True):
            filled[k] = x
        some, named = tree.unflatten(filled)
        try:
            function(*some, **named)
        except np.linalg.LinAlgError:
            return np.zeros(1)
        return np.ones(1)

    session = current()
    assert session is not None
    values = [session.emit("stop_gradient", leaves[k]._value(session)) for k in traced]
    name = opaque.named(run, f"success of {function.__name__}")
    found = session.emit("opaque", *values, function=name, count=1)
    return TABLE["greater"](wrap(session, found)[0], 0.5)

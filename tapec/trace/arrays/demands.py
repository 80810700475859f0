"""What a function of NumPy's demands of values: it raises where they are not so."""

from __future__ import annotations

from typing import Any

from tapec.trace.arrays.session import current
from tapec.trace.arrays.tracer import is_symbolic


def demand(holds: Any, error: Exception) -> None:
    """The program raises this exception where a traced truth is false; a known one raises now."""
    session = current()
    if is_symbolic(holds):
        assert session is not None
        session.expect(session, holds, error)
    elif not holds:
        error.raised_for_user = True  # type: ignore[attr-defined]
        raise error

"""``x.shape = ...``: an array gets another shape under all its names."""

from __future__ import annotations

from typing import Any

from tapec.errors import MutationError
from tapec.trace.arrays.session import Session, current, where
from tapec.trace.arrays.storage import Storage

_INCOMPATIBLE = (
    "Incompatible shape for in-place modification. Use `.reshape()` to make a copy with the "
    "desired shape."
)


def check_new_shape(x: Any, made: Any) -> None:
    """Raise where an array cannot be given the shape of `made`, its reshaped self.

    AttributeError where NumPy would have to copy. MutationError where others see the array, whose
    shape would change for them as well: the caller of the function, or the code around a branch
    or loop, which may run once or not at all.
    """
    if made._storage is not x._storage:
        error = AttributeError(_INCOMPATIBLE)
        error.raised_for_user = True  # type: ignore[attr-defined]
        raise error
    if made._shape != x._shape and _is_seen(x._storage, bool(x._steps)):
        raise MutationError(
            f"the shape {x._shape} of an array is assigned where others see it: it is an argument, "
            "or from outside of the function, the branch or the loop",
            where=where(),
            hint="reshape under a new name: y = x.reshape(...)",
        )


def _is_seen(storage: Storage, is_view: bool) -> bool:
    session = current()
    if session is None or storage.born is not session:
        return True
    carried = session.is_region and any(storage is s for s in session.own)  # type: ignore[attr-defined]
    return carried or (not is_view and (bool(storage.frozen) or _is_argument(session, storage)))


def _is_argument(session: Session, storage: Storage) -> bool:
    return any(storage is s for s in session.params)

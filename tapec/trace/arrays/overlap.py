"""Whether arrays share memory, and which arguments of a program may not."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.trace.tuning import OVERLAP_EFFORT

# Parameters that are written, and all those that must not share memory with them.
Exclusive = tuple[frozenset[int], tuple[int, ...]]
CURE = "pass a copy: x.copy()"


def overlap(a: Any, b: Any) -> bool:
    """Whether two arrays share an element."""
    if not np.may_share_memory(a, b):
        return False
    try:
        effort: Any = OVERLAP_EFFORT
        return bool(np.shares_memory(a, b, max_work=effort))
    except np.exceptions.TooHardError:
        return True

"""What Python's comparisons say of traced numbers, and of tuples and lists of them."""

from __future__ import annotations

import operator
from typing import Any

from tapec.trace.arrays.operands import any_symbolic
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.tracer import is_symbolic
from tapec.trace.staging.failures import check_one_truth

_PLAIN = {"greater": operator.gt, "less": operator.lt, "equal": operator.eq}


def ordered(a: Any, b: Any, name: str) -> Any:
    """Whether `a` is `greater` or `less` than `b`: traced, or a truth that is known.

    Tuples and lists are compared by the first place where they differ. Raises ValueError for arrays
    of several elements, as Python does.
    """
    if not any_symbolic([a, b]):
        return bool(_PLAIN[name](a, b))
    if type(a) is type(b) and type(a) in (tuple, list):
        return _lexicographic(a, b, name)
    return _number(TABLE[name](a, b)) if is_symbolic(a) or is_symbolic(b) else _PLAIN[name](a, b)


def _lexicographic(a: Any, b: Any, name: str) -> Any:
    found: Any = _PLAIN[name](len(a), len(b))
    pairs = list(zip(a, b, strict=False))
    for x, y in reversed(pairs):
        found = _chosen(_equal(x, y), found, ordered(x, y, name))
    return found


def _equal(a: Any, b: Any) -> Any:
    if type(a) is type(b) and type(a) in (tuple, list) and any_symbolic([a, b]):
        if len(a) != len(b):
            return False
        same: Any = True
        for x, y in zip(a, b, strict=True):
            same = _chosen(_equal(x, y), same, False)
        return same
    if is_symbolic(a) or is_symbolic(b):
        return _number(TABLE["equal"](a, b))
    return bool(a == b)


def _number(truth: Any) -> Any:
    """A truth without axes."""
    check_one_truth(truth)
    return TABLE["reshape"](truth, ()) if truth.shape else truth


def _chosen(test: Any, a: Any, b: Any) -> Any:
    """One of two truths."""
    if not is_symbolic(test):
        return a if test else b
    if not is_symbolic(a) and not is_symbolic(b):
        if bool(a) == bool(b):
            return bool(a)
        return test if a else TABLE["logical_not"](test)
    either = TABLE["logical_and"](TABLE["logical_not"](test), b)
    return TABLE["logical_or"](TABLE["logical_and"](test, a), either)

"""``np.einsum``: pairwise contractions from the left."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.trace.arrays.dispatch import eager
from tapec.trace.arrays.operands import any_symbolic, as_tracer
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.numpy.diagonals import diagonal_view
from tapec.trace.numpy.linalg import contract
from tapec.trace.numpy.shape import reshaped, transpose


@implements("einsum")
def einsum(subscripts: Any, *operands: Any) -> Any:
    """``np.einsum``: pairwise contractions from the left."""
    if not isinstance(subscripts, str):
        subscripts, operands = _spelled((subscripts, *operands))
    parts = [as_tracer(o) for o in operands]
    left, _, right = subscripts.replace(" ", "").partition("->")
    if wrong := set(right) - {".", *left}:
        raise ValueError(f"einsum: output subscripts {sorted(wrong)} never appeared in an input")
    terms, result = _subscripts(subscripts.replace(" ", ""), parts)
    work = [_diagonalised(t, p) for t, p in zip(terms, parts, strict=True)]
    if len(work) == 1 and sorted(work[0][0]) == sorted(result):
        return transpose(work[0][1], [work[0][0].index(c) for c in result])
    if not any_symbolic(parts):
        return eager(np.einsum, (subscripts, *operands), {})
    while len(work) > 1:
        (ta, a), (tb, b) = work[0], work[1]
        keep = set(result).union(*(t for t, _ in work[2:]))
        work[:2] = [_pair(ta, a, tb, b, keep)]
    term, x = _summed(*work[0], set(result))
    return transpose(x, [term.index(c) for c in result]) if len(term) > 1 else x


def _spelled(args: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """Operands with lists of axis numbers, an ellipsis among them, as a subscript string."""
    pairs = list(zip(args[0::2], args[1::2], strict=False))
    terms = ["".join("..." if k is Ellipsis else _LETTERS[k] for k in term) for _, term in pairs]
    result = ""
    if len(args) % 2:
        result = "->" + "".join("..." if k is Ellipsis else _LETTERS[k] for k in args[-1])
    return ",".join(terms) + result, tuple(x for x, _ in pairs)


_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _subscripts(text: str, parts: list[Tracer]) -> tuple[list[str], str]:
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    spare = [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in text]
    widest = 0
    for k, (term, x) in enumerate(zip(terms, parts, strict=True)):
        if "..." in term:
            count = x.ndim - (len(term) - 3)
            widest = max(widest, count)
            terms[k] = term.replace("...", "".join(spare[10 - count : 10]))
    letters = "".join(spare[10 - widest : 10])
    if arrow:
        return terms, right.replace("...", letters)
    seen = "".join(terms)
    once = sorted(c for c in set(seen) if seen.count(c) == 1 and c not in letters)
    return terms, letters + "".join(once)


def _diagonalised(term: str, x: Any) -> tuple[str, Any]:
    """Repeated letters of one operand are its diagonal."""
    for c in dict.fromkeys(term):
        while term.count(c) > 1:
            i, j = term.index(c), term.rindex(c)
            x = diagonal_view(x, 0, i, j)
            term = "".join(d for k, d in enumerate(term) if k not in (i, j)) + c
    return term, x


def _summed(term: str, x: Any, keep: set[str]) -> tuple[str, Any]:
    gone = tuple(i for i, c in enumerate(term) if c not in keep)
    if gone:
        x = TABLE["any"](x, gone) if x._dtype == "bool" else TABLE["sum"](x, gone, x.dtype)
    return "".join(c for c in term if c in keep), x


def _pair(ta: str, a: Any, tb: str, b: Any, keep: set[str]) -> tuple[str, Any]:
    ta, a = _summed(ta, a, keep | set(tb)) if type(a) is Tracer else (ta, a)
    tb, b = _summed(tb, b, keep | set(ta))
    shared = [c for c in ta if c in tb]
    if any(a.shape[ta.index(c)] != b.shape[tb.index(c)] for c in shared):
        return _broadcast_pair(ta, a, tb, b)
    batch = [c for c in shared if c in keep]
    pairs = tuple((ta.index(c), tb.index(c)) for c in shared if c not in keep)
    if not pairs:
        return _broadcast_pair(ta, a, tb, b)
    made = contract(a, b, pairs, tuple((ta.index(c), tb.index(c)) for c in batch))
    free = [c for c in ta if c not in shared] + [c for c in tb if c not in shared]
    return "".join(batch + free), made


def _broadcast_pair(ta: str, a: Any, tb: str, b: Any) -> tuple[str, Any]:
    term = ta + "".join(c for c in tb if c not in ta)
    order = sorted(range(len(tb)), key=lambda i: term.index(tb[i]))
    b = transpose(b, order) if len(order) > 1 else b
    sizes = dict(zip((tb[i] for i in order), b.shape, strict=True))
    b = reshaped(b, [sizes.get(c, 1) for c in term])
    return term, reshaped(a, (*a.shape, *(1,) * (len(term) - len(ta)))) * b

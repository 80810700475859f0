"""Which arguments of a function SciPy passes to its callbacks, and which are parameters."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np

from tapec.backends.llvm.c_callbacks import Callback
from tapec.call.exporting import plain, requested, whole
from tapec.errors import ExportError
from tapec.export.loaded import form_of, low_level
from tapec.tree import flatten


def callback(kernel: Any, signature: str, args: tuple[Any, ...]) -> Any:
    """`Kernel.low_level_callable`."""
    form = form_of(signature)
    given = plain(args) if args else _numbers(kernel, form, signature)
    count = _passed(given, form)
    if form.dtype == "f64":
        given = _floats(given, count)
    request = requested(whole(kernel, given), kernel.__name__)
    return low_level(request, signature, request.examples, count)


def _numbers(kernel: Any, form: Callback, signature: str) -> tuple[Any, ...]:
    """As many numbers as the function has parameters without defaults."""
    if form.source == "%in":
        return (0.0,)
    if form.source != "%xs":
        raise ExportError(
            f"{signature!r} needs arguments like those that SciPy passes",
            hint="give them behind the signature: an array of the filter's size, or coordinates",
        )
    parameters = inspect.signature(kernel.__wrapped__).parameters.values()
    return (0.0,) * sum(p.default is p.empty for p in parameters)


def _passed(args: Sequence[Any], form: Callback) -> int:
    """How many leaves of the arguments SciPy passes: an array, else the numbers that come first."""
    leaves = flatten(args)[0]
    if form.source == "%in" or isinstance(leaves[0], np.ndarray):
        return 1
    numbers = [isinstance(x, int | float) for x in leaves]
    return (*numbers, False).index(False)


def _floats(args: tuple[Any, ...], count: int) -> tuple[Any, ...]:
    """The arguments with floats for the Python integers among the leaves passed."""
    leaves, tree = flatten(args)
    made: tuple[Any, ...] = tree.unflatten(
        float(x) if k < count and type(x) is int else x for k, x in enumerate(leaves)
    )
    return made

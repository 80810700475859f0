"""Programs on their way to loops: at every stage they print, parse back, verify and mean the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tapec.backends import interpreter
from tapec.ir import Func
from tapec.ir.parser import parse
from tapec.ir.printer import print_func
from tapec.ir.types import Type
from tapec.ir.verify import verify
from tapec.lower import is_lowered, stages


def results(stage: Func, types: Sequence[Type], args: Sequence[Any]) -> list[Any]:
    """What a program makes of the arguments, lowered or not."""
    given = [np.array(a, order="C") for a in args]
    if not is_lowered(stage):
        return interpreter.run(stage, given)
    outs = [np.full(t.shape, 77, t.numpy) for t in types]
    interpreter.run(stage, given + outs)
    return outs


def check_stages(func: Func, *args: Any, tolerance: float = 1e-12) -> Func:
    """Check every stage of lowering a program, of those with loops the last one; that is returned."""
    types = [r.type for r in func.results]
    want = interpreter.run(func, [np.array(a, order="C") for a in args])
    found = stages(func, lambda: True)
    last = list(found.values())[-1]
    for name, stage in found.items():
        verify(stage)
        if is_lowered(stage) and stage is not last:
            continue
        text = print_func(stage)
        assert print_func(parse(text)) == text, f"{name} does not survive printing and parsing"
        for got, expected in zip(results(stage, types, args), want, strict=True):
            np.testing.assert_allclose(got, expected, tolerance, tolerance, err_msg=name)
    return last

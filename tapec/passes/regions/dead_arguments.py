"""Dead arguments, carried values and results of branches and loops."""

from __future__ import annotations

from collections.abc import Set

from tapec.ir.core import Op, Value
from tapec.ir.dependence import Dependence
from tapec.ir.regions import branch_or_loop, rebuilt


def without_dead_arguments(op: Op, live: Set[Value], depends: Dependence) -> Op:
    """The op with the results in `live` and what they depend on; the same object if that is all.

    A carried value stays while a live result depends on it, through however many iterations.
    """
    form = branch_or_loop(op)
    if form is None:
        return op
    wanted = {k for k, v in enumerate(op.results) if v in live}
    needed = 0
    for k in wanted:
        needed |= depends.of(op)[k]
    args = {k for k in range(len(form.args)) if needed >> (form.lead + k) & 1}
    results = wanted | {k - form.consts for k in args if k in form.carried}
    if len(args) == len(form.args) and len(results) == len(op.results):
        return op
    return rebuilt(form, args, results)

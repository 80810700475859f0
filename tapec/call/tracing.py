"""From a function, a signature and captured state to a cleaned program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from tapec.call.signature import Input, Signature, Static, leaf_hints, program_name
from tapec.call.specialize import Specialization
from tapec.call.state import CapturedState
from tapec.ir.nested import count
from tapec.ir.rewrite import gc_paused
from tapec.pipeline import Journal, clean
from tapec.trace import NeedStatic, Param, trace
from tapec.trace.python.clone import given
from tapec.trace.python.inputs import Captured, InputPlan
from tapec.trace.python.walk import Walk
from tapec.trace.results import flattened, result_structure


class CapturesTracer(Exception):
    """The function reads values of a running trace: it is a part of that trace, not a kernel."""


@gc_paused()  # tracing allocates many objects and frees few: collections would double its time
def specialize(
    f: Callable[..., Any], signature: Signature, backend: str, plan: InputPlan | None = None
) -> Specialization:
    """Trace and clean `f` for this signature and the captured state as it is now.

    `plan` names captured values that are known to change. Those that cannot be inputs of the
    program are constants of it.
    """
    plan = InputPlan() if plan is None else plan
    while True:
        captured = Captured(Walk(_roots(f, signature)).edges, plan)
        try:
            return _specialized(f, signature, backend, captured, plan)
        except CapturesTracer:
            raise
        except NeedStatic as need:
            known = frozenset(captured.inputs[-1 - k].title for k in need.params if k < 0)
            if not known:
                raise
            plan = replace(plan, known=plan.known | known)
        except Exception:
            if not captured.inputs:
                raise
            plan = replace(plan, fixed=True)  # untraceable code may still work on constants


def _roots(f: Callable[..., Any], signature: Signature) -> list[tuple[str, Any]]:
    """The roots of captured state: the function, and objects among its arguments."""
    hints = leaf_hints(f, signature.tree)
    static = zip(hints, signature.leaves, strict=True)
    given = [(hint, leaf.value) for hint, leaf in static if isinstance(leaf, Static)]
    return [("", f), *given]


def _specialized(
    f: Callable[..., Any], signature: Signature, backend: str, captured: Captured, plan: InputPlan
) -> Specialization:
    journal = Journal()
    params = [
        Param(leaf.type, hint, leaf.python)
        for leaf, hint in zip(signature.leaves, leaf_hints(f, signature.tree), strict=True)
        if isinstance(leaf, Input)
    ]

    def arguments(tracers: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return signature.rebuild(tracers, lambda thing: given(thing, captured))

    traced = journal.timed(
        "trace",
        lambda: trace(f, arguments, params, flatten=flattened, captured=captured),
        lambda t: count(t.func.ops),
    )
    captured.check()
    if traced.captures:
        raise CapturesTracer(program_name(f))
    raw = traced.func.renamed(program_name(f))
    if traced.code is not None:
        raw = raw.with_results([*raw.results, traced.code])
    func = clean(raw, journal)
    leaves, tree = result_structure(traced.out)
    return Specialization(
        signature,
        raw,
        func,
        tree,
        tuple(leaves),
        tuple(traced.mutated),
        journal,
        backend,
        traced.choices,
        traced.errors,
        CapturedState(_roots(f, signature), captured) or None,
        plan,
        traced.exclusive,
    )

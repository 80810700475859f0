"""Programs as readable text, stage by stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tapec.errors import BackendError
from tapec.ir import Func
from tapec.ir.printer import print_func
from tapec.pipeline import clean, lowered

# The passes of lowering, in order: a stage is the program after one. NESTS is the last one before
# loops.
LOWERING = (
    "expand_ops",
    "inline_calls",
    "fill_constants",
    "unroll",
    "split_rows",
    "block_rows",
    "order_writes",
    "call_products",
    "choose_memory",
    "take_over_memory",
    "form_nests",
    "fuse",
    "to_loops",
    "narrow_loops",
    "mark_independent",
    "wavefronts",
    "guard_products",
    "relax",
    "share_loops",
)
NESTS = "fuse"


class IRText(str):
    """Program text: a string that a notebook shows with its layout."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        import html

        return f"<pre>{html.escape(self)}</pre>"


def stage_text(special: Any, stage: str) -> IRText:
    """The program of a specialization at a stage; raises BackendError for unknown stages."""
    if stage not in STAGES:
        raise BackendError(f"no stage {stage!r}", hint=f"stages: {', '.join(STAGES)}")
    return IRText(STAGES[stage](special))


def _tangent(special: Any) -> str:
    from tapec.ad.forward import tangent

    return print_func(clean(tangent(special.func, _active(special.func))))


def _adjoint(special: Any) -> str:
    from tapec.ad.adjoint import adjoint

    return print_func(clean(adjoint(special.func, _active(special.func))))


def _active(func: Func) -> list[bool]:
    return [p.type.is_float for p in func.params]


def _native(attribute: str) -> Callable[[Any], str]:
    def text(special: Any) -> str:
        if special.compiled is None:
            raise BackendError(f"{special.func.name} runs in the interpreter: no {attribute}")
        found = getattr(special.compiled, attribute)
        return print_func(found) if isinstance(found, Func) else str(found)

    return text


def _lowered(name: str) -> Callable[[Any], str]:
    def text(special: Any) -> str:
        found = lowered(special.func, special.engine.threads, special.engine.fastmath)
        # A program that is unrolled has no later passes: its last stage is shown.
        return print_func(found.get(name) or list(found.values())[-1])

    return text


STAGES: Mapping[str, Callable[[Any], str]] = {
    "trace": lambda s: print_func(s.program.raw),
    "optimized": lambda s: print_func(s.func),
    "tangent": _tangent,
    "adjoint": _adjoint,
    **{name: _lowered(name) for name in LOWERING},
    "nests": _lowered(NESTS),
    "loops": _native("loops"),
    "llvm": _native("llvm"),
    "asm": _native("asm"),
}

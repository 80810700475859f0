"""Kernels with their C functions in one object file that needs no Python."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapec.backends.llvm import target
from tapec.backends.llvm.c_runtime import runtime_text
from tapec.backends.llvm.constants import constant_text
from tapec.backends.llvm.jit import run_passes
from tapec.errors import BackendError


@dataclass(frozen=True)
class CPart:
    """A kernel's LLVM text with the C functions around it, the level at which to compile it, that
    of LLVM's own passes over it, and the large arrays it reads."""

    text: str
    opt: int
    passes: int
    data: Mapping[str, np.ndarray[Any, Any]]


def object_code(
    parts: Sequence[CPart],
    exports: Mapping[str, str],
    named: Callable[[str], str] = str,
) -> tuple[bytes, tuple[str, ...]]:
    """(the object file, the functions it needs from elsewhere). Only `exports` are visible in it,
    under the symbols given; `named` gives the symbols of those from elsewhere.

    Code of every part is that of its own level, to the bit: levels 1 and 2 differ in speed only,
    and what belongs to level 0 is marked as not to be optimised.
    """
    llvm = target.require()
    level = max(part.opt for part in parts)
    with ExitStack() as closing:  # modules before their context, whatever happens
        context = llvm.create_context()
        closing.callback(context.close)

        def parsed(text: str) -> Any:
            module = llvm.parse_assembly(text, context=context)
            closing.callback(module.close)
            module.triple = target.chosen().triple
            return module

        try:
            whole = parsed("")
            for part in parts:
                whole.link_in(_prepared(parsed(_text(part)), part, level, exports))
            whole.link_in(parsed(runtime_text({f.name for f in whole.functions})))
            _hide(whole, exports)
            needed = _rename(whole, named)
            for name, symbol in exports.items():
                whole.get_function(name).name = symbol
            whole.verify()
            return bytes(target.machine(level).emit_object(whole)), needed
        except RuntimeError as error:
            problem = str(error).strip()
            raise BackendError(f"LLVM refuses the emitted text: {problem}") from error


def _text(part: CPart) -> str:
    """The text of a part, with the large arrays."""
    constants = "".join(constant_text(name, array) + "\n" for name, array in part.data.items())
    lines = (line for line in part.text.split("\n") if not _is_large(line, part.data))
    return constants + "\n".join(lines)


def _prepared(module: Any, part: CPart, level: int, exports: Collection[str]) -> Any:
    """The module of a part, where nothing but exports can clash with other parts."""
    run_passes(module, target.machine(part.opt), part.passes)
    _hide(module, exports)
    if part.opt == 0 < level:
        for function in _defined(module.functions):
            function.add_function_attribute("optnone")
            function.add_function_attribute("noinline")
    return module


def _is_large(line: str, data: Mapping[str, object]) -> bool:
    """Whether a line declares an array that is defined beside."""
    return line.startswith("@tapec.data.") and line[1 : line.index(" ")] in data


def _defined(things: Iterable[Any]) -> list[Any]:
    return [thing for thing in things if not thing.is_declaration]


def _hide(module: Any, exports: Collection[str]) -> None:
    """Make all definitions invisible from outside, but for these, with names that C has not."""
    for thing in (*_defined(module.functions), *_defined(module.global_variables)):
        if thing.name in exports:
            continue
        if thing.linkage.name == "external":
            thing.linkage = "internal"
        if thing.is_function and "." not in thing.name:
            thing.name = f"tapec.{thing.name}"


def _rename(module: Any, named: Callable[[str], str]) -> tuple[str, ...]:
    """Give functions from elsewhere their symbols; these symbols."""
    outside = [f for f in module.functions if f.is_declaration and not f.name.startswith("llvm.")]
    for function in outside:
        function.name = named(function.name)
    return tuple(sorted(f.name for f in outside))

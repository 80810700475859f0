"""Pickling of kernels: programs are stored as text, and machine code is built when unpickled."""

from __future__ import annotations

import importlib
import pickle
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tapec.call.program import TracedProgram, face_of
from tapec.call.specialize import Specialization
from tapec.errors import TapecError
from tapec.ir.build import Builder
from tapec.ir.core import Func, Op
from tapec.ir.nested import every
from tapec.ir.ops.opaque import OPAQUE
from tapec.ir.parser import parse
from tapec.ir.printer import print_func
from tapec.ir.rewrite import replay
from tapec.pipeline import Journal


class Absent:
    """Stands for a function that was not pickled: only known signatures can be called."""

    def __init__(self, name: str) -> None:
        self.__name__ = self.__qualname__ = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse: a new signature would need the function itself."""
        raise TapecError(
            f"the kernel {self.__name__} was unpickled without its Python function, "
            "and these arguments have a signature it was never compiled for",
            hint="call it with such arguments before pickling, or define the function in a module",
        )


def portable(kernel: Any, options: dict[str, Any], specials: Sequence[Specialization]) -> Any:
    """(function or None, where to find the kernel, options, programs) for pickling.

    A kernel that its module's name leads to travels as that name; one whose function pickles, as
    the function; any other as the programs of the signatures it has been called with.
    """
    f: Callable[..., Any] | None = kernel.__wrapped__
    path = (getattr(f, "__module__", "") or "", getattr(f, "__qualname__", "") or "")
    if _reachable(path) is kernel:
        return None, path, options, ()
    if not _pickles(f):
        f = None
    # A pickled function finds its captured state again where it is unpickled.
    travels = [s for s in specials if (f is None or s.state is None) and s.effects is None]
    programs = tuple(_packed(s) for s in travels if not _calls_python(s.func.ops))
    if f is None and not programs:
        raise pickle.PicklingError(
            f"{path[1]} cannot be pickled: its function does not pickle, and it was never called "
            "(or calls Python code by tapec.opaque)"
        )
    return f, path, options, programs


def find(module: str, name: str) -> Any:
    """The object of this name in a module."""
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def unpacked(packed: tuple[Any, ...]) -> Specialization:
    """A program from its text."""
    signature, text, tree, leaves, mutated, engine, errors, exclusive, asked = packed
    func = parse(text)
    return Specialization(
        signature,
        TracedProgram(func, func, Journal()),
        face_of(func),
        tree,
        leaves,
        mutated,
        engine,
        errors=errors,
        exclusive=exclusive,
        asked=asked,
    )


def _packed(s: Specialization) -> tuple[Any, ...]:
    errors = tuple(e if _pickles(e) else RuntimeError(str(e)) for e in s.errors)
    text = print_func(_closed(s))
    checks = s.exclusive, s.asked
    return s.signature, text, s.tree, s.leaves, s.mutated, s.engine, errors, *checks


def _closed(s: Specialization) -> Func:
    """The program with its captured inputs as constants."""
    inputs = [] if s.state is None else s.state.inputs
    if not inputs:
        return s.func
    builder = Builder()
    given = s.func.params[: len(s.func.params) - len(inputs)]
    args = [builder.param(p.type, p.hint) for p in given]
    args += [builder.const(i.value, i.type) for i in inputs]
    return builder.func(s.func.name, replay(s.func, builder, args))


def _calls_python(ops: Iterable[Op]) -> bool:
    """Whether a program calls functions that only this process knows."""
    return any(op.primitive is OPAQUE for op in every(ops))


def _reachable(path: tuple[str, str]) -> Any:
    found: Any = sys.modules.get(path[0])
    for part in path[1].split("."):
        found = getattr(found, part, None)
    return found


def _pickles(f: Any) -> bool:
    try:
        pickle.dumps(f)
    except (pickle.PicklingError, AttributeError, TypeError):
        return False
    return True

"""Which functions of NumPy and SciPy work in traced code: each is called with traced arguments.

For every public function some arguments are tried that the function itself takes; the same call is
then compiled with its floats traced, and its result compared. `tapec surface --markdown` prints the
page docs/surface.md.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np

from tapec.call.kernel import Kernel
from tapec.errors import BackendWarning, TapecError
from tapec.tools.surface_constants import CONSTANT
from tapec.tools.surface_probes import ARGUMENTS, MODULES, SPECIAL
from tapec.tools.surface_scipy import SCIPY

Array = np.ndarray[Any, Any]
NATIVE, CALLED, INTERPRETER = "native", "called", "interpreter"
ASIDE, REFUSED, WRONG = "constant only", "refused", "wrong"
# SciPy's minimisers stop early; those of compiled code are polished.
CLOSE = 1e-4
WORKS = (NATIVE, CALLED, INTERPRETER)

_HEAD = """# The surface of NumPy and SciPy

Written by `tapec surface --markdown > docs/surface.md`, with NumPy {numpy} and SciPy {scipy}. Each
public function was called with arguments that it takes, and compiled with the floats among them
traced; results were compared. Options of functions are not listed: those that have no translation
are refused by name.

- **native**: machine code, LAPACK and BLAS included;
- **called**: machine code that calls NumPy's or SciPy's own function for a part of the work;
- **interpreter**: the whole program runs in NumPy, op by op;
- **constant only**: makes or asks about constants, types, texts, files, random numbers: has no
  floats to trace, or cannot depend on them;
- **refused**: raises an error that says what to do instead.

Of the functions that compute with floats, {share} work.
"""


@dataclass(frozen=True)
class Entry:
    """One function: how it does, and what is said of it."""

    module: str
    name: str
    state: str
    said: str = ""


def functions(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """The public functions of a module, by name."""
    names = getattr(module, "__all__", None) or [n for n in dir(module) if n[0] != "_"]
    for name in sorted(set(names)):
        found = getattr(module, name, None)
        kinds = (type, ModuleType)
        if callable(found) and not isinstance(found, kinds) and not name.startswith("_"):
            yield name, found


def survey(modules: Sequence[str] = MODULES) -> list[Entry]:
    """Every function of these modules."""
    return [
        probe(module, name, function)
        for module in modules
        for name, function in functions(import_module(module))
    ]


def probe(module: str, name: str, function: Any) -> Entry:
    """How one function does."""
    if name in CONSTANT or f"{module}.{name}" in CONSTANT:
        return Entry(module, name, ASIDE)
    full = f"{module}.{name}"
    given = SCIPY.get(full) or SPECIAL.get(full, SPECIAL.get(name))
    candidates = ARGUMENTS if given is None else (given,)
    first: Entry | None = None
    for args in candidates:
        want = _plain(function, args)
        if want is None:
            continue
        found = Entry(module, name, *_traced(function, args, want))
        if found.state in WORKS:
            return found
        first = first or found
    return first or Entry(module, name, ASIDE)


def _plain(function: Callable[..., Any], args: Sequence[Any]) -> list[Array] | None:
    """The numbers that the function makes of these arguments; None where it makes none."""
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            return _leaves(function(*_copies(args)))
        except Exception:  # arguments are tried: the next ones may be taken
            return None


def _copies(args: Sequence[Any]) -> list[Any]:
    return [a.copy() if isinstance(a, np.ndarray) else a for a in args]


def _leaves(result: Any) -> list[Array] | None:
    """The arrays of a result; None where something else is in it."""
    if isinstance(result, tuple | list):
        parts = [_leaves(r) for r in result]
        return None if None in parts or not parts else [x for p in parts if p for x in p]
    made = np.asarray(result)
    return [made] if made.dtype.kind in "fciub" and not isinstance(result, str) else None


def _traced(function: Any, args: Sequence[Any], want: list[Array]) -> tuple[str, str]:
    """The state of a call with its floats traced, and the first line of an error."""
    places = [k for k, a in enumerate(args) if _is_float(a)]
    if not places:
        return ASIDE, ""
    kernel, given = _kernel(function, args, places), [_copies(args)[k] for k in places]
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", BackendWarning)
        try:
            made = _leaves(kernel(*given))
        except BackendWarning:
            return INTERPRETER, ""
        except TapecError as error:
            return REFUSED, f"{error.message}; {error.hint}" if error.hint else error.message
        except Exception as error:  # a fault of ours, which the page shows
            return REFUSED, f"{type(error).__name__}: {error}".splitlines()[0]
        if made is None or not _same(made, want):
            return WRONG, ""
        return _how(kernel, given), ""


def _is_float(a: Any) -> bool:
    if type(a) in (tuple, list):
        return any(map(_is_float, a))
    return isinstance(a, float) or (isinstance(a, np.ndarray) and a.dtype.kind == "f")


def _kernel(function: Any, args: Sequence[Any], places: Sequence[int]) -> Kernel:
    """The call as a user's function of the traced arguments."""
    names = [f"a{k}" for k in places]
    written = [f"a{k}" if k in places else f"given[{k}]" for k in range(len(args))]
    source = f"def call({', '.join(names)}):\n    return shown(function({', '.join(written)}))\n"
    scope: dict[str, Any] = {
        "function": function, "given": list(args), "__name__": "surface", "shown": _shown,
    }  # fmt: skip
    exec(compile(source, "surface", "exec"), scope)
    return Kernel(scope["call"])


def _shown(result: Any) -> Any:
    """The numbers of a result: a polynomial's are its coefficients."""
    if isinstance(result, tuple | list):
        return tuple([_shown(part) for part in result])
    return result.coeffs if hasattr(result, "coeffs") else result


def _same(made: Sequence[Array], want: Sequence[Array]) -> bool:
    if len(made) != len(want):
        return False
    return all(
        a.shape == b.shape and np.allclose(a, b, rtol=1e-6, atol=CLOSE, equal_nan=True)
        for a, b in zip(made, want, strict=True)
    )


def _how(kernel: Kernel, given: Sequence[Any]) -> str:
    """Whether the loops call Python."""
    text = str(kernel.ir("loops", *given))
    return CALLED if "host " in text or "numpy " in text else NATIVE


# -- the page --------------------------------------------------------------------------------------


def share(entries: Sequence[Entry]) -> float:
    """The part of the functions that compute with floats which work."""
    counted = [e for e in entries if e.state != ASIDE]
    return sum(e.state in WORKS for e in counted) / max(1, len(counted))


def markdown(entries: Sequence[Entry]) -> str:
    """The content of docs/surface.md."""
    import scipy

    parts = [_HEAD.format(numpy=np.__version__, scipy=scipy.__version__, share=_percent(entries))]
    for module in dict.fromkeys(e.module for e in entries):
        own = [e for e in entries if e.module == module]
        parts.append(f"## {module}\n\nOf those that compute with floats, {_percent(own)} work.\n")
        for state in (NATIVE, CALLED, INTERPRETER, ASIDE):
            named = [f"`{e.name}`" for e in own if e.state == state]
            if named:
                parts.append(f"**{state}**: {', '.join(named)}\n")
        rows = [e for e in own if e.state in (REFUSED, WRONG)]
        if rows:
            parts.append(
                "\n".join(["| refused | why, and what to do |", "|---|---|", *map(_row, rows)])
            )
            parts.append("")
    return "\n".join(parts).rstrip("\n") + "\n"


def _percent(entries: Sequence[Entry]) -> str:
    counted = [e for e in entries if e.state != ASIDE]
    works = sum(e.state in WORKS for e in counted)
    return f"{works} of {len(counted)} ({100.0 * share(entries):.0f} %)"


def _row(entry: Entry) -> str:
    said = " ".join(entry.said.split()).replace("|", "\\|")
    return f"| `{entry.name}` | {said or entry.state} |"

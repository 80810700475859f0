"""Parsing of ``module:function`` and ``--arg`` on the command line."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import math
import re
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

DTYPES = ("float64", "float32", "int64", "int32", "bool")
# float64[100,3]   int64[3]:0..10   float64[]:0.5..2
ARRAY = re.compile(
    r"(?P<dtype>[a-z]+\d*)\s*\[(?P<shape>[\d,\s]*)\](?::(?P<low>[^.]+(?:\.\d+)?)\.\.(?P<high>.+))?"
)
HELP = "such as 'float64[100]', 'float64[8,3]:0.5..2', 'int64[4]:0..9', 2.5, True, data.npy"


class SpecError(ValueError):
    """A target or an argument that cannot be understood: one line for the user."""


def parse_argument(text: str, rng: np.random.Generator) -> Any:
    """The value that one ``--arg`` stands for.

    ``dtype[shape]`` draws random numbers (standard normal for floats, 0..9 for integers;
    ``:low..high`` draws uniformly from there), ``file.npy`` loads an array, anything else is a
    Python literal.
    """
    text = text.strip()
    match = ARRAY.fullmatch(text)
    if match:
        return _draw(match, rng)
    if text.endswith(".npy"):
        return _load_array(text)
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        raise SpecError(f"cannot read {text!r}: give {HELP}") from None


def _draw(match: re.Match[str], rng: np.random.Generator) -> Any:
    dtype = match["dtype"]
    if dtype not in DTYPES:
        raise SpecError(f"unknown dtype {dtype!r}: one of {', '.join(DTYPES)}")
    shape = tuple(int(n) for n in match["shape"].split(",") if n.strip())
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    kind = int if dtype.startswith("int") else float
    low, high = _range(match, kind)
    if kind is int:
        return rng.integers(low, high, shape, dtype=np.dtype(dtype).type, endpoint=True)
    numbers = rng.standard_normal(shape) if math.isinf(low) else rng.uniform(low, high, shape)
    return np.asarray(numbers, dtype=dtype)


def _range(match: re.Match[str], kind: type[int] | type[float]) -> tuple[Any, Any]:
    if match["low"] is None:
        return (0, 9) if kind is int else (-math.inf, math.inf)
    try:
        low, high = kind(match["low"]), kind(match["high"])
    except ValueError:
        raise SpecError(f"cannot read the range in {match[0]!r}: write low..high") from None
    if not low <= high:
        raise SpecError(f"empty range in {match[0]!r}")
    return low, high


def _load_array(text: str) -> Any:
    try:
        return np.load(text, allow_pickle=False)
    except (OSError, ValueError) as problem:
        raise SpecError(f"cannot load {text!r}: {problem}") from None


def load_function(target: str) -> Callable[..., Any]:
    """The callable ``module:function`` or ``path/to/file.py:function``; dots reach attributes."""
    place, separator, name = target.rpartition(":")
    if not separator or not place or not name:
        raise SpecError(f"{target!r} is not of the form module:function or file.py:function")
    module = _load_file(Path(place)) if place.endswith(".py") else _load_module(place)
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            raise SpecError(f"{place} has no {name!r}")
        found = getattr(found, part)
    if not callable(found):
        raise SpecError(f"{target} is not callable")
    return found  # type: ignore[no-any-return]


def _load_module(name: str) -> Any:
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as problem:
        if problem.name is not None and name.startswith(problem.name):
            raise SpecError(f"no module named {problem.name!r} here or on the path") from None
        raise _import_error(name, problem) from None
    except (Exception, SystemExit) as problem:  # whatever the user's module raises
        raise _import_error(name, problem) from None


def _load_file(path: Path) -> Any:
    if not path.is_file():
        raise SpecError(f"no file {path}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise SpecError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)
    sys.path.insert(0, str(path.parent.absolute()))
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as problem:  # whatever the user's file raises
        raise _import_error(str(path), problem) from None
    finally:
        sys.path.remove(str(path.parent.absolute()))
    return module


def _import_error(name: str, problem: BaseException) -> SpecError:
    frames = traceback.extract_tb(problem.__traceback__)
    where = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
    text = str(problem).splitlines()[0] if str(problem) else ""
    return SpecError(f"importing {name} failed: {type(problem).__name__}: {text}{where}")

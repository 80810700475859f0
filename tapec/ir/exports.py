"""What SciPy exports to Cython code: addresses of the routines of its BLAS and LAPACK.

The two modules that export them are loaded on their own, since importing all of `scipy.linalg`
takes ten times as long as compiling a kernel.
"""

from __future__ import annotations

import ctypes
import importlib
import sys
from collections.abc import Iterable, Mapping
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from typing import Any

PACKAGE = "scipy.linalg"


def addresses(module: str, routines: Iterable[str], prefix: str) -> dict[str, int]:
    """Addresses by prefixed name; empty without SciPy."""
    try:
        table = _table(f"{PACKAGE}.{module}")
        return {prefix + name: address(table[name]) for name in routines}
    except (ImportError, AttributeError, KeyError):
        return {}


def _table(name: str) -> Mapping[str, Any]:
    """The capsules that a module of the package exports."""
    if PACKAGE in sys.modules:
        return dict(importlib.import_module(name).__pyx_capi__)
    folders = [str(Path(p, "linalg")) for p in importlib.import_module("scipy").__path__]
    spec = PathFinder.find_spec(name, folders)
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules.pop(name, None)  # a later import of the package loads it again
    return dict(module.__pyx_capi__)


def signature(capsule: object) -> str:
    """The type in C of what Cython exports as a capsule."""
    named = ctypes.PYFUNCTYPE(ctypes.c_char_p, ctypes.py_object)
    return str(named(("PyCapsule_GetName", ctypes.pythonapi))(capsule), "ascii")


def address(capsule: object) -> int:
    """The address of what Cython exports as a capsule."""
    pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)
    name = signature(capsule).encode()
    return int(pointer(("PyCapsule_GetPointer", ctypes.pythonapi))(capsule, name))

"""Modules as another process would load them: from a text, with nothing left of earlier ones."""

from __future__ import annotations

import importlib
import itertools
import linecache
import os
import sys
import time
from pathlib import Path
from types import ModuleType

_TIMES = itertools.count(int(time.time()) + 10)


def write(folder: Path, name: str, text: str) -> None:
    """A module's file; later ones are newer, so that no compiled form of an old one is taken."""
    path = folder / f"{name}.py"
    path.write_text(text)
    when = next(_TIMES)
    os.utime(path, (when, when))


def fresh(folder: Path, *names: str) -> ModuleType:
    """The modules of a folder, imported anew; the last one."""
    for name in names:
        sys.modules.pop(name, None)
    importlib.invalidate_caches()
    linecache.clearcache()
    sys.path.insert(0, str(folder))
    try:
        made = [importlib.import_module(name) for name in names]
    finally:
        sys.path.remove(str(folder))
    return made[-1]

"""The families of primitives, a module each; importing the package fills the table."""

from __future__ import annotations

import importlib
import pkgutil

# A new family is a new module here: it is found, not listed.
for _family in sorted(module.name for module in pkgutil.iter_modules(__path__)):
    importlib.import_module(f"{__name__}.{_family}")

"""What `tapec bench` needs beyond the rest: plots, tables, the number of BLAS threads.

They are an extra of the package, as they are larger than all dependencies of the compiler.
"""

from __future__ import annotations

from importlib.util import find_spec

from tapec.errors import MissingDependency

PACKAGES = ("matplotlib", "rich", "threadpoolctl")


def require() -> None:
    """Raise MissingDependency, with the command to install them, unless all are there."""
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise MissingDependency(
            f"tapec bench needs {', '.join(missing)}",
            hint="install the extra: python -m pip install 'tapec[bench]'",
        )

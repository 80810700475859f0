"""Other systems to compare with: one file each, imported only when asked for."""

from __future__ import annotations

import importlib
import importlib.util
from typing import cast

from tapec.bench.contender import Contender

# Peer name -> the package that must be installed.
PACKAGES = {
    "jax": "jax",
    "autograd": "autograd",
    "torch": "torch",
    "casadi": "casadi",
    "numba": "numba",
}


def installed() -> tuple[str, ...]:
    """The peers whose package can be found, without importing it."""
    return tuple(name for name, package in PACKAGES.items() if importlib.util.find_spec(package))


def parse(spec: str) -> tuple[str, ...]:
    """Peer names of ``--peers``: "all" (installed), "none", or a list with commas."""
    if spec == "none":
        return ()
    if spec == "all":
        return installed()
    names = tuple(name.strip() for name in spec.split(",") if name.strip())
    unknown = [name for name in names if name not in PACKAGES]
    if unknown:
        raise ValueError(f"unknown peer {unknown[0]!r}; known: {', '.join(PACKAGES)}")
    missing = [name for name in names if name not in installed()]
    if missing:
        raise ValueError(
            f"peer {missing[0]!r} is not installed (pip install {PACKAGES[missing[0]]})"
        )
    return names


def load(name: str) -> Contender:
    """Import one peer and make its contender."""
    module = importlib.import_module(f"tapec.bench.peers.{name}_peer")
    return cast(Contender, module.make())

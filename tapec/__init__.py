"""tapec: derivatives of plain NumPy functions as native kernels."""

from __future__ import annotations

from tapec.api import compile
from tapec.check import check
from tapec.errors import BackendWarning, TapecError
from tapec.kernel import Kernel
from tapec.linear import linearize, vjp
from tapec.transforms import (
    gnvp,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    value_and_grad,
    vmap,
)

__version__ = "0.1.0"

__all__ = [
    "BackendWarning",
    "Kernel",
    "TapecError",
    "check",
    "compile",
    "gnvp",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "linearize",
    "value_and_grad",
    "vjp",
    "vmap",
]

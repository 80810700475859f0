"""tapec: derivatives of plain NumPy functions as native kernels."""

from __future__ import annotations

from tapec.api import compile
from tapec.check import check
from tapec.checkpoint import checkpoint, stop_gradient
from tapec.custom import custom_rule
from tapec.errors import BackendWarning, TapecError
from tapec.implicit import implicit
from tapec.kernel import Kernel
from tapec.linear import linearize, vjp
from tapec.opaque import opaque
from tapec.trace.forms import cond, fori_loop, scan, switch, while_loop
from tapec.trace.forms import map_ as map
from tapec.trace.staging_items import rolled, unroll
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
    "checkpoint",
    "compile",
    "cond",
    "custom_rule",
    "fori_loop",
    "gnvp",
    "grad",
    "hessian",
    "hvp",
    "implicit",
    "jacobian",
    "jvp",
    "linearize",
    "map",
    "opaque",
    "rolled",
    "scan",
    "stop_gradient",
    "switch",
    "unroll",
    "value_and_grad",
    "vjp",
    "vmap",
    "while_loop",
]

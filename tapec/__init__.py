"""tapec: derivatives of plain NumPy functions as native kernels."""

from __future__ import annotations

from tapec.call.api import compile
from tapec.call.kernel import Kernel
from tapec.derive.checkpoint import checkpoint, stop_gradient
from tapec.derive.custom import custom_rule
from tapec.derive.implicit import implicit
from tapec.derive.linear import linearize, vjp
from tapec.derive.opaque import opaque
from tapec.derive.transforms import (
    gnvp,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    value_and_grad,
    vmap,
)
from tapec.errors import BackendWarning, TapecError
from tapec.tools.check import check
from tapec.trace.python.forms import cond, fori_loop, scan, switch, while_loop
from tapec.trace.python.forms import map_ as map
from tapec.trace.staging.iterables import rolled, unroll

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

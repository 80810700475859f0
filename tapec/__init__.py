"""tapec: derivatives of plain NumPy functions as native kernels.

What the first call of a compiled function needs is loaded with the package; derivatives, control
flow to write by hand and checks are when they are first asked for.
"""

from __future__ import annotations

import functools
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tapec.backends.locks import IMPORTING
from tapec.call.api import compile
from tapec.call.derivatives import TRANSFORMS
from tapec.call.kernel import Kernel
from tapec.errors import BackendWarning, TapecError

if TYPE_CHECKING:
    from tapec.derive.checkpoint import checkpoint as checkpoint
    from tapec.derive.checkpoint import stop_gradient as stop_gradient
    from tapec.derive.custom import custom_rule as custom_rule
    from tapec.derive.implicit import implicit as implicit
    from tapec.derive.linear import linearize as linearize
    from tapec.derive.linear import vjp as vjp
    from tapec.derive.opaque import opaque as opaque
    from tapec.derive.transforms import gnvp as gnvp
    from tapec.derive.transforms import grad as grad
    from tapec.derive.transforms import hessian as hessian
    from tapec.derive.transforms import hvp as hvp
    from tapec.derive.transforms import jacobian as jacobian
    from tapec.derive.transforms import jvp as jvp
    from tapec.derive.transforms import value_and_grad as value_and_grad
    from tapec.derive.transforms import vmap as vmap
    from tapec.tools.check import check as check
    from tapec.trace.python.forms import cond as cond
    from tapec.trace.python.forms import fori_loop as fori_loop
    from tapec.trace.python.forms import switch as switch
    from tapec.trace.python.forms import while_loop as while_loop
    from tapec.trace.python.scans import map_ as map
    from tapec.trace.python.scans import scan as scan
    from tapec.trace.staging.iterables import rolled as rolled
    from tapec.trace.staging.iterables import unroll as unroll

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

# Where the names are that are loaded when first asked for.
_HOMES = {
    "check": ("tapec.tools.check", "check"),
    "checkpoint": ("tapec.derive.checkpoint", "checkpoint"),
    "cond": ("tapec.trace.python.forms", "cond"),
    "custom_rule": ("tapec.derive.custom", "custom_rule"),
    "fori_loop": ("tapec.trace.python.forms", "fori_loop"),
    "gnvp": ("tapec.derive.transforms", "gnvp"),
    "grad": ("tapec.derive.transforms", "grad"),
    "hessian": ("tapec.derive.transforms", "hessian"),
    "hvp": ("tapec.derive.transforms", "hvp"),
    "implicit": ("tapec.derive.implicit", "implicit"),
    "jacobian": ("tapec.derive.transforms", "jacobian"),
    "jvp": ("tapec.derive.transforms", "jvp"),
    "linearize": ("tapec.derive.linear", "linearize"),
    "map": ("tapec.trace.python.scans", "map_"),
    "opaque": ("tapec.derive.opaque", "opaque"),
    "rolled": ("tapec.trace.staging.iterables", "rolled"),
    "scan": ("tapec.trace.python.scans", "scan"),
    "stop_gradient": ("tapec.derive.checkpoint", "stop_gradient"),
    "switch": ("tapec.trace.python.forms", "switch"),
    "unroll": ("tapec.trace.staging.iterables", "unroll"),
    "value_and_grad": ("tapec.derive.transforms", "value_and_grad"),
    "vjp": ("tapec.derive.linear", "vjp"),
    "vmap": ("tapec.derive.transforms", "vmap"),
    "while_loop": ("tapec.trace.python.forms", "while_loop"),
}
TRANSFORMS.load = functools.partial(import_module, "tapec.derive")


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOMES[name]
    with IMPORTING:
        value = globals()[name] = getattr(import_module(module), attribute)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})

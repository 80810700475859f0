"""tapec: derivatives of plain NumPy functions as native kernels.

What a call needs whose program is known is loaded with the package. Tracing, derivatives and
compilation are when they are first needed, and so are the other names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapec.call.api import compile
from tapec.call.derivatives import TRANSFORMS
from tapec.call.kernel import Kernel
from tapec.errors import BackendWarning, TapecError
from tapec.lazy import exported

if TYPE_CHECKING:
    from tapec.call.library import to_c as to_c
    from tapec.derive.bundles import derive as derive
    from tapec.derive.checkpoint import checkpoint as checkpoint
    from tapec.derive.checkpoint import stop_gradient as stop_gradient
    from tapec.derive.custom import custom_rule as custom_rule
    from tapec.derive.implicit import implicit as implicit
    from tapec.derive.linear import linearize as linearize
    from tapec.derive.linear import vjp as vjp
    from tapec.derive.opaque import opaque as opaque
    from tapec.derive.taylor import ode_series as ode_series
    from tapec.derive.taylor import taylor as taylor
    from tapec.derive.taylor import taylor_polynomial as taylor_polynomial
    from tapec.derive.taylor import tensors as tensors
    from tapec.derive.transforms import gnvp as gnvp
    from tapec.derive.transforms import grad as grad
    from tapec.derive.transforms import hessian as hessian
    from tapec.derive.transforms import hvp as hvp
    from tapec.derive.transforms import jacobian as jacobian
    from tapec.derive.transforms import jvp as jvp
    from tapec.derive.transforms import value_and_grad as value_and_grad
    from tapec.derive.transforms import vmap as vmap
    from tapec.interop.nlp import nlp as nlp
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
    "derive",
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
    "nlp",
    "ode_series",
    "opaque",
    "rolled",
    "scan",
    "stop_gradient",
    "switch",
    "taylor",
    "taylor_polynomial",
    "tensors",
    "to_c",
    "unroll",
    "value_and_grad",
    "vjp",
    "vmap",
    "while_loop",
]

_HOMES = {
    **dict.fromkeys(("checkpoint", "stop_gradient"), "tapec.derive.checkpoint"),
    **dict.fromkeys(("linearize", "vjp"), "tapec.derive.linear"),
    **dict.fromkeys(
        ("gnvp", "grad", "hessian", "hvp", "jacobian", "jvp", "value_and_grad", "vmap"),
        "tapec.derive.transforms",
    ),
    **dict.fromkeys(
        ("ode_series", "taylor", "taylor_polynomial", "tensors"), "tapec.derive.taylor"
    ),
    **dict.fromkeys(("cond", "fori_loop", "switch", "while_loop"), "tapec.trace.python.forms"),
    **dict.fromkeys(("rolled", "unroll"), "tapec.trace.staging.iterables"),
    "check": "tapec.tools.check",
    "custom_rule": "tapec.derive.custom",
    "derive": "tapec.derive",
    "implicit": "tapec.derive.implicit",
    "map": "tapec.trace.python.scans:map_",
    "nlp": "tapec.interop.nlp",
    "opaque": "tapec.derive.opaque",
    "scan": "tapec.trace.python.scans",
    "to_c": "tapec.call.library",
}
__getattr__ = exported(__name__, _HOMES)
TRANSFORMS.find = exported(__name__, {**_HOMES, "outline": "tapec.derive.outline:Outlined"})


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})

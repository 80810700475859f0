"""Derivatives of programs, as programs: tangent, adjoint, batch, and what is built of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapec.ad.adjoint import adjoint
from tapec.lazy import exported

if TYPE_CHECKING:
    from tapec.ad.batching import batch
    from tapec.ad.drivers import (
        gnvp_func,
        gradient,
        hessian_func,
        hvp_func,
        jacobian_func,
        value_and_gradient,
    )
    from tapec.ad.forward import tangent

__all__ = [
    "adjoint",
    "batch",
    "gnvp_func",
    "gradient",
    "hessian_func",
    "hvp_func",
    "jacobian_func",
    "tangent",
    "value_and_gradient",
]

__getattr__ = exported(
    __name__,
    {
        **dict.fromkeys(__all__, "tapec.ad.drivers"),
        "batch": "tapec.ad.batching",
        "tangent": "tapec.ad.forward",
    },
)

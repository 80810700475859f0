"""Derivatives of programs, as programs: tangent, adjoint, batch, and what is built of them."""

from __future__ import annotations

from tapec.ad.adjoint import adjoint
from tapec.ad.batch import batch
from tapec.ad.drivers import (
    gnvp_func,
    gradient,
    hessian_func,
    hvp_func,
    jacobian_func,
    value_and_gradient,
)
from tapec.ad.tangent import tangent

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

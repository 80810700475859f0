"""What a derivative is to a user: transforms, rules of their own, checkpoints, solvers."""

from __future__ import annotations

from tapec.call.derivatives import TRANSFORMS
from tapec.derive import linear, outline, transforms

TRANSFORMS.update(
    grad=transforms.grad,
    value_and_grad=transforms.value_and_grad,
    jacobian=transforms.jacobian,
    hessian=transforms.hessian,
    hvp=transforms.hvp,
    jvp=transforms.jvp,
    vjp=linear.vjp,
    outline=outline.Outlined,
)

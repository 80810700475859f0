"""HIPS autograd: the same source on ``autograd.numpy``."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy import special

from tapec.bench.case import Arguments, Case, Function, Task
from tapec.bench.contender import Prepared
from tapec.bench.peers.rebind import imported, rebind


def make() -> Autograd:
    """The contender."""
    return Autograd()


class Autograd:
    """``autograd.grad``, ``jacobian``, ``hessian``; batches by the gradient of the sum."""

    name = "autograd"
    subject = False

    def prepare(self, case: Case, task: Task, args: Arguments) -> Prepared | None:
        """The derived function; batched Jacobians have no counterpart, values are NumPy's."""
        if task is Task.VALUE or (case.batch and task is not Task.GRADIENT):
            return None
        return Prepared(self._derived(case, task), args)

    @staticmethod
    def _derived(case: Case, task: Task) -> Function:
        autograd, anp = imported("autograd"), imported("autograd.numpy")
        aspecial = imported("autograd.scipy.special")

        source = case.plain if case.batch else case.functional or case.f
        plain = rebind(source, {np: _face(anp), special: aspecial, special.erf: aspecial.erf})
        function: Any = (lambda *a: anp.sum(plain(*a))) if case.batch else plain
        operators = {
            Task.GRADIENT: autograd.grad,
            Task.JACOBIAN: autograd.jacobian,
            Task.HESSIAN: autograd.hessian,
        }
        derived: Function = operators[task](function, case.argnums)
        return derived


def _face(anp: Any) -> SimpleNamespace:
    """``autograd.numpy`` with an ``asarray`` that lets traced arrays through."""
    return SimpleNamespace(**(vars(anp) | {"asarray": lambda x: x}))

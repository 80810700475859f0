"""JAX: jit of the same source on ``jax.numpy``, 64-bit, inputs already on the device."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from scipy import special

from tapec.bench.case import Arguments, Case, Function, Task
from tapec.bench.contender import Prepared
from tapec.bench.peers import jax_loops
from tapec.bench.peers.rebind import imported, rebind


def make() -> Jax:
    """The contender; sets one thread and 64-bit mode before the first computation."""
    flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flags}".strip()
    jax = imported("jax")

    jax.config.update("jax_enable_x64", True)
    return Jax()


class Jax:
    """``jax.jit`` of value, ``grad``, ``jacobian``, ``hessian``; waits for the result."""

    name = "jax"
    subject = False

    def prepare(self, case: Case, task: Task, args: Arguments) -> Prepared | None:
        """The jitted function and device arrays."""
        jax = imported("jax")

        compiled = jax.jit(self._function(case, task))
        device = tuple(jax.numpy.asarray(a) if isinstance(a, np.ndarray) else a for a in args)
        block = jax.block_until_ready
        # One array has a cheaper way to wait than a tree of them.
        single = task is Task.VALUE or not isinstance(case.argnums, tuple)
        call: Function = (
            (lambda *a: compiled(*a).block_until_ready())
            if single
            else (lambda *a: block(compiled(*a)))
        )
        return Prepared(call, device, to_numpy=_to_numpy)

    @staticmethod
    def _function(case: Case, task: Task) -> Function:
        jax = imported("jax")

        function = jax_loops.variant(case.family) or rebind(
            case.functional or case.f,
            {np: jax.numpy, special: jax.scipy.special, special.erf: jax.scipy.special.erf},
        )
        slope = jax.jacfwd if case.family in jax_loops.FORWARD else jax.grad
        transforms: dict[Task, Any] = {
            Task.VALUE: lambda f: f,
            Task.GRADIENT: lambda f: slope(f, argnums=case.argnums),
            Task.JACOBIAN: lambda f: jax.jacobian(f, argnums=case.argnums),
            Task.HESSIAN: lambda f: jax.hessian(f, argnums=case.argnums),
        }
        derived: Function = transforms[task](function)
        return jax.vmap(derived) if case.batch else derived


def _to_numpy(result: Any) -> Any:
    return (
        tuple(map(np.asarray, result)) if isinstance(result, tuple | list) else np.asarray(result)
    )

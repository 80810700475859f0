"""Directives to differentiation: `checkpoint` recomputes, `stop_gradient` cuts."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from tapec.call.kernel import Kernel
from tapec.derive.outline import Outlined
from tapec.trace import Tracer, current, is_symbolic
from tapec.trace.arrays.operands import run
from tapec.tree import flatten


def checkpoint(f: Callable[..., Any], /) -> Callable[..., Any]:
    """`f`, of which reverse mode stores the arguments only and recomputes the rest.

    Value and derivatives are those of `f`, with any arguments and results; gradients take less
    memory and one more run of `f` (Griewank and Walther, Evaluating Derivatives, chapter 12).
    Outside of traced code the result simply calls `f`.

    >>> step = tapec.checkpoint(lambda x: np.sin(np.cos(np.exp(x))))
    >>> plain = tapec.grad(lambda x: np.sum(np.sin(np.cos(np.exp(x)))))
    >>> h = tapec.grad(lambda x: np.sum(step(x)))
    >>> np.array_equal(h(np.zeros(2)), plain(np.zeros(2)))
    True
    """
    inner = f.__wrapped__ if isinstance(f, Kernel) else f
    outlined = Outlined(inner, checkpoint=True)

    @functools.wraps(inner, updated=())
    def checkpointed(*args: Any, **kwargs: Any) -> Any:
        return (f if current() is None else outlined)(*args, **kwargs)

    return checkpointed


def stop_gradient(x: Any) -> Any:
    """The same value, without a derivative: constant to all transforms.

    `x` may be nested. Plain values are returned as they are.

    >>> tapec.grad(lambda x: x * tapec.stop_gradient(x))(3.0)
    np.float64(3.0)
    """
    leaves, tree = flatten(x)
    return tree.unflatten([_stopped(leaf) for leaf in leaves])


def _stopped(x: Any) -> Any:
    if not isinstance(x, Tracer) or not is_symbolic(x) or x._dtype[0] != "f":
        return x
    made = run("stop_gradient", x)
    made._weak = x._weak
    return made

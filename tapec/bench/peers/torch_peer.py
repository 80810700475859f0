"""PyTorch eager: the same source on a small NumPy-like face of ``torch``, one thread."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy import special

from tapec.bench.case import Arguments, Case, Function, Task
from tapec.bench.contender import Prepared
from tapec.bench.peers.rebind import imported, rebind

# Names that mean the same in both libraries, `axis` accepted for `dim`.
SAME = tuple(
    [
        "abs",
        "arctan2",
        "concatenate",
        "cos",
        "cosh",
        "dot",
        "einsum",
        "exp",
        "expm1",
        "log",
        "log1p",
        "logaddexp",
        "matmul",
        "mean",
        "outer",
        "ravel",
        "sign",
        "sin",
        "sinh",
        "sqrt",
        "stack",
        "sum",
        "tan",
        "tanh",
        "trace",
        "where",
    ]
)


def make() -> Torch:
    """The contender, on one thread."""
    torch = imported("torch")

    torch.set_num_threads(1)
    return Torch()


class Torch:
    """Gradients by ``torch.autograd.grad``; the rest by ``torch.func``."""

    name = "torch"
    subject = False

    def prepare(self, case: Case, task: Task, args: Arguments) -> Prepared | None:
        """The function on tensors that share the arrays' memory."""
        torch = imported("torch")

        function = rebind(
            case.functional or case.f,
            {np: _face(), special.erf: torch.erf},
        )
        tensors = tuple(torch.from_numpy(a) if isinstance(a, np.ndarray) else a for a in args)
        if task is Task.GRADIENT and not case.batch:
            return Prepared(_tape_gradient(function, case), tensors, to_numpy=_to_numpy)
        derived = _derived(function, case, task)
        return Prepared(derived, tensors, to_numpy=_to_numpy)


def _derived(function: Function, case: Case, task: Task) -> Function:
    func = imported("torch.func")

    transforms: dict[Task, Any] = {
        Task.VALUE: lambda f: f,
        Task.GRADIENT: lambda f: func.grad(f, case.argnums),
        Task.JACOBIAN: lambda f: func.jacrev(f, case.argnums),
        Task.HESSIAN: lambda f: func.hessian(f, case.argnums),
    }
    derived: Function = transforms[task](function)
    return func.vmap(derived) if case.batch else derived


def _tape_gradient(function: Function, case: Case) -> Function:
    """The cheapest eager route: fresh leaves, one backward sweep."""
    torch = imported("torch")

    selected = case.selected

    def gradient(*tensors: Any) -> Any:
        moved = list(tensors)
        for k in selected:
            moved[k] = tensors[k].detach().requires_grad_()
        parts = torch.autograd.grad(function(*moved), [moved[k] for k in selected])
        return parts if isinstance(case.argnums, tuple) else parts[0]

    return gradient


def _face() -> SimpleNamespace:
    """What the suite uses of NumPy, on tensors."""
    torch = imported("torch")

    def extreme(reduction: Any) -> Any:
        def reduce(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
            return reduction(x, dim=() if axis is None else axis, keepdim=keepdims)

        return reduce

    def lift(x: Any) -> Any:
        return x if isinstance(x, torch.Tensor) else torch.as_tensor(x, dtype=torch.float64)

    def array(x: Any) -> Any:
        if isinstance(x, list) and isinstance(x[0], torch.Tensor):
            return torch.stack(x)
        return torch.as_tensor(np.array(x))

    names = {name: getattr(torch, name) for name in SAME if hasattr(torch, name)}
    names |= {
        "pi": np.pi,
        "array": array,
        "asarray": lift,
        "zeros": lambda shape: torch.zeros(shape, dtype=torch.float64),
        "arange": lambda *a: torch.arange(*a),
        "max": extreme(torch.amax),
        "min": extreme(torch.amin),
        "sqrt": lambda x: torch.sqrt(lift(x)),
        "log": lambda x: torch.log(lift(x)),
        "exp": lambda x: torch.exp(lift(x)),
        "logaddexp": lambda a, b: torch.logaddexp(lift(a), lift(b)),
    }
    return SimpleNamespace(**names)


def _to_numpy(result: Any) -> Any:
    if isinstance(result, tuple | list):
        return tuple(part.detach().numpy() for part in result)
    return result.detach().numpy()

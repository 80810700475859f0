"""`tapec.nlp`: all that a solver of nonlinear programs asks for, in arrays of fixed pattern."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tapec.call.kernel import Kernel
from tapec.call.library import to_c
from tapec.derive.derived import Function
from tapec.derive.expansion import checked
from tapec.derive.sparse import SparseKernel
from tapec.derive.sparse_parts import Symmetric
from tapec.derive.transforms import grad, hessian, jacobian, options, value_and_grad
from tapec.errors import ShapeError
from tapec.interop.vectors import ConstraintVector, Lagrangian
from tapec.sparse.report import Sparsity

if TYPE_CHECKING:
    from tapec.export.files import Exported

Array = np.ndarray[Any, Any]
_FLOAT = np.dtype(float)


def nlp(
    objective: Function,
    constraints: Function | None,
    n: int,
    *,
    parameters: Sequence[Any] = (),
    colouring: Symmetric = "star",
) -> NonlinearProgram:
    """The nonlinear program of an objective and constraints over `n` variables, for any solver.

    `objective(x, *parameters)` returns one number for a vector x, `constraints(x, *parameters)` an
    array, or a nesting of arrays whose numbers are taken in order; None stands for no constraints.
    Bounds are the solver's: they are not part of the program. The result has, as methods of x,

    - `objective`, `gradient`, `value_and_gradient`, `constraints`;
    - `jacobian`: the nonzeros of the constraints' Jacobian, in the order of `jacobian_structure`;
    - `hessian(x, multipliers, factor=1.0)`: those of the lower triangle of the Hessian of the
      Lagrangian, factor f(x) + multipliers @ c(x), in the order of `hessian_structure`.

    Structures are pairs of index arrays (rows, columns), found once; `out=` takes the numbers.
    `parameters` may be replaced by others of the same shapes: set the attribute. `colouring` is as
    for `tapec.hessian`.

    Raises ShapeError where `objective` does not return one number or `n` is negative, DTypeError
    where `n` is no integer or constraints return conditions, and what the transforms raise.

    >>> p = tapec.nlp(lambda x: x[0] * x[3], lambda x: (x[0] * x[1], np.sum(x**2)), 4)
    >>> x = np.array([1.0, 2.0, 3.0, 4.0])
    >>> p.m, p.jacobian(x)
    (2, array([2., 1., 2., 4., 6., 8.]))
    >>> p.hessian_structure
    (array([0, 1, 1, 2, 3, 3], dtype=int32), array([0, 0, 1, 2, 0, 3], dtype=int32))
    >>> p.hessian(x, np.array([1.0, 0.5]), 10.0)
    array([ 1.,  1.,  1.,  1., 10.,  1.])
    """
    return NonlinearProgram(objective, constraints, n, parameters, colouring)


class NonlinearProgram:
    """A nonlinear program: see `tapec.nlp`."""

    def __init__(
        self,
        objective: Function,
        constraints: Function | None,
        n: int,
        parameters: Sequence[Any] = (),
        colouring: Symmetric = "star",
    ) -> None:
        self.n, self.parameters = checked("number of variables", n), tuple(parameters)
        self._extent = (self.n,)
        given = options(objective)
        self._objective = Kernel(objective, **given)
        self._gradient = grad(objective)
        self._both = value_and_grad(objective)
        vector = ConstraintVector(_nothing if constraints is None else constraints)
        self._constraints = Kernel(vector, **given)
        origin = np.zeros(self.n)
        self.m = int(self._shape(self._constraints, origin)[0])
        if self._shape(self._objective, origin):
            raise ShapeError(
                f"the objective returns an array of shape {self._shape(self._objective, origin)}",
                hint="return one number, such as a sum",
            )
        lagrangian = Kernel(Lagrangian(objective, vector), **given)
        self._jacobian = FixedPattern(
            jacobian(self._constraints, sparse=True, format="coo"), (origin, *self.parameters)
        )
        second = hessian(
            lagrangian, sparse=True, format="coo", triangle="lower", colouring=colouring
        )
        some = (origin, 1.0, np.zeros(self.m), *self.parameters)
        self._hessian = FixedPattern(second, some)

    def _shape(self, kernel: Kernel, x: Array) -> tuple[int, ...]:
        shape: tuple[int, ...] = kernel.specialization(x, *self.parameters).face.results[0].shape
        return shape

    # ---- values ----

    def objective(self, x: Array) -> float:
        """f(x)."""
        return float(self._objective(self._at(x), *self.parameters))

    def gradient(self, x: Array, out: Array | None = None) -> Array:
        """The gradient of f, an array of n numbers."""
        return _put(self._gradient(self._at(x), *self.parameters), out)

    def value_and_gradient(self, x: Array) -> tuple[float, Array]:
        """f(x) and its gradient, by one kernel."""
        value, slope = self._both(self._at(x), *self.parameters)
        return float(value), slope

    def constraints(self, x: Array, out: Array | None = None) -> Array:
        """c(x), an array of m numbers."""
        return _put(self._constraints(self._at(x), *self.parameters), out)

    def jacobian(self, x: Array, out: Array | None = None) -> Array:
        """The nonzeros of the Jacobian of c, in the order of `jacobian_structure`."""
        found = self._jacobian.numbers(self._at(x), *self.parameters)
        return found if out is None else _put(found, out)

    def hessian(
        self, x: Array, multipliers: Array, factor: float = 1.0, out: Array | None = None
    ) -> Array:
        """The nonzeros of the lower triangle of the Hessian of factor f + multipliers @ c, in the
        order of `hessian_structure`."""
        weights = _vector("multipliers", multipliers, self.m)
        return _put(
            self._hessian.numbers(self._at(x), float(factor), weights, *self.parameters), out
        )

    def _at(self, x: Any) -> Array:
        plain = type(x) is np.ndarray and x.dtype is _FLOAT and x.shape == self._extent
        return x if plain else _vector("variables", x, self.n)

    # ---- structure ----

    @property
    def jacobian_structure(self) -> tuple[Array, Array]:
        """Rows and columns of the nonzeros of the Jacobian of the constraints."""
        return self._jacobian.structure

    @property
    def hessian_structure(self) -> tuple[Array, Array]:
        """Rows and columns of the nonzeros of the lower triangle of the Lagrangian's Hessian."""
        return self._hessian.structure

    @property
    def sparsity(self) -> tuple[Sparsity, Sparsity]:
        """Pattern and colouring of the Jacobian, and of the whole Hessian."""
        return self._jacobian.sparsity, self._hessian.sparsity

    # ---- in C ----

    def export(self, path: str | os.PathLike[str], **options: Any) -> Exported:
        """Write all of it as one C library, see `tapec.to_c`.

        The functions are `NAME_objective`, `_gradient`, `_constraints`, `_jacobian` and `_hessian`,
        with the structures in the header: what IPOPT's C interface asks for. Raises ExportError as
        `tapec.to_c` does.
        """
        x, rest = np.zeros(self.n), self.parameters
        functions: dict[str, tuple[Any, ...]] = {
            "objective": (self._objective, x, *rest),
            "gradient": (self._gradient, x, *rest),
            "constraints": (self._constraints, x, *rest),
            "jacobian": (self._jacobian.derivative, x, *rest),
            "hessian": (self._hessian.derivative, x, 1.0, np.zeros(self.m), *rest),
        }
        return to_c(path, functions, **options)

    def __repr__(self) -> str:
        counts = f"{self._jacobian.structure[0].size} + {self._hessian.structure[0].size} nonzeros"
        return f"<nonlinear program of {self.n} variables, {self.m} constraints, {counts}>"


class FixedPattern:
    """The numbers of a sparse derivative alone, with the structure that they have at `args`."""

    def __init__(self, derivative: SparseKernel, args: Sequence[Any]) -> None:
        self.derivative = derivative
        template = derivative.template(*args)
        self.structure: tuple[Array, Array] = (template.row, template.col)
        self.sparsity = derivative.sparsity(*args)
        self.numbers = derivative.numbers(*args)


def _nothing(x: Any, *parameters: Any) -> tuple[()]:
    return ()


def _vector(what: str, given: Any, size: int) -> Array:
    found = np.asarray(given, float)
    if found.shape != (size,):
        raise ShapeError(f"{what} of shape {list(found.shape)} for a program of {size}")
    return found


def _put(found: Array, out: Array | None) -> Array:
    if out is None:
        return found
    out[...] = found
    return out

"""`tapec.derive`: several derivatives of one function by one kernel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tapec.call.kernel import Kernel
from tapec.derive.bundle import Bundle
from tapec.derive.bundle_rules import PARTS
from tapec.derive.derived import Argnums, Function
from tapec.derive.transforms import options
from tapec.errors import NonDifferentiableError, SparsityError

if TYPE_CHECKING:
    from tapec.derive.sparse_parts import Format, Mode, Route, Triangle
    from tapec.sparse.colouring import Order


def derive(
    f: Function,
    /,
    *names: str,
    argnums: Argnums = 0,
    sparse: bool | Sequence[str] = False,
    format: Format = "csr",
    triangle: Triangle = None,
    mode: Mode = "auto",
    order: Order = "best",
    route: Route = "auto",
) -> Any:
    """Several derivatives of one function by one kernel, which computes what they share once.

    The result is a named tuple of what `names` ask for, each in the form of the transform of its
    own:

    - "value", "grad", "jac" and "hess" are those of `f`, `tapec.grad`, `tapec.jacobian` and
      `tapec.hessian`; "diag_hess" is the diagonal of the Hessian, of the shape of the argument, and
      "gn" the Gauss-Newton matrix J^T J, of shape in + in;
    - "hvp" (H v), "gnvp" (J^T J v) and "jvp" (J v) take a direction v, nested as the arguments
      `argnums`, "vjp" (w^T J) a cotangent w, nested as the result. They follow the arguments of
      `f` in the call: first v, then w. Directions may be stacked along a leading axis, and so are
      their results then.

    With `sparse` (True, or the names of those that are to be) "jac", "hess" and "gn" are
    `scipy.sparse` arrays; the other options are those of `tapec.jacobian` and `tapec.hessian`.
    "grad", "hvp" and "diag_hess" need a function that returns one number.

    Raises NonDifferentiableError for names that do not exist and functions whose results do not
    suit them, ShapeError for directions that do not fit, DTypeError for results and arguments that
    are not floats, SparsityError for options that do not exist.

    >>> f = lambda x: x[0] ** 2 * x[1]
    >>> d = tapec.derive(f, "value", "grad", "hess")(np.array([1.0, 3.0]))
    >>> float(d.value), d.grad
    (3.0, array([6., 1.]))
    >>> d.hess
    array([[6., 2.],
           [2., 0.]])
    >>> tapec.derive(f, "hvp")(np.array([1.0, 3.0]), np.eye(2)).hvp
    array([[6., 2.],
           [2., 0.]])
    """
    _check_names(names)
    thin = _sparse_ones(names, sparse)
    if not thin:
        if (format, triangle, order, route) != ("csr", None, "best", "auto") or mode == "both":
            raise SparsityError("these are options of sparse derivatives", hint="set sparse=True")
        return Kernel(Bundle(f, names, argnums, mode), **options(f))
    from tapec.derive.sparse_bundle import SparseBundle  # brings scipy.sparse
    from tapec.derive.sparse_parts import Style

    style = Style(format, order, mode, route, triangle)
    return SparseBundle(f, names, thin, argnums, style, options(f))


def _check_names(names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in PARTS]
    known = ", ".join(map(repr, sorted(PARTS)))
    if unknown or not names:
        said = f"there is no derivative {unknown[0]!r}" if unknown else "no derivative is asked for"
        raise NonDifferentiableError(said, hint=f"ask for some of {known}")
    if len(set(names)) < len(names):
        raise NonDifferentiableError(f"a derivative is asked for twice: {', '.join(names)}")


def _sparse_ones(names: Sequence[str], sparse: bool | Sequence[str]) -> tuple[str, ...]:
    if isinstance(sparse, bool):
        return tuple(name for name in names if sparse and PARTS[name].matrix)
    chosen = (sparse,) if isinstance(sparse, str) else tuple(sparse)
    for name in chosen:
        if name not in names or not PARTS[name].matrix:
            raise SparsityError(
                f"there is no sparse {name!r} among the derivatives asked for",
                hint="'jac', 'hess' and 'gn' have a sparse form",
            )
    return chosen

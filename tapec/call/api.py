"""`tapec.compile`: the decorator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, overload

from tapec.call.kernel import Backend, Kernel
from tapec.call.tuning import MOST_THREADS
from tapec.config import SETTINGS
from tapec.errors import TapecError

BACKENDS = ("auto", "llvm", "numpy")


@overload
def compile(
    f: Callable[..., Any],
    /,
    *,
    static_argnums: int | Sequence[int] = (),
    static_argnames: str | Sequence[str] = (),
    backend: Backend | None = None,
    threads: int = 0,
    fastmath: bool = False,
    inline: bool = True,
) -> Kernel: ...
@overload
def compile(
    f: None = None,
    /,
    *,
    static_argnums: int | Sequence[int] = (),
    static_argnames: str | Sequence[str] = (),
    backend: Backend | None = None,
    threads: int = 0,
    fastmath: bool = False,
    inline: bool = True,
) -> Callable[[Callable[..., Any]], Kernel]: ...
def compile(
    f: Callable[..., Any] | None = None,
    /,
    *,
    static_argnums: int | Sequence[int] = (),
    static_argnames: str | Sequence[str] = (),
    backend: Backend | None = None,
    threads: int = 0,
    fastmath: bool = False,
    inline: bool = True,
) -> Any:
    """Compile a plain Python function over NumPy arrays, once for each signature it is called with.

    Use it bare (`@tapec.compile`) or with options. A signature is the structure, the shapes and the
    dtypes of the arguments (float64, float32, int64, int32, bool), and whether those without axes
    are 0-d arrays, scalars of NumPy or numbers of Python. Results
    are what the function returns, as fresh arrays. `static_argnums` and `static_argnames` name
    arguments whose values are part of the program. `backend` is "auto" (native code, the NumPy
    interpreter where an operation has no native form, with a BackendWarning), "llvm" (BackendError
    instead) or "numpy".

    With `threads` a call uses that many, itself included: large loops over independent elements,
    rows or lanes, and large sums, are cut into parts that threads take one by one. Between calls
    they wait in a pool; a forked process makes its own. Results are the same, bit for bit, for any
    number of threads; sums may differ by roundings from those without (0). Derivatives and `vmap`
    keep the option.

    With `fastmath` products may be rounded together with the sums that they are added to (fused
    multiply-adds), and divisions may become products with a reciprocal that several of them share,
    or that a loop does not change: results differ from NumPy's by roundings, and where a reciprocal
    overflows or a fused difference is not the zero that NumPy has. Derivatives and `vmap` keep the
    option. Without it, results are rounded as NumPy rounds them.

    Called inside other traced code, a kernel becomes part of that program. With `inline=False` it
    stays a function of its own there, traced and compiled once for all of its calls: for large
    functions that are called many times.

    What cannot be traced raises a TraceError at the line of yours: UnsupportedOperation for a NumPy
    function or option without translation, ControlFlowError for a branch or loop, MutationError for
    a write that NumPy's rules would not allow.

    >>> @tapec.compile
    ... def f(x):
    ...     return np.sum(np.sin(x) ** 2)
    >>> float(f(np.zeros(3)))
    0.0
    >>> f
    <tapec kernel f: (f64[3])>
    """
    backend = backend or SETTINGS.backend  # type: ignore[assignment]
    if backend not in BACKENDS:
        raise TapecError(f"no backend {backend!r}", hint=f"backends: {', '.join(BACKENDS)}")
    if (
        isinstance(threads, bool)
        or not isinstance(threads, int)
        or not 0 <= threads <= MOST_THREADS
    ):
        raise TapecError(
            f"threads={threads!r}", hint=f"use a number from 0 (none) to {MOST_THREADS}"
        )
    nums = (static_argnums,) if isinstance(static_argnums, int) else tuple(static_argnums)
    names = (static_argnames,) if isinstance(static_argnames, str) else tuple(static_argnames)

    def wrap(g: Callable[..., Any]) -> Kernel:
        kernel = g.__wrapped__ if isinstance(g, Kernel) else g
        return Kernel(
            kernel,
            static_argnums=nums,
            static_argnames=names,
            backend=backend,
            threads=threads,
            fastmath=bool(fastmath),
            inline=inline,
        )

    return wrap if f is None else wrap(f)

"""What a kernel offers to other languages than Python: addresses, callbacks, files."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tapec.lazy import deferred

if TYPE_CHECKING:
    from tapec.call import callbacks, exporting
    from tapec.export.files import Exported
    from tapec.export.loaded import Loaded
else:
    callbacks, exporting = map(deferred, ("tapec.call.callbacks", "tapec.call.exporting"))


class Foreign:
    """The methods of a kernel that make C functions of it."""

    @functools.cached_property
    def _c_functions(self) -> dict[Any, Loaded]:
        """C functions by program and what it captures."""
        return {}

    def address(self, *args: Any) -> int:
        """The address of a C function that computes this kernel for arguments like these.

        Numbers are passed by value, arrays as pointers to C-contiguous elements. A function that
        returns one floating-point number becomes `double f(...)`, NaN where Python would raise; any
        other `int f(..., results...)` with a pointer for every number and array it returns, and a
        status: 0, or why there is no result (see `export`). It needs no interpreter lock, and may
        run in several threads at once. Captured values are those of now. The code lives as long as
        the kernel: keep that, or use `ctypes`, whose function keeps its code itself.

        Raises ExportError where the function has no form in C.

        >>> f = tapec.compile(lambda x: x * x)
        >>> f.address(1.0) == f.address(2.0)
        True
        """
        return exporting.c_function(self, args).address

    def ctypes(self, *args: Any) -> Any:
        """The C function of `address` for ctypes, with `restype` and `argtypes` set.

        Where it takes pointers it also takes NumPy arrays, of which element type, size and layout
        are looked at. numba calls it in `@njit` code, without the interpreter lock.

        >>> f = tapec.compile(lambda x: x * x)
        >>> f.ctypes(1.0)(3.0)
        9.0
        >>> slope = tapec.grad(lambda x: np.sum(x**2)).ctypes(np.ones(2))
        >>> x, out = np.array([1.0, 2.0]), np.empty(2)
        >>> slope(x, out), out
        (0, array([2., 4.]))
        """
        return exporting.c_function(self, args).function

    def low_level_callable(self, signature: str = "double (double)", *args: Any) -> Any:
        """A `scipy.LowLevelCallable` for SciPy's integrators and `ndimage`.

        `signature` is what they call: "double (double)", "double (double, void *)",
        "double (int, double *)", "double (int, double *, void *)" (`integrate.quad`, `nquad`),
        "int (double *, npy_intp, double *, void *)" (`ndimage.generic_filter`),
        "int (double *, npy_intp, double *, npy_intp, void *)" (`generic_filter1d`, of a function
        that returns the line or writes its second argument) and
        "int (npy_intp *, double *, int, int, void *)" (`geometric_transform`).

        `args` are arguments like those that SciPy passes: a number, several numbers or an array
        for `double *`, a tuple of integers for the coordinates. Arguments behind them are
        parameters, which need a signature with `void *`: arrays are read at every call. Integrands
        give NaN where Python would raise, filters make SciPy raise. Raises ExportError where
        function and signature do not fit.

        >>> from scipy.integrate import quad
        >>> f = tapec.compile(lambda x: np.exp(-x * x))
        >>> round(quad(f.low_level_callable("double (double)"), 0.0, 1.0)[0], 6)
        0.746824
        """
        return callbacks.callback(self, signature, args)

    def export(
        self,
        path: str | os.PathLike[str],
        *args: Any,
        of: str | Sequence[str] = "value",
        argnums: int | Sequence[int] = 0,
        sparse: bool = False,
        prefix: str | None = None,
        cpu: str = "native",
        triple: str | None = None,
        blas: str = "{}_",
        shared: bool = True,
        link: Sequence[str] = (),
    ) -> Exported:
        """Write C functions for arguments like these: object, shared library, header and example.

        `path` is that of the files without their endings; its last part, or `prefix`, names the
        functions: `NAME` for the value, `NAME_grad` and so on. `of` is one or more of "value",
        "grad", "value_and_grad", "jac", "hess", "lower_hess", "hvp", "gnvp", "jvp" and "vjp", in
        arguments `argnums`; with `sparse`, Jacobians and Hessians are the nonzeros of CSR matrices
        whose index arrays are in the header. Each is `int f(arguments..., results...)` as the
        header says. The code needs no Python: the C library's mathematics, and BLAS and LAPACK
        where the header names them, under the symbols that `blas` gives them (`"scipy_{}_"` for
        SciPy's own library). Captured values are those of now.

        Code is for this machine, to the bit what Python runs, or for another `cpu` ("generic",
        "x86-64-v3", ...) or `triple`. `shared=False` writes no shared library, which needs a C
        compiler (`cc`, or what CC names; `link` are arguments for it).

        Raises ExportError for functions that call into Python, and where files cannot be made.

        >>> import tempfile
        >>> f = tapec.compile(lambda x: np.sum(x**2))
        >>> folder = tempfile.mkdtemp()
        >>> f.export(f"{folder}/square", np.ones(3), of=("value", "grad"), shared=False).functions
        ('square', 'square_grad')
        """
        wanted = (of,) if isinstance(of, str) else tuple(of)
        options = {
            "prefix": prefix,
            "cpu": cpu,
            "triple": triple,
            "blas": blas,
            "shared": shared,
            "link": link,
        }
        return exporting.export_kernel(self, path, args, wanted, argnums, sparse, options)

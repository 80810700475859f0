"""The contract between compiled kernels, their wrappers and Python.

A kernel is an LLVM function `i32 @kernel(ptr in0, ..., ptr out0, ..., ptr work)`: every argument
points to C-contiguous data (a scalar is one element), `work` to `work_bytes` bytes aligned to 64.
The result is a status, 0 for success. Signatures say which Python objects become those pointers
and how results return.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from tapec.backends.llvm import raised
from tapec.backends.llvm.arguments import Argument
from tapec.backends.llvm.elements import ELEMENTS, check_dtype, check_shape, packed_strides
from tapec.backends.llvm.nesting import (
    Result,
    keys_of,
    leaves,
    records_of,
    result_keys,
    result_records,
    shape_of,
)
from tapec.backends.llvm.tuning import STACK_WORK_BYTES
from tapec.errors import BackendError
from tapec.lazy import deferred
from tapec.tree import LEAF, Tree

if TYPE_CHECKING:
    from tapec.ir.ops import loop
else:
    loop = deferred("tapec.ir.ops.loop")

WORK_ALIGNMENT = 64


INTERRUPTED = 9  # a signal handler has set an exception
UNKNOWN_STATUS = "compiled code failed"


@dataclass(frozen=True)
class Output:
    """A result: "array" is an ndarray; of shape () also "scalar", a NumPy scalar (np.float64, ...),
    and "python", the Python float, int, bool or complex.

    `shape` is that of the memory the kernel writes. Where the axes of the array lie in another
    order than C's, `order` names them from the outermost to the innermost.
    """

    dtype: str
    shape: tuple[int, ...]
    kind: Literal["array", "scalar", "python", "pyfloat", "pyint", "pybool", "pycomplex"] = "array"
    order: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check_dtype(self.dtype)
        check_shape(self.shape)
        allowed = {"array"} | ({"scalar", "python", self.python_kind} if not self.shape else set())
        if self.dtype == "c64":  # Python's complex numbers are made of doubles
            allowed -= {"python", self.python_kind}
        if self.kind not in allowed:
            raise BackendError(f"a {self.dtype}{list(self.shape)} result cannot be {self.kind!r}")

    def placed(self, sizes: Sequence[int]) -> tuple[int, ...]:
        """Numbers of the axes of the memory, in the order of the array's axes."""
        by_axis = dict(zip(self.order or range(len(sizes)), sizes, strict=True))
        return tuple(by_axis[axis] for axis in range(len(sizes)))

    @property
    def strides(self) -> tuple[int, ...]:
        """The strides of the array in bytes."""
        axes = self.order or tuple(range(len(self.shape)))
        return packed_strides(self.dtype, self.placed(self.shape), axes)

    @property
    def python_kind(self) -> str:
        """The kind of Python scalar this dtype becomes: "pyfloat", "pyint", "pybool" or so."""
        return ELEMENTS[self.dtype].python


@dataclass(frozen=True)
class View:
    """A result that is a view: of output `base`, or of argument -1 - `base` where that is negative.

    `strides` and `offset`, of its first element from that of the base, are in bytes.
    """

    base: int
    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int
    writeable: bool


@dataclass(frozen=True)
class KernelAbi:
    """The calling convention of a kernel, from which its wrapper is generated.

    `result` is "single" (the only output itself), "tuple" (all outputs), or a nested tuple of
    output numbers such as `(0, (1, 2))`, each used once; named tuples are made as such. `nogil`
    releases the interpreter lock around the kernel: worth it above some 20 us of work. Where there
    are `errors`, a last output that is no result says which of them the call raises (counted from
    1; 0: none). `fixed` lists the positions of arguments that are part of the program, each with
    its value: calls pass them (an int of that value, any other object itself), the kernel does not
    get them. The last `hidden` arguments are captured inputs: calls do not pass them. Where
    `watched`, the entry first checks that the captured state is unchanged (see `watch`). `apart`
    lists pairs of array arguments that may share no memory.

    `layout` says how calls nest the arguments, whose leaves are counted through: the positional
    ones, then those by name, in the order of the call; None where all are positional leaves.
    Containers are tuples, named ones, lists, and dictionaries with texts as keys. With `into` the
    last name of a call is `out`: arrays nested as the result, which receive it.

    `stored` lists pairs (output, argument): after the kernel has run, the argument gets the output.
    Outputs that the result does not have are dropped; calls that fail go on to the next entry.
    The result counts `views` behind the outputs. Large loops are shared among `threads`, if there
    are any; with `fastmath` sums of products and quotients may be rounded otherwise than NumPy's.
    """

    args: tuple[Argument, ...]
    outs: tuple[Output, ...]
    result: Literal["single", "tuple"] | Result = "single"
    work_bytes: int = 0
    nogil: bool = False
    errors: tuple[Exception, ...] = ()
    fixed: tuple[tuple[int, Any], ...] = ()
    hidden: int = 0
    watched: bool = False
    apart: tuple[tuple[int, int], ...] = ()
    layout: Tree | None = None
    into: bool = False
    stored: tuple[tuple[int, int], ...] = ()
    views: tuple[View, ...] = ()
    threads: int = 0
    fastmath: bool = False

    def __post_init__(self) -> None:
        used = sorted(k for k in leaves(self.tree) if 0 <= k < len(self.outs))
        every = list(range(self.count))
        if used != every and not (self.changes and {*used} < {*every}):
            raise BackendError(f"result {self.result!r} does not use {self.count} outputs once")
        if self.errors and self.outs[-1] != Output("i64", (), "scalar"):
            raise BackendError("the last output must be the number of an error")
        if self.work_bytes < 0:
            raise BackendError(f"negative work memory: {self.work_bytes}")

    @property
    def given(self) -> tuple[Argument, ...]:
        """The arguments that calls pass."""
        return self.args[: len(self.args) - self.hidden]

    @property
    def count(self) -> int:
        """How many outputs are results."""
        return len(self.outs) - bool(self.errors)

    @property
    def leaves(self) -> int:
        """The number of leaves of the arguments that calls pass."""
        return len(self.given) + len(self.fixed)

    @property
    def nesting(self) -> Tree:
        """`layout`, where none is given too."""
        flat = Tree(tuple, (), (Tree(tuple, (), (LEAF,) * self.leaves), Tree(dict)))
        return self.layout or flat

    @property
    def passes(self) -> tuple[Tree, ...]:
        """The nesting of each argument, in the order of a call."""
        positional, named = self.nesting.children
        receiver = (shape_of(self.tree),) if self.into else ()
        return (*positional.children, *named.children, *receiver)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of arguments, in the order of a call."""
        return (*self.nesting.children[1].keys, *(("out",) if self.into else ()))

    @property
    def keys(self) -> tuple[Any, ...]:
        """The names of arguments and the keys of dictionaries, in order."""
        inside = (key for child in self.passes for key in keys_of(child))
        made = () if self.into else result_keys(self.tree)
        return (*self.names, *inside, *made)

    @property
    def records(self) -> tuple[type, ...]:
        """The classes of named tuples among arguments and results, each once."""
        return tuple(dict.fromkeys((*records_of(self.nesting), *result_records(self.tree))))

    @property
    def changes(self) -> bool:
        """Whether calls change their arguments, or return these or views."""
        return bool(self.stored or self.views) or any(k < 0 for k in leaves(self.tree))

    def passed(self, args: Sequence[Any]) -> list[Any]:
        """The arguments that are passed on to the kernel."""
        fixed = {position for position, _ in self.fixed}
        return [a for k, a in enumerate(args) if k not in fixed]

    def raise_error(self, number: int) -> None:
        """Raise the error of this number; 0 is none."""
        if number:
            raise copy.copy(self.errors[number - 1])  # each with a traceback of its own

    @property
    def tree(self) -> Result:
        """`result` as output numbers."""
        if self.result == "single":
            return 0
        if self.result == "tuple":
            return tuple(range(self.count))
        return self.result

    @property
    def work_on_stack(self) -> bool:
        """Whether work memory is taken from the stack of the call (else: a cached arena)."""
        return self.work_bytes <= STACK_WORK_BYTES


def status_error(status: int) -> BaseException:
    """The exception for a nonzero kernel status."""
    if status == loop.RAISED:
        return raised.taken()
    kind, message = loop.STATUS.get(status, (RuntimeError, UNKNOWN_STATUS))
    return kind(message)

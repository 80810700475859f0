"""`Kernel`: a compiled function as a Python callable, specialised to each signature it meets."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from tapec.backends.fastcall import FastCallable, enable_vectorcall
from tapec.backends.locks import ForkedLock
from tapec.call.derivatives import TRANSFORMS, Derivatives
from tapec.call.engine import Engine
from tapec.call.entries import Entries
from tapec.call.foreign import Foreign
from tapec.call.method import BoundKernel
from tapec.call.quick import NoCheapKey, describe, described_values, is_described
from tapec.call.signature import Signature, abstract, has_parameter, static_test
from tapec.call.values import inlined, is_traced
from tapec.call.variants import Variants
from tapec.config import SETTINGS
from tapec.ir.pauses import gc_paused
from tapec.lazy import deferred

if TYPE_CHECKING:
    from tapec.call import cached, portable, tracing
    from tapec.call.specialize import Specialization
    from tapec.ir import graph
    from tapec.look import debug, stages, taping
else:
    debug, stages, taping = (deferred(f"tapec.look.{n}") for n in ("debug", "stages", "taping"))
    cached, portable = deferred("tapec.call.cached"), deferred("tapec.call.portable")
    tracing, graph = deferred("tapec.call.tracing"), deferred("tapec.ir.graph")

Backend = Literal["auto", "llvm", "numpy"]


@enable_vectorcall
class Kernel(Derivatives, Foreign, FastCallable):
    """A function compiled on demand, once for every signature.

    Calls take and return NumPy arrays. Results share memory with arguments, and lie in it, as those
    of the function do; others are fresh and owned by the caller. A kernel is thread safe; it may be
    called inside another traced function, where it becomes part of that program. `tapec.compile`
    and every transform make kernels; `Derivatives` says which derivatives are attributes.

    >>> f = tapec.compile(lambda x: np.sum(x**2))
    >>> f(np.ones(3)), f.grad(np.ones(3))
    (np.float64(3.0), array([2., 2., 2.]))
    """

    def __init__(
        self,
        f: Callable[..., Any],
        *,
        static_argnums: Iterable[int] = (),
        static_argnames: Iterable[str] = (),
        backend: Backend = "auto",
        threads: int = 0,
        fastmath: bool = False,
        inline: bool = True,
    ) -> None:
        self.__wrapped__ = f
        self._engine = Engine(backend, threads, fastmath)
        static = {"static_argnums": (*static_argnums,), "static_argnames": (*static_argnames,)}
        self._options = {**static, "inline": inline, **self._engine._asdict()}
        self._traced = functools.partial(inlined, f) if inline else TRANSFORMS["outline"](f)
        self._static = static_test(f, static_argnums, static_argnames)
        self._has_static = any(static.values())
        self._has_out = has_parameter(f, "out")
        # What does what the program cannot: change things, and raise.
        self.plain = getattr(f, "replayed", None) if type(f).__module__.startswith("tapec.") else f
        self._pinned: frozenset[int] = frozenset()
        self._quick: dict[Any, Variants] = {}
        self._lock = ForkedLock()
        self._found: dict[Signature, Variants] = {}
        self._entries = Entries()
        self._derived: dict[str, Any] = {}
        functools.update_wrapper(self, f, updated=())
        self.__name__ = getattr(f, "__name__", type(f).__name__)

    def __call__(self, *args: Any, out: Any = None, **kwargs: Any) -> Any:
        """Evaluate; `out` receives the results instead of fresh arrays.

        The first call with a signature traces and compiles. `out` is an array, or a nesting of
        arrays like the result; it is returned. Raises ShapeError where `out` does not fit, a
        TraceError where the function cannot be traced, and what the function itself raises.

        >>> f, y = tapec.compile(np.sin), np.empty(2)
        >>> f(np.zeros(2), out=y) is y
        True
        """
        if self._has_out and out is not None:  # the function has a parameter of that name
            out, kwargs["out"] = None, out
        pinned = self._pinned
        key, values = self._key(args, kwargs, pinned)
        if (current := self._recalled(key)) is not None:
            return self._entries.run(self, current, values, out, (args, kwargs))
        signature, leaves = abstract(args, kwargs, self._static, self._pinned)
        if is_traced(leaves):
            return self._traced(*args, **kwargs)
        try:
            special = self._specialize(args, kwargs)
        except tracing.CapturesTracer:
            return self._traced(*args, **kwargs)
        if special.signature is not signature and special.signature != signature:
            _, leaves = abstract(args, kwargs, self._static, self._pinned)
        self._remember(key, pinned, special)
        return self._entries.run(self, special, leaves, out, (args, kwargs))

    def _remember(self, key: Any, pinned: frozenset[int], special: Specialization) -> None:
        """Find the program by the cheap key from now on, where it says all of the signature."""
        if key is not None and pinned is self._pinned and is_described(special.signature, pinned):
            self._quick[key] = self._found[special.signature]

    def _recalled(self, key: Any) -> Specialization | None:
        """The program that the cheap key leads to, if what it captured is still the same."""
        return known.current() if (known := self._quick.get(key)) else None

    def _key(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], pinned: frozenset[int]
    ) -> tuple[Any, list[Any]]:
        """A cheap key of this call, None where there is none, and the leaves."""
        leaves: list[Any] = []
        if self._has_static:
            return None, leaves
        try:
            key = describe(args, leaves), describe(kwargs, leaves)
            return (*key, *described_values(leaves, pinned)) if pinned else key, leaves
        except NoCheapKey:
            return None, leaves

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """A kernel in a class body is a method."""
        return self if instance is None else BoundKernel(self, instance)

    def _specialize(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Specialization:
        with self._lock.held():
            while True:
                signature, _ = abstract(args, kwargs, self._static, self._pinned)
                try:
                    return self._program(signature)
                except cached.Pins as need:
                    self._pinned |= {signature.traced[k] for k in need.params}

    def _program(self, signature: Signature) -> Specialization:
        """The program of a signature; gaps in arguments matter where it depends on them only."""
        if signature not in self._found and (simple := signature.without_gaps) != signature:
            special = self._program(simple)
            if special.asked.isdisjoint(signature.strided):
                self._found[signature] = self._found[simple]
                return special
        known = self._found.get(signature) or Variants()
        return known.current() or self._compile(signature, known)

    @gc_paused()  # compiling makes many objects and frees few: collections take long, and find none
    def _compile(self, signature: Signature, known: Variants) -> Specialization:
        plan = known.next_plan()
        special, request = cached.specialize(self.__wrapped__, signature, self._engine, plan)
        self._found[signature] = known
        self._entries.drop(known.add(special))
        self._entries.add(self, special)
        request.keep(special)
        if SETTINGS.debug or SETTINGS.dump is not None:
            debug.report(special)
        return special

    def specialization(self, *args: Any, **kwargs: Any) -> Specialization:
        """The compiled program for these arguments (compiling it where needed)."""
        return self.located(args, kwargs)[0]

    def located(self, args: Any, kwargs: Any) -> tuple[Specialization, Sequence[Any]]:
        """The compiled program of a call, and the leaves of its arguments."""
        pinned = self._pinned
        key, leaves = self._key(args, kwargs, pinned)
        if (found := self._recalled(key)) is None:
            found = self._specialize(args, kwargs)
            self._remember(key, pinned, found)
            leaves = abstract(args, kwargs, self._static, self._pinned)[1]
        return found, leaves

    def ir(self, stage: str, *args: Any, **kwargs: Any) -> stages.IRText:
        """The program of this call at a stage, as text.

        `stage` is "trace", "optimized", "tangent", "adjoint", "loops", "llvm", "asm" or the name of
        a pass of lowering. Notebooks show it with its layout. Raises BackendError for other names,
        and for native stages of a program that the interpreter runs.

        >>> def f(x):
        ...     return np.sin(x)
        >>> print(tapec.compile(f).ir("optimized", 0.5))
        func @f(%x: f64) -> (f64) {
          %0 = sin %x : f64
          return %0
        }
        """
        return stages.stage_text(self._specialize(args, kwargs), stage)

    def explain(self, *args: Any, **kwargs: Any) -> str:
        """What was done to compile this call, as a report.

        Every stage from trace to machine code with sizes and milliseconds; what became of Python's
        loops and branches; memory; the loops of the machine code and what is computed in each;
        library calls; the backend, and why it is the interpreter where it is.

        >>> text = tapec.compile(np.sin).explain(np.zeros(9))
        >>> "backend: " in text
        True
        """
        return self._specialize(args, kwargs).explain()

    def graph(self, *args: Any, **kwargs: Any) -> Any:
        """The def-use graph of the optimized program, a networkx.DiGraph: an edge from every op to
        the ops that read its results.

        >>> tapec.compile(lambda x: np.sin(np.cos(x))).graph(0.0).number_of_edges()
        3
        """
        return graph.to_networkx(self._specialize(args, kwargs).func)

    def tape(self, *args: Any, **kwargs: Any) -> taping.TapeReport:
        """What the reverse sweep keeps of this call: a printable list of its entries.

        Each says which value, at which line, is stored or computed again, and how many bytes it
        takes.

        >>> def f(x):
        ...     for _ in tapec.rolled(range(100)):
        ...         x = np.sin(x)
        ...     return x
        >>> tapec.compile(f).tape(0.5).bytes
        800
        """
        return taping.tape_report(self._specialize(args, kwargs).func)

    def sparsity(self, *args: Any, argnums: int | Sequence[int] = 0, **kwargs: Any) -> Any:
        """Where derivatives by arguments `argnums` can be nonzero, and how few directions do.

        A boolean `scipy.sparse` pattern, its colouring, the number of colours beside a lower bound,
        and a picture (see `tapec.sparse.report`).

        >>> tapec.compile(lambda x: x[1:] - x[:-1]).sparsity(np.ones(4))
        <sparsity 3 x 4: 6 nonzeros, 2 tangents, 0 cotangents (at least 2)>
        """
        return self.transform("jacobian")(self, argnums, sparse=True).sparsity(*args, **kwargs)

    def bind(self, *args: Any, out: Any = None) -> Callable[[], Any]:
        """A callable without arguments on these very buffers, for inner loops.

        It reads the arrays given here at every call and writes `out`, where given; no argument is
        looked at again. Change the arrays in place to change the point.

        >>> x, y = np.zeros(2), np.empty(2)
        >>> run = tapec.compile(np.cos).bind(x, out=y)
        >>> _ = run()
        >>> y
        array([1., 1.])
        """
        special = self._specialize(args, {})
        if (
            special.state is not None or special.errors
        ):  # it may be another program at the next call
            return functools.partial(self, *args, **({} if out is None else {"out": out}))
        leaves = abstract(args, {}, self._static, self._pinned)[1]
        return special.bind(leaves, out, (args, {}))

    def __repr__(self) -> str:
        known = ", ".join(str(s) for s in self._programs())
        return f"<tapec kernel {self.__name__}{': ' + known if known else ''}>"

    def __reduce__(self) -> Any:
        return restore, portable.portable(self, self._options, self._programs())

    def _programs(self) -> list[Specialization]:
        return [*dict.fromkeys(s for known in self._found.values() for s in known.specials)]

    def adopt(self, specials: Iterable[Specialization]) -> Kernel:
        """Take over programs made elsewhere."""
        for special in specials:
            self._found.setdefault(special.signature, Variants()).add(special)
            self._entries.add(self, special)
        return self

    def __copy__(self) -> Kernel:
        return Kernel(self.__wrapped__, **self._options)

    def __deepcopy__(self, memo: Any) -> Kernel:
        return self.__copy__()


def restore(
    f: Callable[..., Any] | None, path: tuple[str, str], options: dict[str, Any], programs: Any
) -> Any:
    """The kernel that `portable` took apart: by its name, else with its function and programs."""
    if f is None and not programs:
        return portable.find(*path)
    kernel = Kernel(f if f is not None else portable.Absent(path[1]), **options)
    return kernel.adopt(portable.unpacked(p) for p in programs)

"""One function at one signature: traced, cleaned, and made executable."""

from __future__ import annotations

import functools
import operator
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from tapec.backends.locks import ForkedLock
from tapec.call.calling import Calling
from tapec.call.engine import Engine
from tapec.call.native_form import NativeForm, native_form
from tapec.call.program import Face, ProgramLike
from tapec.call.results import Results
from tapec.call.sharing import check_separate, check_writeable, lie_apart, pairs_apart
from tapec.call.signature import Signature, Static, input_reader
from tapec.call.state import CapturedState
from tapec.call.values import boxed, has_gaps, owned, passed, prepared
from tapec.errors import TapecError
from tapec.lazy import deferred
from tapec.trace.arrays.overlap import Exclusive
from tapec.trace.markers import ResultMarker
from tapec.trace.python.plan import InputPlan
from tapec.tree import Tree, flatten, is_complex

if TYPE_CHECKING:
    from tapec.backends import llvm
    from tapec.backends.llvm import nesting
    from tapec.call.changes import Effects
    from tapec.ir import Func
    from tapec.look import explain as explaining
else:
    llvm, explaining = deferred("tapec.backends.llvm"), deferred("tapec.look.explain")
    nesting = deferred("tapec.backends.llvm.nesting")

Array = np.ndarray[Any, Any]
_Made = TypeVar("_Made")


@dataclass(eq=False)
class Specialization:
    """A program ready to run: with what it takes, gives back and changes."""

    signature: Signature
    program: ProgramLike
    face: Face
    tree: Tree  # of the result
    leaves: tuple[Any, ...]  # of the result: Out markers, or objects returned as they are
    mutated: tuple[int, ...]  # inputs (among the traced ones) whose final values follow the results
    engine: Engine
    errors: tuple[Exception, ...] = ()  # what the function may raise; the last result is its number
    state: CapturedState | None = None  # captured state; None where there is none
    plan: InputPlan = field(default_factory=InputPlan)  # which captured values are inputs
    exclusive: tuple[Exclusive, ...] = ()  # inputs that are written: these must lie apart
    effects: Effects | None = None  # what calls change outside; its values are the last results
    asked: frozenset[int] = frozenset()  # inputs whose gaps and signs of strides matter
    changes: Counter[str] = field(default_factory=Counter)  # retraces, by captured value
    _made: list[Any] = field(default_factory=list, repr=False)
    _kept: dict[Any, Any] = field(default_factory=dict, repr=False)
    _lock: Any = field(default_factory=ForkedLock, repr=False)

    def __str__(self) -> str:
        return f"({', '.join(map(str, self.face.params[: len(self.signature.traced)]))})"

    @property
    def func(self) -> Func:
        """The cleaned program."""
        return self.program.func

    def holds(self) -> bool:
        """Whether the program is valid for the captured state as it is now."""
        return self.state is None or self.state.holds()

    @property
    def captured_arrays(self) -> list[Any]:
        """The arrays that the program captures."""
        return [] if self.state is None else self.state.arrays

    @property
    def compiled(self) -> Any:
        """The native kernel, or None where the interpreter runs the program."""
        if not self._made:
            # One thread compiles: code that calls may be running must never be replaced.
            with self._lock.held():
                if not self._made:
                    self._made.append(self._compile())
        return self._made[0]

    def _compile(self) -> Any:
        if self.engine.backend == "numpy":
            return None
        made = self.program.native(self.abi(), self.engine.backend, self.form)
        if made is not None and self.state is not None:
            # Of the state, not of this object: a program has no cycles, so it goes when it is left.
            made.call.hidden = self.state.hidden_inputs
            if made.library is not None:
                self.state.link(made.library)
        return made

    @functools.cached_property
    def form(self) -> NativeForm:
        """The program with the arguments and results of native code."""
        fixed = self.writes or bool(self.exclusive)
        return native_form(self.face.results, self.signature, self.tree, self.leaves, fixed)

    def hidden_inputs(self) -> list[Any]:
        """The inputs that calls do not pass."""
        return [] if self.state is None else self.state.hidden_inputs()

    def abi(self) -> Any:
        """What the native call path must know of arguments and results."""
        captured = [] if self.state is None else [i.type for i in self.state.inputs]
        hidden = [passed(t.dtype, t.shape) for t in captured]
        args = [*self.form.args(), *hidden]
        own = self._returned - len(self.mutated) - self._stored
        outs = self.form.outs(own, bool(self.errors))
        return llvm.KernelAbi(
            tuple(args),
            tuple(outs),
            self.calling.result(),
            errors=self.errors,
            fixed=self.calling.fixed,
            hidden=len(hidden),
            watched=self.state is not None,
            apart=pairs_apart(self.exclusive, args) or (),
            layout=self.calling.layout,
            threads=self.engine.threads,
            fastmath=self.engine.fastmath,
        )

    @functools.cached_property
    def returned_count(self) -> int:
        """The number of the program's results that the function returns."""
        return len(self.face.results) - len(self.mutated) - self._stored - bool(self.errors)

    @property
    def _stored(self) -> int:
        """The number of results that are stored outside."""
        return 0 if self.effects is None else self.effects.count

    @functools.cached_property
    def _returned(self) -> int:
        """How many results native code returns."""
        packed = len(self.form.pairs)
        return self.returned_count - packed + len(self.mutated) + self._stored

    @functools.cached_property
    def calling(self) -> Calling:
        """Which calls native code takes."""
        pure = self.plain and not (self.writes or self.signature.narrow)
        return Calling(self.signature, self.form, self._returned, pure)

    @property
    def writes(self) -> bool:
        """Whether a call changes its arguments or anything outside."""
        return bool(self.mutated) or self.effects is not None

    @functools.cached_property
    def _raises(self) -> tuple[type[Exception], ...]:
        """Errors after which it matters what a call has changed before."""
        if not self.writes:
            return ()
        return (LookupError, ValueError, *{type(error) for error in self.errors})

    def once(self, make: Callable[[Specialization], _Made]) -> _Made:
        """What a function makes of the program, made once."""
        if make not in self._kept:
            with self._lock.held():
                if make not in self._kept:
                    self._kept[make] = make(self)
        found: _Made = self._kept[make]
        return found

    @property
    def releases(self) -> bool:
        """Whether a call releases the interpreter lock."""
        return self.compiled is not None and bool(self.compiled.kernel.signature.nogil)

    def run(
        self, leaves: Sequence[Any], out: Any = None, given: Any = ((), {}), plain: Any = None
    ) -> Any:
        """Evaluate on the leaves of a call; `out` receives the results.

        `given` are the arguments whose leaves these are: the function may change containers. A
        program that fails has changed nothing; then `plain`, the function itself, changes what it
        changes before it raises. That of a derivative gives NotImplemented where it does not.
        """
        inputs = self._inputs(leaves)
        if self.exclusive:
            self._check_written(inputs, leaves)
        fresh = self.calling.direct and not (self.writes or self.results.views)
        if out is None and fresh and self.compiled is not None:
            return self._native(inputs)
        try:
            values = self._evaluate(inputs)
        except self._raises as error:
            if plain is None or out is not None or isinstance(error, TapecError):
                raise
            values, failed = None, error
        if values is None:
            made = plain(*given[0], **given[1])
            if made is NotImplemented:
                raise failed
            return made
        stored = len(values) - self._stored
        for position, value in zip(self.mutated, values[self.returned_count : stored], strict=True):
            inputs[position][...] = value
        if self.effects is not None:
            self.effects.apply(values, inputs, given, self.state)
        if self.results.views:
            values += self.results.seen(values, inputs)
        if out is not None:
            return self.results.store(values, out)
        return self._arranged(values)

    @functools.cached_property
    def _inputs(self) -> Callable[[Sequence[Any]], list[Any]]:
        return input_reader(self.signature)

    @functools.cached_property
    def results(self) -> Results:
        count = self._returned + len(self.form.pairs)
        return Results([m for m in self.leaves if isinstance(m, ResultMarker)], count)

    @functools.cached_property
    def plain(self) -> bool:
        """Whether arguments have no gaps, and results are fresh, as in native calls."""
        in_order = sum(bool(given.order) for given in self.form.inputs)
        gaps = len(self.signature.strided) > in_order
        return not (self.results.views or gaps)

    def _evaluate(self, inputs: list[Any]) -> list[Any]:
        kernel = self.compiled
        if kernel is None:
            given = [*inputs, *self.hidden_inputs()]
            arrays = [np.asarray(x, t.numpy) for x, t in zip(given, self.face.params, strict=True)]
            values = [owned(y) for y in self.program.interpreted()(arrays)]
            for k, order in self.results.orders.items():
                values[k] = values[k].transpose(np.argsort(order))
            if self.errors:
                self.abi().raise_error(int(values.pop()))
            return values
        result = self._native(inputs)
        if not self.calling.direct:
            return self.form.parts([result] if self._returned == 1 else list(result))
        found = flatten(result, is_leaf=is_complex)[0]
        by_number = dict(zip(self.calling.markers, found, strict=True))
        return self.form.parts([by_number[k] for k in range(len(by_number))])

    def _native(self, inputs: list[Any]) -> Any:
        """The results of native code on these inputs."""
        kinds = zip(self.form.given(inputs), self.form.inputs, strict=True)
        args, named = self.calling.passed([prepared(x, kind.order) for x, kind in kinds])
        return self.compiled.call(*args, **named)

    @functools.cached_property
    def _arranged(self) -> Callable[[Sequence[Any]], Any]:
        """The function's return value, built from the program's results."""
        return self.tree.maker(self._leaf(marker) for marker in self.leaves)

    def _leaf(self, marker: Any) -> Callable[[Sequence[Any]], Any]:
        if not isinstance(marker, ResultMarker):
            return lambda values: marker
        index = self.results.place(marker)
        if self.compiled is not None or marker.is_view:
            return operator.itemgetter(index)
        return lambda values: boxed(values[index], marker.python_scalar, marker.boxed)

    def _check_written(self, inputs: Sequence[Any], leaves: Sequence[Any]) -> None:
        kinds = zip(self.signature.leaves, leaves, strict=True)
        captured = [x for k, x in kinds if isinstance(k, Static) and isinstance(x, np.ndarray)]
        captured += self.captured_arrays
        names = [hint or "an array" for hint in self.face.hints]
        check_separate(self.exclusive, inputs, names, captured)
        check_writeable(inputs[position] for position in self.mutated)

    def bind(self, leaves: Sequence[Any], out: Any, given: Any) -> Callable[[], Any]:
        """A callable without arguments on the leaves of a call."""
        outs = None if out is None else flatten(out)[0]
        buffers = self._inputs(leaves)
        separate = not (self.writes or self.exclusive) and lie_apart(outs or [], buffers)
        simple = separate and self.calling.direct and self.plain and not self.results.orders
        packed = self.form.packed or self.signature.narrow
        simple = simple and not (packed or any(map(has_gaps, buffers)))
        if self.compiled is None or not simple:
            return lambda: self.run(leaves, out, given)
        bound: Callable[[], Any] = self.compiled.bind(buffers, outs)
        return bound

    def explain(self) -> str:
        """A report of every stage of compilation."""
        return explaining.explain(self)

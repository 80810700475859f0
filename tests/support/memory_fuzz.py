"""Random programs over arrays, compiled against plain NumPy; those that fail are shrunk."""

from __future__ import annotations

import copy
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import tapec
from support.random_memory import Statement, Writer, function, source
from tapec.ad.drivers import value_and_gradient
from tapec.backends import interpreter

STEP, CLOSE, LARGEST = 1e-30, 1e-6, 1e6
Memory = Callable[[Any], tuple[Any, Any]]
# How the arguments lie in their memory.
VECTORS: list[Memory] = [
    lambda m: m[:4], lambda m: m[:4], lambda m: m[3::-1], lambda m: m[:8:2], lambda m: m[10:2:-2],
]  # fmt: skip
MATRICES: list[Memory] = [
    lambda m: m.reshape(3, 4), lambda m: m.reshape(4, 3).T, lambda m: m.reshape(3, 4)[::-1],
    lambda m: m.reshape(3, 4)[:, ::-1], lambda m: m.reshape(4, 3).T[::-1], lambda m: m.reshape(3, 4),
]  # fmt: skip


class Arguments:
    """The arguments of one program: where they lie, and their numbers."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.numbers = rng.uniform(-1, 1, 24)
        self.direction = rng.uniform(-1, 1, 24)
        self.vector = VECTORS[rng.integers(len(VECTORS))]
        self.matrix = MATRICES[rng.integers(len(MATRICES))]
        self.forward = rng.random() < 0.1  # whether forward mode is looked at too
        self.derived = rng.random() < 0.25  # whether gradients are asked for as users do
        self.start = 6 if rng.random() < 0.03 else 12  # of the matrix: both may share memory

    def make(self, memory: Any) -> tuple[Any, Any]:
        """The two arguments in a memory of 24 numbers."""
        return self.vector(memory[:12]), self.matrix(memory[self.start : self.start + 12])


class Wrong(Exception):
    """A kernel gives what plain NumPy does not."""


def examine(
    statements: list[Statement], seed: int, backend: Any = "numpy", derivatives: bool = True
) -> str:
    """Compare one program; returns what became of it. Raises Wrong."""
    f, given = function(source(statements), f"<program {seed}>"), Arguments(seed)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        memory, own = given.numbers.copy(), given.numbers.copy()
        want = outcome(f, *given.make(memory))
        kernel = tapec.compile(f, backend=backend)
        found = outcome(kernel, *given.make(own))
        if isinstance(found, tapec.TapecError):
            return f"refused: {str(found).splitlines()[0]}"
        if isinstance(want, Exception) or isinstance(found, Exception):
            if type(want) is not type(found):
                raise Wrong(f"{found!r}, not {want!r}")
            return "raises"
        if not np.isfinite(want) or abs(want) > LARGEST:
            return "large"
        try:
            return compared(f, kernel, given, (found, own), (want, memory), derivatives)
        except Wrong:
            if is_unstable(f, given):
                return "unstable"
            raise


def compared(
    f: Callable[..., Any], kernel: Any, given: Arguments, got: Any, want: Any, derivatives: bool
) -> str:
    """Compare value, arguments and derivatives."""
    for what, a, b in zip(("value is", "arguments afterwards are"), got, want, strict=True):
        if not np.allclose(a, b, rtol=CLOSE, atol=CLOSE):
            raise Wrong(f"the {what} {a}, not {b}")
    return slope(f, kernel, given, float(want[0])) if derivatives else "right"


def is_unstable(f: Callable[..., Any], given: Arguments) -> bool:
    """Whether plain NumPy itself gives other numbers where the arguments change by one rounding."""
    found = []
    for k in range(6):
        signs = np.random.default_rng(k).integers(-1, 2, 24)
        numbers = given.numbers * (1 + signs * 2.0**-52) + 1j * STEP * given.direction
        made = outcome(f, *given.make(numbers))
        if isinstance(made, Exception):
            return False
        found.append([made.real, made.imag / STEP])
    spread = np.ptp(np.array(found), axis=0)
    return bool(np.any(spread > 0.01 * CLOSE * np.maximum(1.0, np.abs(found[0]))))


def outcome(f: Callable[..., Any], *args: Any) -> Any:
    """What a call returns or raises."""
    try:
        return f(*args)
    except Exception as error:
        return error


def slope(f: Callable[..., Any], kernel: Any, given: Arguments, value: float) -> str:
    """Compare derivatives along one direction."""
    stepped = outcome(f, *given.make(given.numbers + 1j * STEP * given.direction))
    if isinstance(stepped, TypeError):  # a function that takes no complex numbers
        return "right"
    want = np.imag(stepped) / STEP
    if not np.isfinite(want) or abs(want) > LARGEST:
        return "large"
    args, tangents = given.make(given.numbers.copy()), given.make(given.direction)
    both = outcome(value_and_gradients if given.derived else adjoint_of_program, kernel, args)
    if isinstance(both, tapec.TapecError):
        return f"refused: gradient: {str(both).splitlines()[0]}"
    if isinstance(both, Exception):
        raise Wrong(f"the gradient raises {both!r}")
    pushed = want
    if given.forward:
        pushed = outcome(lambda: tapec.jvp(tapec.compile(f, backend="numpy"), args, tangents)[1])
    if isinstance(pushed, Exception):
        raise Wrong(f"the derivative raises {pushed!r}")
    pulled = sum(np.sum(g * t) for g, t in zip(both[1], tangents, strict=True))
    limit = CLOSE * max(1.0, abs(want))
    for what, got in (("value", both[0] - value + want), ("gradient", pulled), ("jvp", pushed)):
        if abs(got - want) > limit and not kink(f, given, want, got):
            raise Wrong(f"the {what} gives {got}, not {want}")
    return "right"


def value_and_gradients(kernel: Any, args: Any) -> Any:
    """Value and gradients as users ask for them: the function is traced for them again."""
    return tapec.value_and_grad(kernel, argnums=(0, 1))(*args)


def adjoint_of_program(kernel: Any, args: Any) -> Any:
    """Value and gradients from the program that the kernel has: no second trace."""
    special, leaves = kernel.located(args, {})
    inputs = [*leaves, *special.hidden_inputs()]
    wrt = [k < len(args) for k in range(len(inputs))]
    given = [np.asarray(x, t.numpy) for x, t in zip(inputs, special.face.params, strict=True)]
    found = interpreter.run(value_and_gradient(special.func, wrt), given)
    return found[0], found[-2:]


def kink(f: Callable[..., Any], given: Arguments, want: float, got: float) -> bool:
    """Whether differences do not confirm the complex step, or the kernel rather than it.

    Ties of `max` and points of branches have two slopes; `np.var` and norms drop the step.
    """
    h = 1e-6
    at = [f(*given.make(given.numbers + k * h * given.direction)) for k in (-1, 0, 1)]
    sides = [(at[1] - at[0]) / h, (at[2] - at[1]) / h]
    if any(abs(s - want) > 1e-3 * max(1.0, abs(want)) for s in sides):
        return True
    wide = 1e-4
    low, high = (f(*given.make(given.numbers + k * wide * given.direction)) for k in (-1, 1))
    middle = (high - low) / (2.0 * wide)
    return bool(abs(middle - got) < 0.1 * abs(middle - want))


# -- shrinking -------------------------------------------------------------------------------------


def smaller(statements: list[Statement]) -> Iterator[list[Statement]]:
    """Programs without one of the statements, or with a block in place of its statement."""
    for k, s in enumerate(statements):
        before, after = statements[:k], statements[k + 1 :]
        yield before + after
        if s.text.startswith("parts = ["):
            names = s.text[9:-1].split(", ")
            for n in range(len(names)):
                kept = ", ".join(names[:n] + names[n + 1 :])
                yield [*before, Statement(f"parts = [{kept}]"), *after]
        if s.body:
            yield before + s.body + after
        if s.otherwise:
            yield before + s.otherwise + after
            yield [*before, Statement(s.text, s.body), *after]
        for name in ("body", "otherwise"):
            for part in smaller(getattr(s, name)):
                made = copy.copy(s)
                setattr(made, name, part)
                yield [*before, made, *after]


def shrunk(
    statements: list[Statement], fails: Callable[[list[Statement]], bool]
) -> list[Statement]:
    """A program that still fails, and none of whose parts can be left out."""
    size = len(statements)
    while size := size // 2:  # runs of statements first
        for k in range(len(statements) - size, -1, -size):
            without = statements[:k] + statements[k + size :]
            statements = without if fails(without) else statements
    while found := next((p for p in smaller(statements) if fails(p)), None):
        statements = found
    return statements


def counts(statements: list[Statement]) -> bool:
    """Whether all `while` loops count, and thus end."""
    return all(
        ("while " not in s.text or (bool(s.body) and s.body[0].text.endswith("+= 1")))
        and counts(s.body)
        and counts(s.otherwise)
        for s in statements
    )


def fails(statements: list[Statement], seed: int, backend: Any, derivatives: bool) -> bool:
    """Whether a program is compiled wrong; programs that Python refuses are not."""
    if not counts(statements):
        return False
    try:
        f, given = function(source(statements), f"<program {seed}>"), Arguments(seed)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            if isinstance(outcome(f, *given.make(given.numbers.copy())), (NameError, KeyError)):
                return False
        examine(statements, seed, backend, derivatives)
    except Wrong:
        return True
    except Exception:
        return False
    return False


def report(seed: int, backend: Any, why: str, writer: type[Writer] = Writer) -> str:
    """The seed, the shrunk program and what is wrong with it."""
    whole = writer(seed).program()
    derivatives = not fails(whole, seed, backend, False)
    small = shrunk(whole, lambda p: fails(p, seed, backend, derivatives))
    try:
        examine(small, seed, backend)
    except Wrong as error:
        why = str(error)
    return f"program {seed} ({backend}): {why}\n{source(small)}"


def campaign(
    seeds: range,
    backend: Callable[[int], Any] = lambda seed: "numpy",
    writer: type[Writer] = Writer,
) -> tuple[Counter[str], list[str]]:
    """What became of many programs, and the reports of those that are wrong."""
    found: Counter[str] = Counter()
    reports = []
    for seed in seeds:
        try:
            found[examine(writer(seed).program(), seed, backend(seed))] += 1
        except Wrong as error:
            found["wrong"] += 1
            reports.append(report(seed, backend(seed), str(error), writer))
    return found, reports

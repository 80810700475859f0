"""Rewritten functions do on plain values exactly what the originals do."""

from __future__ import annotations

import contextlib
import functools
import itertools
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tapec.trace.arrays.session import Session
from tapec.trace.python import operators
from tapec.trace.python.clone import placed
from tapec.trace.python.namespaces import Globals
from tapec.trace.source import Variables, rewritten
from tapec.trace.source.calls import FOLLOW

Function = Callable[..., Any]
LOG: list[Any] = []
FOLLOWED = Globals({}, Session(), placed)[FOLLOW]  # what the code of a trace calls


def again(f: Any) -> Any:
    """The rewritten function, over the same globals, closure and defaults."""
    code = rewritten(f.__code__)
    assert code is not f.__code__
    cells = dict(zip(f.__code__.co_freevars, f.__closure__ or (), strict=True))
    names = {"__tapec__": operators, "__tapec_state__": Variables, FOLLOW: FOLLOWED}
    scope = {**f.__globals__, **names}
    made = types.FunctionType(
        code, scope, f.__name__, f.__defaults__, tuple(cells[n] for n in code.co_freevars)
    )
    made.__kwdefaults__ = f.__kwdefaults__
    return made


def outcome(f: Function, args: Any) -> Any:
    """The result, or the kind of exception, and what was logged."""
    LOG.clear()
    try:
        result = f(*args)
    except Exception as error:
        result = (type(error), error.args)
    return result, list(LOG)


def note(x: Any) -> Any:
    LOG.append(x)
    return x


# --- the corpus: each takes two small integers ---------------------------------------------------


def branches(x: int, y: int) -> Any:
    if x > 2:
        z = "a"
    elif x > 1 and y < 1:
        z = "b"
    elif not y:
        return "early"
    else:
        z = "c"
    return z, x


def returns_everywhere(x: int, y: int) -> Any:
    for i in range(x):
        for j in range(y):
            if i * j == 2:
                return i, j
            if j > i:
                break
        else:
            note(("no break", i))
            if i == 1:
                return "one"
    return None


def loops(x: int, y: int) -> Any:
    total, i = 0, 0
    while i < x:
        i += 1
        if i % 2:
            continue
        for k in range(y, 0, -1):
            if k == i:
                continue
            if k == 3:
                break
            total += k
        if total > 6:
            break
    else:
        total = -total
    return total, i


def forever(x: int, y: int) -> Any:
    n = 0
    while True:
        n += 1
        if n > x:
            return n
        if n > y:
            break
    return -n


def no_return_at_the_end(x: int, y: int) -> Any:
    if x > y:
        return 1
    if x == y:
        note("same")
    for i in range(3):
        if i == x:
            return i


def unbound(x: int, y: int) -> Any:
    if x > 1:
        v = 1
    return v


def empty_loop(x: int, y: int) -> Any:
    for item in range(x):
        last = item
    return item, last


def deleted(x: int, y: int) -> Any:
    v = 3
    if x:
        del v
    if y:
        v = 4
    return v


def ternaries(x: int, y: int) -> Any:
    a = note("p") if x > y else (note("q") if x else note("r"))
    return a, (x and y) or "none", not x, x or y


def chains(x: int, y: int) -> Any:
    return note(0) < note(x) < note(y) < note(3), 0 <= x != y, x is not None is not y


def walrus(x: int, y: int) -> Any:
    out = []
    while (n := x - len(out)) > 0 and (m := n * 2) > y:
        out.append((n, m))
    if (k := len(out)) > 1:
        return k, out
    return out


def comprehensions(x: int, y: int) -> Any:
    i = 7
    squares = [i * i if i % 2 else -i for i in range(x) if i != y]
    pairs = {k: (k and y) for k in range(x)}
    return squares, pairs, i, sum(j or 1 for j in range(y))


def nested_functions(x: int, y: int) -> Any:
    count = 0

    def add(v: int, by: int = 1 if x else 2) -> int:
        nonlocal count
        if v > 1:
            count += v
            return count
        count -= by
        return -count

    got = [add(i) for i in range(x)]
    for _ in range(9):
        if count > 2:
            break
        count += 1
        add(count)
    return got, count, (lambda a: a if a > y else y)(x)


def defined_in_a_branch(x: int, y: int) -> Any:
    if x > 1:

        def f(v: int) -> int:
            return v + x

        import math as m
    else:

        class f:
            def __new__(cls, v: int) -> Any:
                return v - x if v else None

        from math import floor as m
    return f(y), m is not None


def context(x: int, y: int) -> Any:
    with contextlib.suppress(ZeroDivisionError):
        if x == 0:
            return note("zero") and 1 // 0
        if x == 1:
            return "one"
        note(6 // y)
    return "after"


def exceptions(x: int, y: int) -> Any:
    for i in range(3):
        try:
            if i == x:
                return "early"
            note(6 // (y - i))
        except ZeroDivisionError as error:
            note(str(error))
            if x > 3:
                continue
            break
        else:
            note("fine")
            if y == 2:
                break
        finally:
            note("done")
        note("next")
    try:
        assert x < 3, note(f"x is {x}")
        assert y, "y"
    except AssertionError:
        return "assertion"
    return "end"


def matching(x: int, y: int) -> Any:
    for v in [(x, y), [x], x]:
        match v:
            case (0, second):
                return "zero", second
            case [only]:
                if only > 2:
                    break
                note(only)
            case int() if y > 2:
                return "int"
    return "end"


def swaps(x: int, y: int) -> Any:
    a, b, *rest = x, y, 3, 4
    for _ in range(3):
        a, b = b, a + b
        if a > 5:
            (a, b), rest[0] = (b, a), b
    data = {"k": 0}
    for data["k"], (p, q) in enumerate(zip(range(x), range(y), strict=False)):
        note((p, q))
    return a, b, rest, data


def annotated(x: int, y: int) -> Any:
    total: int = 0
    other: float
    if x:
        total: int = 5  # type: ignore[no-redef]
        other = 1.0
    return total + (other if x else 0)


def recursive(x: int, y: int) -> int:
    if x <= 0:
        return y
    return recursive(x - 1, y + 1) if x % 2 else recursive(x - 2, y)


def iterators(x: int, y: int) -> Any:
    it = iter(range(8))
    for a in it:
        if a == x:
            break
    for b in it:
        if b > y:
            continue
        return a, b
    return a, list(it)


def raising(x: int, y: int) -> Any:
    if x < 0:
        raise ValueError("negative")
    elif x > y:
        raise KeyError(x)
    return x


def many(x: int, y: int) -> Any:
    if x == 0:
        return 0
    note("not 0")
    if x == 1:
        if y:
            return "1y"
        note("1")
    elif x == 2 and y:
        note("2y")
        return "2y"
    note("tail")
    while y:
        if x == 3:
            return "3"
        y -= 1
    return x, y


def first_name(x: int, y: int, /, *rest: Any, scale: int = 2, **more: Any) -> Any:
    return x * scale if rest else (y, more or None)


CORPUS = [
    branches,
    returns_everywhere,
    loops,
    forever,
    no_return_at_the_end,
    unbound,
    empty_loop,
    deleted,
    ternaries,
    chains,
    walrus,
    comprehensions,
    nested_functions,
    defined_in_a_branch,
    context,
    exceptions,
    matching,
    swaps,
    annotated,
    recursive,
    iterators,
    raising,
    many,
    first_name,
]


@pytest.mark.parametrize("f", CORPUS, ids=lambda f: f.__name__)
def test_the_same_on_plain_values(f: Function) -> None:
    made = again(f)
    for args in itertools.product(range(-1, 6), range(5)):
        want, got = outcome(f, args), outcome(made, args)
        if isinstance(want[0], tuple) and want[0][0] is UnboundLocalError:
            assert issubclass(got[0][0], NameError)
            continue
        assert got == want, args


def test_default_and_keyword_parameters() -> None:
    made = again(first_name)
    assert made(2, 3, 1, scale=5) == 10
    assert made(2, 3, z=1) == (3, {"z": 1})


class Base:
    """A class to inherit from."""

    __private = 3

    def value(self, x: int) -> int:
        return x

    def private(self, x: int) -> int:
        self.__seen = x
        if x > 1:
            self.__seen = self.__private
        return self.__seen


class Derived(Base):
    """A class whose methods call its parent's."""

    def value(self, x: int) -> int:
        if x > 1:
            return super().value(x) + 1
        return -super().value(x)

    def own_class(self, x: int) -> Any:
        return __class__ if x else None  # type: ignore[name-defined]


def test_methods_supers_and_private_names() -> None:
    d = Derived()
    for x in range(4):
        assert again(Derived.value)(d, x) == d.value(x)
        assert again(Base.private)(d, x) == d.private(x)
    assert again(Derived.own_class)(d, 1) is Derived


def test_lambdas_on_one_line() -> None:
    offset = 10
    pair = (
        (lambda x: x if x > 1 else -x),
        (lambda x: x + offset if x > 1 else (lambda y: y or 5)(x)),
    )
    for f, x in itertools.product(pair, range(4)):
        assert again(f)(x) == f(x)


def test_closures_share_their_variables() -> None:
    def make() -> tuple[Function, Function]:
        n = 0

        def step(by: int) -> int:
            nonlocal n
            if by:
                n += by
            return n

        return again(step), step

    rewritten_step, step = make()
    rewritten_step(2)
    assert step(3) == 5


def test_variables_are_read_and_bound() -> None:
    seen: list[Variables] = []

    def catch(test: Any, then: Any, otherwise: Any, state: Variables) -> None:
        seen.append(state)
        then()

    def f(a: int) -> Any:
        xs = [1]
        if a:
            b = a
            xs.append(b)
        return a, xs

    code = rewritten(f.__code__)
    fake = types.SimpleNamespace(if_=catch)
    names = {"__tapec__": fake, "__tapec_state__": Variables, FOLLOW: FOLLOWED}
    made = types.FunctionType(code, names)
    assert made(2) == (2, [1, 2])
    (state,) = seen
    assert state.assigned == 1
    assert dict(zip(state.names, state.get(), strict=True)) == {"b": 2, "a": 2, "xs": [1, 2]}
    state.set((operators.UNDEFINED, 7, 8))
    assert state.get() == (operators.UNDEFINED, 7, 8)


def test_what_is_left_as_it_is() -> None:
    def plain(x: int) -> int:
        return x + 1

    def generator(x: int) -> Iterator[int]:
        if x:
            yield x

    def looks_at_itself(x: int) -> Any:
        return locals() if x else None

    def jumps_from_finally(x: int) -> Any:
        while x:
            try:
                x -= 1
            finally:
                continue  # noqa: B012

    scope: dict[str, Any] = {}
    exec("def no_source(x):\n    return 1 if x else 2", scope)
    for f in (plain, generator, looks_at_itself, jumps_from_finally, scope["no_source"]):
        assert rewritten(f.__code__) is f.__code__


def decorate(f: Any) -> Any:
    LOG.append("decorated")
    return f


@decorate
@functools.cache
def decorated(x: int) -> Any:
    return "a" if x else "b"


def test_decorators_are_not_applied_again() -> None:
    LOG.clear()
    assert again(decorated.__wrapped__)(1) == "a"
    assert LOG == []


def test_lines_and_names_are_the_user_s() -> None:
    def f(x: int) -> Any:
        for i in range(3):
            if i == x:
                return 1 // 0

    with pytest.raises(ZeroDivisionError) as caught:
        again(f)(1)
    line = f.__code__.co_firstlineno
    mine = [
        (e.lineno + 1 - line, e.name) for e in caught.traceback if e.path.name == "test_syntax.py"
    ]
    assert mine[1:] == [(1, "f"), (2, "f"), (3, "f")]


def test_rewriting_is_done_once() -> None:
    code = rewritten(branches.__code__)
    assert rewritten(branches.__code__) is code
    assert rewritten(code) is code
    inner = [c for c in nested_functions.__code__.co_consts if isinstance(c, types.CodeType)]
    made = [
        c for c in rewritten(nested_functions.__code__).co_consts if isinstance(c, types.CodeType)
    ]
    assert inner
    assert all(rewritten(c) is c for c in made)

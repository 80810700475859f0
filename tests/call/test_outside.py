"""What functions change outside themselves: at every call, with that call's values, or refused."""

from __future__ import annotations

import collections
import dataclasses
import functools
import itertools
import linecache
import random
import sys
import time
import types
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
import pytest

import tapec
from tapec.errors import EffectError

X = np.array([0.5, 1.0, 2.0])
_NUMBERS = itertools.count()

# Before the function, its body, and what to look at afterwards.
CHANGES = {
    "global counter": ("n = 0", "global n\nn += 1\nreturn x * n", "n"),
    "global array": ("last = None", "global last\nlast = x * 2\nreturn x * 3", "last"),
    "global in a branch": ("n = 0", "global n\nif x[0] > 1: n += 1\nreturn x * n", "n"),
    "log of numbers": ("log = []", "log.append(x.sum())\nreturn x * 3", "log"),
    "log of arguments": ("log = []", "log.append(x)\nreturn x * 3", "log"),
    "log that is read": ("log = []", "log.append(x * 2)\nreturn x * len(log)", "log"),
    "log that repeats its last": (
        "log = [2.0]",
        "for _ in range(3): log.append(log[-1] * x[0])\nreturn x",
        "log",
    ),
    "numbers of a list": ("h = [1.0]", "h.append(h[0] + x[0])\nh.pop(0)\nreturn x * h[0]", "h"),
    "log in a loop": ("log = []", "for i in range(60): log.append(x[0] * i)\nreturn x", "log"),
    "log by a helper": (
        "log = []\ndef h(z):\n    log.append(z.sum())\n    return z * 2",
        "return h(h(x))",
        "log",
    ),
    "list extended": ("seen = []", "global seen\nseen += [x[0]]\nreturn x", "seen"),
    "list shifted": ("h = [0.0, 0.0]", "h[0], h[1] = h[1], x[0]\nreturn x * h[0]", "h"),
    "list popped": ("h = [1.0, 2.0, 3.0]", "h.pop()\nh.insert(0, x[0])\nreturn x", "h"),
    "list cleared": ("h = [1.0, 2.0, 3.0]", "h.clear()\nreturn x", "h"),
    "new key": ("d = {}", "d['a'] = x * 2\nreturn x * 3", "d"),
    "counted key": ("d = {'n': 0}", "d['n'] += 1\nreturn x * d['n']", "d"),
    "update": ("d = {'n': 0}", "d.update(m=x[0], n=d['n'] + 2)\nreturn x * d['n']", "d"),
    "order of keys": ("d = {'b': 1, 'a': 2}", "d.pop('b')\nd['b'] = x[0]\nreturn x", "d"),
    "nested containers": ("d = {}", "d['x'] = (x, [x + 1, {'a': x[0]}])\nreturn x", "d"),
    "Counter": ("c = collections.Counter()", "c['k'] += 1\nreturn x * c['k']", "c"),
    "defaultdict": ("c = collections.defaultdict(list)", "c['k'].append(x[0])\nreturn x", "c"),
    "deque": ("q = collections.deque([1.0], maxlen=3)", "q.append(x[0])\nreturn x * len(q)", "q"),
    "set": ("s = set()", "s.add(3)\nreturn x", "s"),
    "attribute": (
        "class A: pass\na = A()\na.v = 1.0",
        "a.v = a.v * 2 + x[0]\nreturn x * a.v",
        "vars(a)",
    ),
    "attributes of self": (
        "class A:\n    n = 0\n    def step(self, x):\n        self.n += 1\n        self.h = x * 2\n"
        "        return x * self.n\na = A()",
        "return a.step(x)",
        "vars(a)",
    ),
    "one array in two attributes": (
        "class A:\n    def f(self, x):\n        self.a = self.b = x * 2\n        return x\na = A()",
        "return a.f(x)",
        "(vars(a), a.a is a.b)",
    ),
    "arrays of self": (
        "class A:\n    def __init__(self): self.w, self.n = np.ones(40), 0\n"
        "    def f(self, x):\n        self.w = self.w + x[0]\n        self.n += 1\n"
        "        return x * self.w[0]\na = A()",
        "return a.f(x)",
        "vars(a)",
    ),
    "slots": (
        "class A:\n    __slots__ = ('v',)\na = A()\na.v = 0.0",
        "a.v = x[1]\nreturn x",
        "a.v",
    ),
    "dataclass": (
        "@dataclasses.dataclass\nclass S:\n    t: float\n    v: object\ns = S(0.0, np.zeros(3))",
        "s.t += 0.5\ns.v = s.v + x\nreturn x * s.t",
        "vars(s)",
    ),
    "objects made in the call": (
        "class N:\n    def __init__(self, v): self.v = v\nlog = []",
        "log.append(N(x * 2))\nreturn x",
        "[(type(q) is N, q.v) for q in log]",
    ),
    "class attribute": ("class A: n = 0", "A.n += 1\nreturn x * A.n", "A.n"),
    "class attribute by a method": (
        "class A:\n    n = 0\n    def m(self):\n        type(self).n += 1\n        return self.n\n"
        "a = A()",
        "return x * a.m()",
        "(A.n, vars(a))",
    ),
    "class method": (
        "class A:\n    n = 0\n    @classmethod\n    def up(cls):\n        cls.n += 1\n"
        "        return cls.n",
        "return x * A.up()",
        "A.n",
    ),
    "variable of two functions": (
        "def make():\n    k = 0\n    def up():\n        nonlocal k\n        k += 1\n        return k\n"
        "    def get(): return k\n    return up, get\nup, get = make()",
        "u = up()\nreturn x * u + get()",
        "get()",
    ),
    "function attribute": ("def h(): pass\nh.n = 0", "h.n += 1\nreturn x * h.n", "h.n"),
    "module attribute": (
        "m = types.ModuleType('m')\nm.n = 0",
        "m.n += 1\nreturn x * m.n",
        "m.n",
    ),
    "memo": (
        "memo = {}",
        "if 'a' not in memo: memo['a'] = np.linspace(0, 1, 3)\nreturn x * memo['a']",
        "memo",
    ),
    "cached property": (
        "class A:\n    @functools.cached_property\n    def g(self): return np.linspace(0.0, 1.0, 3)\n"
        "a = A()",
        "return x * a.g",
        "vars(a)",
    ),
    "array written with constants": (
        "class A: pass\na = A()\na.t = np.zeros(2)",
        "a.t[0] += 1\nreturn x * a.t[0]",
        "a.t",
    ),
}


def space(setup: str, body: str) -> dict[str, Any]:
    """The globals of a program, with its function `f`."""
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    text, name = f"{setup}\ndef f(x):\n{lines}", f"<outside {next(_NUMBERS)}>"
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    module = sys.modules["outside_program"] = types.ModuleType("outside_program")
    vars(module).update(np=np, collections=collections, functools=functools, types=types,
                        dataclasses=dataclasses)  # fmt: skip
    exec(compile(text, name, "exec"), vars(module))
    return vars(module)


def plain(value: Any) -> Any:
    """A value with its types, comparable."""
    if isinstance(value, dict):
        return type(value).__name__, [(k, plain(v)) for k, v in value.items()]
    if isinstance(value, list | tuple | set | collections.deque):
        return type(value).__name__, [plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return "array", value.dtype, value.tolist()
    return repr(value)


def value_of(f: Any) -> Any:
    return tapec.compile(f)


def gradient_of(f: Any) -> Any:
    return tapec.grad(lambda x: np.sum(f(x)))


def value_and_gradient(f: Any) -> Any:
    both = tapec.value_and_grad(lambda x: np.sum(f(x)))
    return lambda x: both(x)[0]


def value_with_tangent(f: Any) -> Any:
    return lambda x: tapec.jvp(f, (x,), (np.ones(3),))[0]


def value_with_pullback(f: Any) -> Any:
    return lambda x: tapec.vjp(f, x)[0]


def interpreted(f: Any) -> Any:
    return tapec.compile(f, backend="numpy")


@pytest.mark.parametrize("kind", CHANGES)
@pytest.mark.parametrize(
    "way",
    [value_of, interpreted, gradient_of, value_and_gradient, value_with_tangent,
     value_with_pullback],
    ids=lambda way: way.__name__,
)  # fmt: skip
def test_changes_are_made_at_every_call(kind: str, way: Callable[[Any], Any]) -> None:
    setup, body, state = CHANGES[kind]
    wanted, given = space(setup, body), space(setup, body)
    kernel = way(given["f"])
    for k in range(4):
        x = X + k
        expected, found = wanted["f"](x), kernel(x)
        if way is value_and_gradient:
            expected = np.sum(expected)
        if way is not gradient_of:
            np.testing.assert_allclose(found, expected, rtol=1e-15)
        assert plain(eval(state, given)) == plain(eval(state, wanted)), f"after call {k}"


@dataclasses.dataclass
class State:
    t: float
    v: Any


ARGUMENTS: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "item": (lambda: [1.0, 2.0], lambda a: a.__setitem__(0, a[0] * 2)),
    "append": (lambda: [1.0, 2.0], lambda a: a.append(a[0] + 7.0)),
    "pop": (lambda: [1.0, 2.0], lambda a: a.pop(0)),
    "reverse": (lambda: [1.0, X.copy()], lambda a: a.reverse()),
    "key": (lambda: {"a": 2.0}, lambda a: a.update(a=a["a"] * 2, b=a["a"])),
    "delete": (lambda: {"a": 2.0, "b": X.copy()}, lambda a: a.pop("a")),
    "array": (lambda: {"a": X.copy()}, lambda a: a["a"].__setitem__(0, 9.0)),
    "new array": (lambda: {"a": X.copy()}, lambda a: a.update(a=a["a"] * 2)),
    "attribute": (lambda: State(1.0, X.copy()), lambda a: setattr(a, "t", a.t + 1)),
    "attributes": (lambda: State(1.0, X.copy()), lambda a: vars(a).update(v=a.v * a.t, t=0.5)),
    "inner list": (lambda: {"a": [1.0, {"b": 2.0}]}, lambda a: a["a"][1].update(b=a["a"][0])),
    "kept": (lambda: [X.copy(), X.copy()], lambda a: a.append(a[1])),
}


@pytest.mark.parametrize("name", ARGUMENTS)
@pytest.mark.parametrize("by_name", [False, True])
def test_containers_given_are_changed(name: str, by_name: bool) -> None:
    make, change = ARGUMENTS[name]

    def f(a: Any) -> Any:
        change(a)
        return 1.5

    kernel = tapec.compile(f)
    for _ in range(3):
        wanted, given = make(), make()
        f(wanted)
        assert (kernel(a=given) if by_name else kernel(given)) == 1.5
        assert repr(given) == repr(wanted)
        if name == "kept":
            assert given[2] is given[1]


def test_a_container_given_twice_is_not_taken_for_two() -> None:
    def f(a: Any, b: Any) -> Any:
        a.append(a[0] * 2)
        return b[-1]

    kernel, both = tapec.compile(f), [1.0]
    assert kernel([1.0], [3.0]) == 3.0
    with pytest.raises(EffectError, match="given twice"):
        kernel(both, both)


KEPT: list[Any] = []
TABLE = np.linspace(0.0, 1.0, 50)


def test_arrays_of_outside_are_stored_themselves() -> None:
    def f(x: Any) -> Any:
        KEPT.append(x)
        KEPT.append(TABLE)
        return x * 2

    kernel = tapec.compile(f)
    for _ in range(3):
        KEPT.clear()
        x = X.copy()
        kernel(x)
        assert KEPT[0] is x
        assert KEPT[1] is TABLE


def view_of_an_argument(x: Any) -> Any:
    KEPT.append(x[1:])
    return x


def view_of_another(x: Any) -> Any:
    KEPT.append(TABLE[::2])
    return x


def function_made(x: Any) -> Any:
    KEPT.append(lambda: x)
    return x


def in_lanes(x: Any) -> Any:
    return tapec.vmap(view_of_sum)(x)


def view_of_sum(x: Any) -> Any:
    KEPT.append(x + 1)
    return x


@pytest.mark.parametrize("f", [view_of_an_argument, view_of_another, function_made, in_lanes])
def test_what_would_share_memory_or_keep_tracers_is_refused(f: Any) -> None:
    KEPT.clear()
    for way in (value_of, gradient_of):
        with pytest.raises(EffectError, match=r"(?s)test_outside\.py:\d+.*(copy|outside|called)"):
            way(f)(X)
    assert KEPT == []


def test_looking_at_a_program_changes_nothing() -> None:
    KEPT.clear()

    def f(x: Any) -> Any:
        KEPT.append(x * 2)
        return x

    kernel = tapec.compile(f)
    kernel.ir("trace", X)
    kernel.explain(X)
    assert KEPT == []
    tapec.hessian(lambda x: np.sum(f(x)))(X)
    tapec.gnvp(f)(X, X)
    assert len(KEPT) == 2


def test_a_function_that_cannot_be_traced_changes_nothing() -> None:
    KEPT.clear()

    def f(x: Any) -> Any:
        KEPT.append(x * 2)
        return np.unique(x > 1)

    with pytest.raises(tapec.TapecError):
        tapec.compile(f)(X)
    assert KEPT == []


def test_functions_that_append_are_traced_once() -> None:
    KEPT.clear()

    def f(x: Any) -> Any:
        KEPT.append(np.sum(x))
        return x

    kernel = tapec.compile(f)
    for _ in range(20):
        kernel(X)
    assert len(kernel._programs()) == 1
    assert len(KEPT) == 20


# --- random numbers, clocks -----------------------------------------------------------------------

rng = np.random.default_rng(0)
state = np.random.RandomState(1)
python = random.Random(2)
draw = rng.normal
bound = functools.partial(rng.uniform, 0.0, 1.0)
table = {"clock": time.time, "rng": rng}
names = itertools.cycle(["a", "b"])


class Model:
    clock = staticmethod(time.perf_counter)

    def __init__(self) -> None:
        self.rng = np.random.default_rng(3)

    def noisy(self, x: Any) -> Any:
        return x + self.rng.normal(size=3)

    def timed(self, x: Any) -> Any:
        return x * self.clock()


model = Model()


def by_default(x: Any, clock: Any = time.monotonic) -> Any:
    return x * clock()


def shuffled(x: Any) -> Any:
    order = [0, 1, 2]
    random.shuffle(order)
    return x[order]


def seeded(x: Any) -> Any:
    np.random.seed(0)
    return x * np.random.rand()


def in_a_helper(x: Any) -> Any:
    return model.noisy(x) * 2


DRAWS: list[Callable[[Any], Any]] = [
    lambda x: x * rng.normal(),
    lambda x: x * draw(),
    lambda x: x * bound(),
    lambda x: x * table["rng"].normal(),
    lambda x: x * table["clock"](),
    lambda x: x * state.randn(),
    lambda x: x * python.random(),
    lambda x: x * random.gauss(0, 1),
    lambda x: x * np.random.default_rng().normal(),
    lambda x: x * random.SystemRandom().random(),
    lambda x: x * np.random.choice([1.0, 2.0]),
    lambda x: x * np.random.rand(),
    lambda x: x * sum(map(lambda k: rng.normal(), range(3))),
    lambda x: x * time.time_ns(),
    lambda x: x * datetime.now().year,
    lambda x: x * uuid.uuid4().int,
    lambda x: x * len(next(names)),
    model.noisy, model.timed, by_default, shuffled, seeded, in_a_helper,
]  # fmt: skip


@pytest.mark.parametrize("f", DRAWS)
def test_what_differs_from_call_to_call_is_refused(f: Any) -> None:
    before = rng.bit_generator.state, random.getstate(), np.random.get_state()[1].tolist()
    for way in (value_of, gradient_of):
        with pytest.raises(EffectError, match=r"(?s)test_outside\.py:\d+.*as an argument"):
            way(f)(X)
    assert before == (
        rng.bit_generator.state, random.getstate(), np.random.get_state()[1].tolist()
    )  # fmt: skip


def test_generators_made_in_the_call_give_what_they_give() -> None:
    def f(x: Any) -> Any:
        made = np.random.default_rng(5)
        return x * made.normal(size=3) + len(time.ctime(0.0))

    for _ in range(2):
        np.testing.assert_allclose(tapec.compile(f)(X), f(X), rtol=1e-15)

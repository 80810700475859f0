"""Random modules with random edits from process to process: always Python's numbers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tapec
from tapec.cache.store import Store
from tests.support.processes import fresh, write

# A text with slots; every state of the module picks one of the alternatives of each.
SLOTS: dict[str, list[str]] = {
    "number": ["1.5", "-0.0", "0.0", "2.5", "2", "True", "np.float64(1.5)", "np.float32(1.5)"],
    "power": ["2", "3", "2.0", "1"],
    "count": ["1", "2", "3"],
    "ufunc": ["np.sin", "np.cos", "np.tanh", "lambda x: x", "np.sqrt", "math.fabs and np.exp"],
    "array": ["np.array([1.0, 2.0, 3.0])", "np.array([1.0, 2.0, 4.0])", "np.array([1, 2, 3])",
              "np.arange(3.0)", "np.ones((3, 3))[0]", "np.arange(6.0)[::2]"],
    "large": ["np.linspace(0.0, 1.0, 40)", "np.linspace(0.0, 2.0, 40)", "np.linspace(0.0, 1.0, 41)",
              "np.linspace(0.0, 1.0, 40, dtype=np.float32)", "np.linspace(0.0, 1.0, 80)[::2]"],
    "default": ["0.5", "0.25", "K", "(lambda: 0.125)()"],
    "decorator": ["", "@doubled", "@functools.lru_cache", "@functools.partial(scaled, k=3.0)"],
    "body": ["x * a + b", "x + a * b", "np.where(x > a, x, b * x)", "x - a if a > b else x + b",
             "sum([x, x * a, b])", "functools.reduce(lambda u, v: u * v + b, [x, x, a])"],
    "attribute": ["rate = 0.5", "rate = 0.75", "rate = property(lambda self: self.k)",
                  "def rate(self): return 1.0\n    rate = property(rate)"],
    "base": ["A", "B", "A, B"],
    "method": ["self.k * x", "x / self.k", "super().call(x) + self.k", "self.helper(x)"],
    "made": ["Model(1.1)", "Model(1.2)", "Model(k=1.1)", "Other(1.1)"],
    "container": ["{'a': 1.5, 'b': [2.0, 3.0]}", "{'b': [2.0, 3.0], 'a': 1.5}",
                  "{'a': 1.5, 'b': [2.0, 3.5]}", "{'a': 1.5, 'b': (2.0, 3.0)}",
                  "{'a': 2, 'b': [2.0, 3.0, 4.0]}"],
    "closure": ["make(0.5)", "make(0.75)", "make(K)", "(lambda x: x * 0.5)"],
    "partial": ["functools.partial(line, a=2.0)", "functools.partial(line, b=2.0)",
                "functools.partial(np.add, 1.0)", "functools.partial(np.multiply, 1.0)"],
    "text": ["'one'", "'two'", "'three'"],
    "late": ["pass", "K = 9.0", "np = types.SimpleNamespace(**{**vars(np), 'cumsum': np.cumprod})",
             "Model.helper = lambda self, x: x * 5.0", "model.k = 7.0", "model.__class__ = Other",
             "line.__defaults__ = (0.1, 0.2)", "line.__code__ = (lambda x, a, b: x).__code__",
             "data['b'] = [8.0, 9.0]", "A.offset = 0.7", "small = small * 2", "del A.offset",
             "sum = lambda xs: xs[0]", "numpy.cumsum = numpy.cumprod", "large[3] = 100.0",
             "builtins_sum = sum", "model.extra = 3.0", "abs = lambda x: x"],
}  # fmt: skip
TEXT = """\
import functools
import math
import types
import numpy
import numpy as np

K = <number>
small = <array>
large = <large>
data = <container>

def scaled(f, k=2.0):
    return lambda *args, **kwargs: k * f(*args, **kwargs)

def doubled(f):
    @functools.wraps(f)
    def inner(*args, **kwargs):
        return 2.0 * f(*args, **kwargs)
    return inner

def line(x, a=<default>, b=0.5):
    return <body>

<decorator>
def shape(k):
    return k ** <power>

def make(k):
    def inner(x):
        return x * k
    return inner

class A:
    offset = 0.3
    def call(self, x):
        return x + self.offset

class B:
    offset = 0.4
    def call(self, x):
        return x - self.offset

class Model(<base>):
    <attribute>
    def __init__(self, k):
        self.k = k
    def helper(self, x):
        return x * x
    def call(self, x):
        return <method>

class Other(Model):
    def helper(self, x):
        return x + 1.0

model = <made>
curve = <closure>
apply = <ufunc>
part = <partial>

def f(x):
    y = line(x) + K * apply(x) + curve(x) + part(x)
    for _ in range(<count>):
        y = y * 0.5 + model.call(x) * model.rate
    y = y + small * data["a"] + data["b"][-1] + shape(1.5) * abs(x)
    y = y + {"one": 1.0, "two": 2.0}.get(<text>, 0.5) + np.cumsum(x)
    return sum([y, x]) + large[:3] * x
"""
X = np.array([0.3, 0.8, 1.1])
Chosen = dict[str, int]


def text_of(chosen: Chosen) -> str:
    def pick(slot: re.Match[str]) -> str:
        return SLOTS[slot[1]][chosen[slot[1]]]

    text = re.sub(r"<(\w+)>", pick, TEXT)
    return f"{text}\n{SLOTS['late'][chosen['late']]}\n"


def edited(chosen: Chosen, rng: np.random.Generator) -> Chosen:
    """One or two slots filled otherwise."""
    slots = rng.choice([*SLOTS], rng.integers(1, 3), replace=False)
    return chosen | {str(s): int(rng.integers(len(SLOTS[str(s)]))) for s in slots}


def outcome(f: Any) -> Any:
    """A function's value at a point, or the exception that it raises."""
    try:
        with np.errstate(all="ignore"):
            return np.asarray(f(X.copy()))
    except Exception as error:
        return type(error).__name__


def check(module: Any, chosen: Chosen, gradients: bool) -> bool:
    """Compare a module's function with its kernel; whether that came from disk."""
    wanted = outcome(module.f)
    kernel = tapec.compile(module.f)
    found = outcome(kernel)
    if isinstance(found, str):
        return False  # what cannot be traced is not the cache's matter
    assert not isinstance(wanted, str), text_of(chosen)
    np.testing.assert_allclose(found, wanted, rtol=1e-6, err_msg=text_of(chosen))
    if gradients:
        step = 1e-6
        slope = tapec.jacobian(module.f)(X)
        for k, e in enumerate(np.eye(3) * step):
            by_steps = (module.f(X + e) - module.f(X - e)) / (2 * step)
            np.testing.assert_allclose(slope[:, k], by_steps, rtol=1e-3, atol=1e-5)
    return bool(kernel.specialization(X).program.kept.startswith("from disk"))


def run(folder: Path, seed: int, steps: int, monkeypatch: pytest.MonkeyPatch) -> int:
    rng = np.random.default_rng(seed)
    chosen = dict.fromkeys(SLOTS, 0)
    past, hits = [chosen], 0
    for step in range(steps):
        again = rng.random() < 0.3
        chosen = past[rng.integers(len(past))] if again else edited(chosen, rng)
        past.append(chosen)
        with monkeypatch.context() as patch:
            patch.setattr(np, "cumsum", np.cumsum)  # put back what a module replaces
            write(folder, "varied", text_of(chosen))
            hits += check(fresh(folder, "varied"), chosen, step % 5 == 0)
    return hits


def test_random_edits(disk: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(tmp_path, 1, 16, monkeypatch) > 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_more_random_edits(
    disk: Store, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(tmp_path, seed, 120, monkeypatch) > 10

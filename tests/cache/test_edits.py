"""Another process gets the program of what it would run: never that of a text before an edit."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import tapec
from tapec.cache.shared import CACHE
from tapec.cache.store import Store
from tests.support.processes import fresh, write

HELPER = """\
import math
import functools
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple
import numpy as np

SCALE = 2.0
TABLE = {"a": 1.5, "b": [0.5, 0.25]}
SMALL = np.array([1.0, 2.0, 3.0])
LARGE = np.linspace(0.0, 1.0, 50)
NAMES = ("sin", "cos")
OPTION = "fast"
COUNT = 3

class Mode(Enum):
    FIRST = 1.25
    SECOND = 2

class Pair(NamedTuple):
    u: float
    v: float = 0.75

@dataclass
class Settings:
    rate: float = 0.3
    power: int = 2

class Base:
    offset = 0.1
    def shifted(self, x):
        return x + self.offset

class Model(Base):
    weight = 1.1
    def __init__(self, gain):
        self.gain = gain
        self._hidden = 0.2
    @property
    def half(self):
        return self.gain / 2
    @staticmethod
    def cube(x):
        return x * x * x
    @classmethod
    def weighted(cls, x):
        return cls.weight * x
    def __call__(self, x):
        return self.gain * self.shifted(x) + self._hidden

class Slotted:
    __slots__ = ("k",)
    def __init__(self, k):
        self.k = k

def scaled(f):
    @functools.wraps(f)
    def inner(x):
        return 1.5 * f(x)
    return inner

def with_default(x, a=0.5, *, b=0.25):
    return a * x + b

@scaled
def wave(x):
    return np.sin(SCALE * x)

def make(k):
    def inner(x):
        return x * k
    return inner

tripled = make(3.0)
raised = functools.partial(np.power, 2.0)
part = functools.partial(with_default, a=0.75)
shape = lambda x: x - 0.125
model = Model(1.2)
slotted = Slotted(0.6)
settings = Settings()
pair = Pair(0.4)
log = math.log
choose = np.minimum
"""
MAIN = """\
import numpy as np
import helper
from helper import *
from helper import wave as w, _unused if False else wave

CONSTANT = 0.7

def inner(x):
    y = np.zeros(3)
    for k in range(COUNT):
        y[k] = w(x[k]) * CONSTANT
    if OPTION == "fast":
        y = y + 1.0
    return y

def f(x):
    y = inner(x) + with_default(x) + part(x)
    y = y * TABLE["a"] + TABLE["b"][1] + SMALL * x + tripled(x) + raised(0.1 * x)
    y = y + shape(x) + model(x) + Model.cube(x) + Model.weighted(x) + model.half
    y = y + slotted.k * settings.rate * x ** settings.power + pair.u * pair.v
    y = y + LARGE[:3] + helper.log(2.5) + Mode.FIRST.value + choose(x, 0.9)
    y = y + getattr(np, NAMES[0])(x) + np.linalg.norm(x)
    return np.sum(y ** 2)
""".replace(
    "from helper import wave as w, _unused if False else wave", "from helper import wave as w"
)

# What is edited: the module, the text before and after.
EDITS: dict[str, tuple[str, str, str]] = {
    "global number": ("helper", "SCALE = 2.0", "SCALE = 2.5"),
    "number in a dictionary": ("helper", '"a": 1.5', '"a": 1.75'),
    "number in a list": ("helper", "[0.5, 0.25]", "[0.5, 0.375]"),
    "small array": ("helper", "[1.0, 2.0, 3.0]", "[1.0, 2.0, 3.5]"),
    "element type": ("helper", "[1.0, 2.0, 3.0]", "[1, 2, 3]"),
    "large array": ("helper", "linspace(0.0, 1.0", "linspace(0.0, 3.0"),
    "length of a large array": ("helper", "1.0, 50)", "1.0, 60)"),
    "name": ("helper", '("sin", "cos")', '("cos", "sin")'),
    "option": ("helper", '"fast"', '"slow"'),
    "count": ("helper", "COUNT = 3", "COUNT = 2"),
    "member of an enumeration": ("helper", "FIRST = 1.25", "FIRST = 1.5"),
    "default of a named tuple": ("helper", "v: float = 0.75", "v: float = 0.5"),
    "default of a dataclass": ("helper", "rate: float = 0.3", "rate: float = 0.4"),
    "integer of a dataclass": ("helper", "power: int = 2", "power: int = 3"),
    "attribute of a base class": ("helper", "offset = 0.1", "offset = 0.2"),
    "method of a base class": ("helper", "return x + self.offset", "return x - self.offset"),
    "attribute of a class": ("helper", "weight = 1.1", "weight = 1.3"),
    "hidden attribute": ("helper", "self._hidden = 0.2", "self._hidden = 0.3"),
    "property": ("helper", "self.gain / 2", "self.gain / 4"),
    "static method": ("helper", "x * x * x", "x * x"),
    "class method": ("helper", "cls.weight * x", "cls.weight + x"),
    "call of an object": ("helper", "self.gain * self.shifted", "2 * self.gain * self.shifted"),
    "decorator": ("helper", "1.5 * f(x)", "2.5 * f(x)"),
    "default": ("helper", "a=0.5, *", "a=0.625, *"),
    "keyword's default": ("helper", "b=0.25)", "b=0.375)"),
    "function": ("helper", "np.sin(SCALE * x)", "np.sin(SCALE + x)"),
    "decorated no more": ("helper", "@scaled\n", ""),
    "variable of a closure": ("helper", "make(3.0)", "make(4.0)"),
    "function of a closure": ("helper", "return x * k", "return x * k * k"),
    "argument of a partial": ("helper", "np.power, 2.0", "np.power, 3.0"),
    "function of a partial": ("helper", "partial(np.power, 2.0)", "partial(np.add, 2.0)"),
    "keyword of a partial": ("helper", "a=0.75", "a=0.875"),
    "lambda": ("helper", "x - 0.125", "x - 0.25"),
    "attribute of an object": ("helper", "Model(1.2)", "Model(1.4)"),
    "slot": ("helper", "Slotted(0.6)", "Slotted(0.7)"),
    "field of a named tuple": ("helper", "Pair(0.4)", "Pair(0.5)"),
    "builtin function": ("helper", "log = math.log", "log = math.exp"),
    "ufunc": ("helper", "np.minimum", "np.maximum"),
    "object of another class": ("helper", "model = Model(1.2)",
                                "class Other(Model):\n    weight = 9.0\n    def shifted(self, x):\n"
                                "        return x\nmodel = Other(1.2)"),
    "main's constant": ("main", "CONSTANT = 0.7", "CONSTANT = 0.8"),
    "code": ("main", "** 2)", "** 3)"),
    "another name": ("main", "wave as w", "shape as w"),
    "import shadowed": ("main", "CONSTANT = 0.7", "CONSTANT = 0.7\ntripled = lambda x: x"),
    "builtin shadowed": ("main", "CONSTANT = 0.7", "CONSTANT = 0.7\nrange = lambda n: [0, 0, 1]"),
    "numpy replaced": ("main", "import helper\n", "import helper, types\nnp = types.SimpleNamespace("
                       "**{**vars(np), 'zeros': np.ones})\n"),
    "numpy's function replaced": ("main", "CONSTANT = 0.7",
                                  "CONSTANT = 0.7\nimport numpy\nnumpy.zeros = numpy.ones"),
    "nothing but a comment": ("main", "CONSTANT = 0.7", "# as it was\nCONSTANT = 0.7"),
    "setting of NumPy": ("main", "CONSTANT = 0.7", "CONSTANT = 0.7\nnp.seterr(under='ignore')"),
}  # fmt: skip
X = np.array([0.3, 0.8, 1.1])


@pytest.fixture(autouse=True)
def _numpy_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "zeros", np.zeros)


def load(folder: Path, texts: dict[str, str]) -> ModuleType:
    for name, text in texts.items():
        write(folder, name, text)
    return fresh(folder, *texts)


def origin(kernel: Any, *args: Any) -> str:
    return str(kernel.specialization(*args).program.kept)


def compare(module: ModuleType) -> tuple[str, str]:
    """Check value and gradient against Python and a fresh compilation; where they come from."""
    value, gradient = tapec.compile(module.f), tapec.grad(module.f)
    np.testing.assert_allclose(value(X), module.f(X.copy()), rtol=1e-13)
    found = gradient(X)
    CACHE.enabled = False
    try:
        np.testing.assert_array_equal(found, tapec.grad(module.f)(X))
    finally:
        CACHE.enabled = True
    return origin(value, X), origin(gradient, X)


QUICK = ("decorator", "large array")


@pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in EDITS]
)
def test_no_edit_is_missed(disk: Store, tmp_path: Path, name: str) -> None:
    texts = {"helper": HELPER, "main": MAIN}
    assert compare(load(tmp_path, texts)) == ("compiled, and kept",) * 2
    assert all(note.startswith("from disk") for note in compare(load(tmp_path, texts)))
    module, before, after = EDITS[name]
    assert before in texts[module]
    edited = load(tmp_path, texts | {module: texts[module].replace(before, after)})
    notes = compare(edited)
    if name == "large array":  # it is read at each call
        assert all(note.startswith("from disk") for note in notes), notes

"""Variables that some path leaves unbound: the kernel raises where Python does, and only there.

Programs are generated: a statement that may bind `y`, one that reads it. Reference is Python.
"""

from __future__ import annotations

import itertools
import linecache
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec

BINDS = {
    "number": "if x[0] > 0.0:\n    y = 2.0 * x[1]",
    "constant": "if x[0] > 0.0:\n    y = 3.0",
    "array": "if x[0] > 0.0:\n    y = x * x",
    "view": "if x[0] > 0.0:\n    y = x[::-1]",
    "index": "if x[0] > 0.0:\n    y = 1",
    "truth": "if x[0] > 0.0:\n    y = True",
    "else": "if x[0] > 0.0:\n    pass\nelse:\n    y = x[0]",
    "nested": "if x[0] > 0.0:\n    if x[1] > 0.0:\n        y = x[1]",
    "elif": "if x[0] > 1.0:\n    y = 1.0\nelif x[0] > 0.0:\n    y = x[1]",
    "either": "if x[0] > 0.0:\n    y = x[1]\nif x[1] > 0.0:\n    y = x[0]",
    "both": "if x[0] > 0.0:\n    y = x[1]\nelse:\n    y = x[0]",
    "for": "for k in range(3):\n    if k * x[0] > 1.0:\n        y = k * x[1]\n        break",
    "rolled": "for k in tapec.rolled(range(5)):\n    if k * x[0] > 1.0:\n        y = k * x[1]",
    "always": "for k in tapec.rolled(range(5)):\n    y = k * x[1]",
    "times": "for k in range(int(n)):\n    y = k + x[1]",
    "counter": "for y in range(int(n)):\n    pass",
    "none": "for k in range(0):\n    y = k + x[1]",
    "while": "z = x[0]\nwhile z > 0.1:\n    y = z * x[1]\n    z = z - 0.5",
    "while read": "z = x[0]\ni = 0\nwhile z > 0.1:\n    if i > 1:\n        z = z - y\n    y = 0.3\n    i += 1\n    z = z - 0.01",
    "deleted": "y = x[1] * 1.0\nif x[0] < 0.0:\n    del y",
    "deleted twice": "y = 1.0\nif x[0] < 0.0:\n    del y\nif x[1] < 0.0:\n    del y",
    "deleted in a loop": "y = 1.0\nfor k in tapec.rolled(range(3)):\n    if k * x[0] < -1.5:\n        del y",
    "bound again": "y = x[1] * 1.0\ndel y\nif x[0] > 0.0:\n    y = x[0]",
    "returned from": "if x[0] < 0.0:\n    return x[1]\nelse:\n    y = x[0]",
    "raised from": "if x[0] < 0.0:\n    raise ValueError('no')\ny = x[0]",
    "tuple": "if x[0] > 0.0:\n    y, z = x[1], 1.0",
    "function": "if x[0] > 0.0:\n    def y(a):\n        return a",
    "text": "if x[0] > 0.0:\n    y = 'x'",
    "try": "try:\n    if x[0] > 0.0:\n        y = x[1]\nfinally:\n    z = 1.0",
    "caught": "try:\n    z = {}['k']\nexcept KeyError as e:\n    y = x[0]",
    "not caught": "try:\n    z = x[0]\nexcept KeyError as e:\n    y = x[0]",
    "match": "match n:\n    case 0:\n        y = x[0]\n    case 5:\n        y = x[1]",
    "for else": "for k in range(3):\n    if k * x[0] > 1.0:\n        break\nelse:\n    y = x[1]",
    "while else": "k = 0\nwhile k < 3 and x[0] > 0.0:\n    k += 1\nelse:\n    y = x[1]",
    "continue": "for k in tapec.rolled(range(4)):\n    if k * x[0] < 1.0:\n        continue\n    y = x[1] * k",
    "endless": "k = 0\nwhile True:\n    y = k * x[1]\n    k += 1\n    if k > 2:\n        break",
    "nested loops": "for k in range(int(n)):\n    for y in range(k):\n        pass",
    "rebound by a function": "def g():\n    nonlocal y\n    y = x[1]\nif x[0] > 5.0:\n    y = 1.0\ng()",
    "walrus": "if x[0] > 0.0 and (y := x[1]) > 0.0:\n    x = x * 2.0\nelse:\n    y = 0.5",
    "chained": "if x[0] > 0.0:\n    z = y = x[1]",
    "unpacked": "if x[0] > 0.0:\n    (a, *y) = x[0], 2.0, 3.0",
    "with": "if x[0] > 0.0:\n    with np.errstate(all='ignore') as q:\n        y = x[0]",
}
READS = {
    "returned": "return y",
    "used": "return x[0] + np.sum(y)",
    "assigned": "z = y\nreturn x[0]",
    "written": "y += 1.0\nreturn y",
    "as an index": "return x[y]",
    "in a branch": "if x[0] > 0.0:\n    return np.sum(y)\nreturn 0.5",
    "in another branch": "if x[1] > 0.0:\n    x = x + y\nreturn x",
    "in a loop": "for k in tapec.rolled(range(3)):\n    x = x + y\nreturn x",
    "deleted": "del y\nreturn x[0]",
    "in a function": "def g():\n    return x[0] + y\nreturn g()",
    "in a comprehension": "return sum([y for _ in range(2)])",
    "in a conditional": "return y if x[1] > 0.0 else x[0]",
    "twice": "return x + y + 2.0 * y",
    "never": "return x[0]",
    "bound before": "y = x[0]\nreturn y",
    "in a test": "if np.sum(y) > 0.0:\n    return x[0]\nreturn x[1]",
    "called": "return y(x[0])",
}
# Programs whose `y` is nothing to be used so: tracing may say it earlier than Python.
ILL_TYPED = (TypeError, IndexError)
POINTS = [np.array(p) for p in itertools.product([-1.0, 1.2], [-0.5, 0.7])]
BIND, READ = list(BINDS), list(READS)


def indented(text: str) -> str:
    return "\n".join("    " + line for line in text.splitlines())


def function(bind: str, read: str) -> Callable[..., Any]:
    source = f"def f(x, n):\n{indented(bind)}\n{indented(read)}\n"
    name = f"<{zlib.crc32(source.encode())}>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    space: dict[str, Any] = {**globals()}
    exec(compile(source, name, "exec"), space)
    found: Callable[..., Any] = space["f"]
    return found


def outcome(f: Callable[..., Any], x: Any, n: int) -> Any:
    try:
        return f(x.copy(), n)
    except Exception as error:
        return error


def differs(got: Any, want: Any) -> bool:
    if isinstance(got, tapec.TapecError):
        return not got.hint
    for kind in (NameError, AttributeError):
        if isinstance(want, kind):
            return not isinstance(got, kind)
    if isinstance(want, Exception) or isinstance(got, Exception):
        return type(want) is not type(got)
    if callable(want):
        return not callable(got)
    return not np.array_equal(got, want)


def check(bind: str, read: str, backend: Any = "numpy") -> None:
    f = function(BINDS[bind], READS[read])
    kernel = tapec.compile(f, backend=backend)
    points = list(itertools.product(POINTS, (0, 2)))
    fails_anyway = any(isinstance(outcome(f, *p), ILL_TYPED) for p in points)
    for x, n in points:
        want, got = outcome(f, x, n), outcome(kernel, x, n)
        if isinstance(got, ILL_TYPED) and fails_anyway:
            continue
        assert not differs(got, want), (x, n, got, want)


@pytest.mark.parametrize("bind", BINDS)
def test_raises_where_python_does(bind: str) -> None:
    start = zlib.crc32(bind.encode()) % 4
    for read in READ[start::4]:
        check(bind, read)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize("bind", BINDS)
def test_all(bind: str, backend: Any) -> None:
    for read in READS:
        check(bind, read, backend)


class Holder:
    def __init__(self, start: Any = None) -> None:
        if start is not None:
            self.y = start


class WithDefault(Holder):
    y = 5.0


ATTRIBUTES = {
    "set": "p = Holder()\nif x[0] > 0.0:\n    p.y = 2.0 * x[1]",
    "else": "p = Holder()\nif x[0] > 0.0:\n    pass\nelse:\n    p.y = x * 2.0",
    "nested": "p = Holder()\nif x[0] > 0.0:\n    if x[1] > 0.0:\n        p.y = x[1]",
    "deleted": "p = Holder(x[1])\nif x[0] < 0.0:\n    del p.y",
    "default": "p = WithDefault()\nif x[0] > 0.0:\n    p.y = 2.0 * x[1]",
    "loop": "p = Holder()\nfor k in range(3):\n    if k * x[0] > 1.0:\n        p.y = k * x[1]",
    "times": "p = Holder()\nfor k in range(int(n)):\n    p.y = k * x[1]",
    "text": "p = Holder()\nif x[0] > 0.0:\n    p.y = 'a'",
}
ATTRIBUTE_READS = {
    "returned": "return p.y",
    "used": "return np.sum(p.y) + x[0]",
    "in a branch": "if x[0] > 0.0:\n    return np.sum(p.y)\nreturn 0.5",
    "in a conditional": "return x[0] if x[0] < 0.0 else p.y",
    "in a loop": "for k in tapec.rolled(range(3)):\n    x = x + p.y\nreturn x",
    "set after": "p.y = x[1]\nreturn p.y",
    "set in a branch": "if x[1] > 0.0:\n    p.y = x[1]\nreturn x[0]",
    "assigned": "z = p.y\nif x[1] > 0.0:\n    z = z * 2.0\nreturn z",
}


@pytest.mark.parametrize("bind", ATTRIBUTES)
def test_attributes(bind: str) -> None:
    for read in ATTRIBUTE_READS:
        f = function(ATTRIBUTES[bind], ATTRIBUTE_READS[read])
        kernel = tapec.compile(f, backend="numpy")
        for x, n in itertools.product(POINTS, (0, 2)):
            want, got = outcome(f, x, n), outcome(kernel, x, n)
            assert not differs(got, want), (read, x, n, got, want)

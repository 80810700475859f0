"""Random reads of attributes of classes and objects, and random changes of them between calls."""

from __future__ import annotations

import linecache
import random
from typing import Any

import numpy as np

import tapec

READS = (
    "self.c", "type(self).c", "self.__class__.c", "super().c", "A.c", "B.c", "getattr(self, 'c')",
    "self.get()", "helper(self)", "self.prop", "self.of_class()", "self.static()",
    "vars(type(self)).get('c', 1.0)", "self.nested.c", "A.array[0]", "self.array.sum()",
    "self.d['k']", "A.d['k']", "len(self.items)", "self.items[-1]", "Other.c", "self.other.c",
    "(lambda s: s.c)(self)", "[s.c for s in (self,)][0]", "self()", "self[0]",
)  # fmt: skip
CHANGES = (
    "A.c = {v}", "B.c = {v}", "C.c = {v}", "m.c = {v}", "Mixed.c = {v}", "A.array[0] = {v}",
    "A.array = np.ones(2) * {v}", "m.array = np.ones(2) * {v}", "A.d['k'] = {v}",
    "m.d = {{'k': {v}}}", "A.items.append({v})", "m.items = [{v}]", "Other.c = {v}",
    "m.other = Second()", "A.nested = Second", "C.nested = Second", "A.get = lambda s: s.c * {v}",
    "B.get = lambda s: {v}", "C.prop = property(lambda s: {v})", "A.prop = {v}", "C.prop = {v}",
    "A.of_class = classmethod(lambda k: k.c + {v})", "A.static = staticmethod(lambda: {v})",
    "B.__call__ = lambda s: {v}", "C.__getitem__ = lambda s, i: {v}", "m.__class__ = D",
    "del B.c", "del C.c", "del m.c", "A.__call__ = lambda s: s.c", "Second.c = {v}",
)  # fmt: skip
VALUES = ("1.0", "2.0", "3", "0.5", "np.float64(7)", "True")
FORMS = ("m.f", "lambda x: m.f(x)", "C.f.__get__(m)")
CLASSES = """\
import numpy as np
class Other: c = 1.5
class Second: c = 2.5
class A:
    c = 1.0; array = np.array([1.0, 2.0]); d = {{'k': 3.0}}; items = [1.0, 2.0]
    nested = Other; other = Other()
    def get(self): return self.c
    @property
    def prop(self): return self.c * 2
    @classmethod
    def of_class(cls): return cls.c + 1
    @staticmethod
    def static(): return 4.0
    def __call__(self): return self.c
    def __getitem__(self, i): return self.c + i
class Mixed: pass
class B(A): pass
class C(B, Mixed):
    def f(self, x): return np.sum(x) * ({read})
class D(C):
    c = 9.0
def helper(s): return s.c
m = C()
"""


def outcome(f: Any, x: Any) -> Any:
    """What a call returns, or the name of what it raises."""
    try:
        return f(x)
    except Exception as error:
        return type(error).__name__


def wrong(seed: int) -> str:
    """What a kernel gives that plain Python does not, and after which changes; empty if nothing."""
    rng = random.Random(seed)
    text = CLASSES.format(read=" + ".join(rng.sample(READS, rng.choice([1, 1, 2, 3]))))
    name, x = f"<classes {seed}>", np.array([1.0, 2.0])
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    scope: dict[str, Any] = {"__name__": f"classes_{seed}"}
    exec(compile(text, name, "exec"), scope)
    form, done = rng.choice(FORMS), [""]
    kernel = tapec.compile(eval(form, scope), backend=rng.choice(["auto", "numpy"]))
    for _ in range(6):
        want, got = outcome(eval(form, scope), x), outcome(kernel, x)
        refused = isinstance(got, str) and hasattr(tapec.errors, got)
        if not refused and got != want:
            return f"{form} {done}: {got}, not {want}\n{text}"
        done.append(rng.choice(CHANGES).format(v=rng.choice(VALUES)))
        try:
            exec(done[-1], scope)
        except AttributeError:
            done.pop()
    return ""

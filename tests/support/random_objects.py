"""Random functions of Python over objects, lists, dicts and tuples that get second names."""

from __future__ import annotations

import random
from collections.abc import Callable

HEAD = """import copy
from dataclasses import dataclass, replace
import numpy as np
from tapec import rolled


class Obj:
    def __init__(self, v, w):
        self.v, self.w = v, w

    def bump(self, k):
        if self.v < 2:
            self.v = self.v + k

    def __add__(self, other):
        return Obj(self.v + other.v, self.w)


@dataclass
class Rec:
    v: float
    w: float

    def moved(self, k):
        return replace(self, v=self.v + k)


class Slot:
    __slots__ = ("v", "w")

    def __init__(self, v, w):
        self.v, self.w = v, w


def f(x):
    a, b, i, z, flag = 0.5, x[1] * 1.0, 1, 0.0, False
    p, q, s = KIND(x[0], 1.0), KIND(x[1], x[2]), KIND(0.1, x[3])
    m, n, t = [x[0], 0.3], [x[2], x[3]], (x[3], 1.0)
    d, e = dict(k=x[1], l=0.2), dict(k=0.7, l=x[0])
    y = x * 0.5
    count = 0

    def add(v):
        nonlocal count, b
        count += 1
        if v > 0.1:
            b = b + 0.01 * v
        return v + 0.1

"""
END = """
    objects = sum((k + 1) * (o.v + 0.5 * o.w) for k, o in enumerate((p, q, s)))
    items = sum(m) + 3 * sum(n) + d["k"] + 2 * d["l"] + 3 * e["k"] + e["l"] + t[0] + 2 * t[1]
    return a + 2 * b + objects + items + 0.1 * i + count + np.sum(y) + z
"""
SIMPLE = ("i = i + 1", "p, q = q, p", "m, n = n, m", "m = n", "n = m[:]", "d = e", "e = dict(d)",
          "d = {**e, 'k': a}", "m[0], m[1] = m[1], m[0]", "y = y * 0.5", "a, (b, *_) = b, t",
          "m.append(m.pop(0))")  # fmt: skip
METHODS = {
    "Obj": ("{o}.bump({x})", "{o} = {o} + {u}"),
    "Rec": ("{o} = {o}.moved({x})",),
    "Slot": ("{o}.w = {o}.w * {x}",),
}


class ObjectSource:
    """Writes one function ``f(x)`` of four floats; the seed decides everything."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.kind = self.random.choice([*METHODS])
        self.names = 0

    def module(self) -> str:
        """The text of the module with the function."""
        count = self.random.randrange(3, 7)
        lines = [line for _ in range(count) for line in self.statement(0, False, 1)]
        return HEAD.replace("KIND", self.kind) + "\n".join(lines) + END

    def number(self, depth: int = 0) -> str:
        """An expression of floats."""
        pick, inner = self.random.choice, depth + 1
        makers: tuple[Callable[[], str], ...] = (
            lambda: pick("ab"),
            lambda: f"x[{self.random.randrange(4)}]",
            lambda: f"{self.random.uniform(-1, 1):.2f}",
            lambda: f"{pick('pqs')}.{pick('vw')}",
            lambda: f"{pick('mn')}[{pick(['0', '1', '-1'])}]",
            lambda: f"{pick('de')}['{pick('kl')}']",
            lambda: f"t[{self.random.randrange(2)}]",
            lambda: f"({self.number(inner)} {pick('+-*')} {self.number(inner)})",
            lambda: f"np.sin({self.number(inner)})",
            lambda: f"({self.number(inner)} if {self.test(inner)} else {self.number(inner)})",
            lambda: f"min({self.number(inner)}, {self.number(inner)})",
            lambda: f"add({self.number(inner)})",
            lambda: "sum(m)",
        )
        return makers[self.random.randrange(len(makers) if depth < 2 else 7)]()

    def test(self, depth: int = 0) -> str:
        """A condition."""
        inner = depth + 1
        makers: tuple[Callable[[], str], ...] = (
            lambda: f"{self.number(2)} > {self.number(2)}",
            lambda: f"i % 3 == {self.random.randrange(3)}",
            lambda: "flag",
            lambda: f"({self.test(inner)} and {self.test(inner)})",
            lambda: f"({self.test(inner)} or {self.test(inner)})",
            lambda: f"not {self.test(inner)}",
            lambda: f"(z := {self.number(2)}) < 0.2",
            lambda: f"add({self.number(2)}) > 0.3",
        )
        return makers[self.random.randrange(len(makers) if depth < 2 else 3)]()

    def simple(self) -> str:
        """A statement of one line."""
        pick = self.random.choice
        o, u = pick("pqs"), pick("pqs")
        made = (
            f"{pick('ab')} = {self.number()}",
            f"{pick('ab')} += 0.3 * {self.number(1)}",
            f"{o}.{pick('vw')} = {self.number(1)}",
            f"{o}.{pick('vw')} += 0.5",
            f"{o} = {u}",
            f"{o} = {self.kind}({self.number(1)}, {self.number(1)})",
            f"{o} = copy.copy({u})",
            f"{pick('mn')}[{self.random.randrange(2)}] = {self.number(1)}",
            f"{pick('mn')} = [{self.number(1)}, {self.number(1)}]",
            f"{pick('de')}['{pick('kl')}'] = {self.number(1)}",
            f"t = (t[1], {self.number(1)})",
            f"flag = {self.test(1)}",
            f"y[{self.random.randrange(4)}] += {self.number(1)}",
            pick(METHODS[self.kind]).format(o=o, u=u, x=self.number(1)),
            *SIMPLE,
        )
        return pick(made)

    def block(self, depth: int, loop: bool, indent: int) -> list[str]:
        """A few statements."""
        count = self.random.randrange(1, 4)
        return [line for _ in range(count) for line in self.statement(depth, loop, indent)]

    def statement(self, depth: int, loop: bool, indent: int) -> list[str]:
        """One statement, its lines indented."""
        pad, kind = "    " * indent, self.random.randrange(12 if depth < 3 else 6)
        if kind < 6:
            return [pad + self.simple()]
        if kind < 9:
            lines = [f"{pad}if {self.test()}:", *self.block(depth + 1, loop, indent + 1)]
            if self.random.random() < 0.5:
                lines += [f"{pad}else:", *self.block(depth + 1, loop, indent + 1)]
            return lines
        if kind < 11:
            return self._loop(depth, loop, indent)
        jump = self.random.choice(["break", "continue"]) if loop else "return a + b"
        return [f"{pad}if {self.test()}:", f"{pad}    {jump}"]

    def _loop(self, depth: int, loop: bool, indent: int) -> list[str]:
        pad = "    " * indent
        self.names += 1
        k = f"k{self.names}"
        heads = (
            [f"{pad}{k} = 0", f"{pad}while {k} < 4 and {self.test()}:", f"{pad}    {k} += 1"],
            [f"{pad}for {k} in (p, q):", f"{pad}    {k}.v = {k}.v * 0.9"],
            [f"{pad}for {k} in range(3):"],
            [f"{pad}for {k} in rolled(range(4)):"],
        )
        lines = [*self.random.choice(heads), *self.block(depth + 1, True, indent + 1)]
        if self.random.random() < 0.2:
            lines += [f"{pad}else:", *self.block(depth + 1, loop, indent + 1)]
        return lines

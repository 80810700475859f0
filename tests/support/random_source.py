"""Random functions of Python: branches, loops and jumps over traced and static conditions."""

from __future__ import annotations

import random
from collections.abc import Callable

LOOPS = ("range(3)", "range(n[0])", "range(1, n[1])", "range(n[1], 0, -1)", "x", "enumerate(y)",
         "rolled(range(4))")  # fmt: skip
PLACES = ("i % 4", "j % 4", "(i + j) % 4", "0", "-1", "-1 - (j % 4)")
INTEGERS = ("i + 1", "j - 1", "i + j", "2", "(i * 3) % 7")
START = """
def f(x, n):
    a, b, i, j = 0.5, x[1] * 1.0, 1, 2
    y = np.zeros(4)
    y[1] = x[2]
"""
END = "    return a + b * 2.0 + np.sum(y * x) + 0.1 * i + 0.01 * j\n"


class Source:
    """Writes one function; the seed decides everything."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.names = 0

    def function(self) -> str:
        """The text of ``f(x, n)``: four floats and two small integers."""
        lines = [line for _ in range(5) for line in self.statement(0, False, 1)]
        return START + "\n".join(lines) + "\n" + END

    def number(self, depth: int = 0) -> str:
        """An expression of floats."""
        some, kind = self.random, self.random.randrange(8 if depth < 2 else 3)
        inner = depth + 1
        makers: tuple[Callable[[], str], ...] = (
            lambda: some.choice("ab"),
            lambda: f"x[{some.choice(PLACES)}]",
            lambda: f"{some.uniform(-1, 1):.2f}",
            lambda: f"({self.number(inner)} {some.choice('+-*')} {self.number(inner)})",
            lambda: f"np.sin({self.number(inner)})",
            lambda: f"({self.number(inner)} if {self.test(inner)} else {self.number(inner)})",
            lambda: f"max({self.number(inner)}, {self.number(inner)})",
            lambda: f"y[{some.choice(PLACES)} :].sum()",
        )
        return makers[kind]()

    def test(self, depth: int = 0) -> str:
        """A condition."""
        inner = depth + 1
        makers: tuple[Callable[[], str], ...] = (
            lambda: f"{self.number(2)} > {self.number(2)}",
            lambda: f"i % 3 == {self.random.randrange(3)}",
            lambda: "n[0] > j",
            lambda: f"({self.test(inner)} and {self.test(inner)})",
            lambda: f"({self.test(inner)} or {self.test(inner)})",
            lambda: f"not {self.test(inner)}",
            lambda: f"-0.5 < {self.number(2)} < {self.number(2)}",
        )
        return makers[self.random.randrange(len(makers) if depth < 2 else 3)]()

    def block(self, depth: int, loop: bool, indent: int) -> list[str]:
        """A few statements."""
        count = self.random.randrange(1, 4)
        return [line for _ in range(count) for line in self.statement(depth, loop, indent)]

    def statement(self, depth: int, loop: bool, indent: int) -> list[str]:
        """One statement, its lines indented."""
        pad, some = "    " * indent, self.random
        simple: tuple[Callable[[], str], ...] = (
            lambda: f"{some.choice('ab')} = {self.number()}",
            lambda: f"{some.choice('ab')} {some.choice(['+=', '*='])} {self.number(1)}",
            lambda: f"y[{some.choice(PLACES)}] {some.choice(['=', '+='])} {self.number(1)}",
            lambda: f"{some.choice('ij')} = {some.choice(INTEGERS)}",
        )
        kind = some.randrange(4 if depth >= 3 else 12)
        if kind < 4:
            return [pad + simple[kind]()]
        if kind < 7:
            return self._branch(depth, loop, indent)
        if kind < 10:
            return self._loop(depth, loop, indent)
        jump = some.choice(["break", "continue"]) if loop and kind == 10 else "return a + b"
        return [f"{pad}if {self.test()}:", f"{pad}    {jump}"]

    def _branch(self, depth: int, loop: bool, indent: int) -> list[str]:
        pad = "    " * indent
        lines = [f"{pad}if {self.test()}:", *self.block(depth + 1, loop, indent + 1)]
        if self.random.random() < 0.3:
            lines += [f"{pad}elif {self.test()}:", *self.block(depth + 1, loop, indent + 1)]
        if self.random.random() < 0.5:
            lines += [f"{pad}else:", *self.block(depth + 1, loop, indent + 1)]
        return lines

    def _loop(self, depth: int, loop: bool, indent: int) -> list[str]:
        pad, some = "    " * indent, self.random
        self.names += 1
        name = f"k{self.names}"
        if some.random() < 0.3:
            lines = [f"{pad}{name} = 0", f"{pad}while {name} < n[0] and {self.test()}:",
                     f"{pad}    {name} += 1"]  # fmt: skip
        else:
            over = some.choice(LOOPS)
            target = f"{name}, w" if over.startswith("enum") else name
            lines = [f"{pad}for {target} in {over}:",
                     f"{pad}    {'a = a' if over == 'x' else 'i = i'} + {name}"]  # fmt: skip
        lines += self.block(depth + 1, True, indent + 1)
        if some.random() < 0.25:
            lines += [f"{pad}else:", *self.block(depth + 1, loop, indent + 1)]
        return lines

"""Random plain-Python programs with branches and loops, as source text.

Each is a function of an array `x` of four numbers, made of statements a user could write: branches
on data, loops with break and continue, early returns, writes into arrays at loop counters. All
arithmetic is analytic and bounded, so that complex steps give reference derivatives.
"""

from __future__ import annotations

import linecache
import random
from collections.abc import Callable
from typing import Any

import numpy as np

SCALARS = ("a", "b", "c")
ARRAYS = ("u", "v")


class Writer:
    """Writes one program; `rng` decides everything."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.lines: list[str] = []
        self.counters: list[str] = []
        self.in_loop = 0
        self.budget = 14
        self.whiles = 0

    def write(self) -> str:
        """The source of the function."""
        self.lines = [
            "def program(x):",
            "    a, b, c = x[0], x[1] * 0.5, 0.3",
            "    u = np.zeros(4)",
            "    v = x * x[2]",
        ]
        for _ in range(self.rng.randint(2, 4)):
            self.statement(1)
        self.add(1, f"return {self.total()}")
        return "\n".join(self.lines) + "\n"

    def total(self) -> str:
        return "a + 0.5 * b - c + np.sum(u * v) + np.sum(u) + 0.1 * v[1]"

    def add(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def block(self, depth: int) -> None:
        for _ in range(self.rng.randint(1, 3)):
            self.statement(depth)

    def statement(self, depth: int) -> None:
        self.budget -= 1
        plain = [self.assign, self.write_element, self.assign, self.write_slice, self.array]
        nested = [self.branch, self.count_loop, self.while_loop, self.branch]
        leaves = [self.leave] if self.in_loop else []
        early = [self.give_back] if depth > 1 and self.rng.random() < 0.15 else []
        choices = plain + leaves + early + (nested if depth < 4 and self.budget > 0 else [])
        self.rng.choice(choices)(depth)

    # --- expressions --------------------------------------------------------------------------

    def index(self) -> str:
        return self.rng.choice([*self.counters, str(self.rng.randint(-4, 3))])

    def atom(self) -> str:
        r = self.rng
        return r.choice(
            [r.choice(SCALARS), f"{r.choice(('u', 'v', 'x'))}[{self.index()}]", f"{r.uniform(-1, 1):.2f}"]
        )  # fmt: skip

    def expr(self) -> str:
        p, q = self.atom(), self.atom()
        forms = (
            f"{p} + 0.5 * {q}",
            f"0.7 * {p} * {q}",
            f"np.sin({p})",
            f"np.tanh({p} - {q})",
            f"{p} / (2.0 + {q} * {q})",
            f"({p} if {self.test()} else {q})",
            f"-{p} + {q}",
        )
        return self.rng.choice(forms)

    def test(self) -> str:
        r = self.rng
        simple = f"{self.atom()} {r.choice(['<', '>', '<=', '>='])} {r.uniform(-0.8, 0.8):.3f}"
        if r.random() < 0.25:
            other = f"{r.choice(SCALARS)} > {r.uniform(-0.8, 0.8):.3f}"
            return f"({simple} {r.choice(['and', 'or'])} not {other})"
        return simple

    # --- statements ---------------------------------------------------------------------------

    def assign(self, depth: int) -> None:
        name = self.rng.choice(SCALARS)
        self.add(depth, f"{name} {self.rng.choice(['=', '=', '+='])} {self.expr()}")

    def write_element(self, depth: int) -> None:
        where = f"{self.rng.choice(ARRAYS)}[{self.index()}]"
        self.add(depth, f"{where} {self.rng.choice(['=', '+='])} {self.expr()}")

    def write_slice(self, depth: int) -> None:
        name = self.rng.choice(ARRAYS)
        self.add(
            depth, f"{name}[1:-1] = 0.4 * ({name}[2:] - {name}[:-2]) + {self.rng.choice(SCALARS)}"
        )

    def array(self, depth: int) -> None:
        p, q = self.rng.choice(ARRAYS), self.rng.choice(ARRAYS)
        self.add(depth, f"{p} = np.tanh({q} + {self.atom()} * x)")

    def branch(self, depth: int) -> None:
        self.add(depth, f"if {self.test()}:")
        self.block(depth + 1)
        if self.rng.random() < 0.3:
            self.add(depth, f"elif {self.test()}:")
            self.block(depth + 1)
        if self.rng.random() < 0.6:
            self.add(depth, "else:")
            self.block(depth + 1)

    def count_loop(self, depth: int) -> None:
        name = "ijkl"[len(self.counters)]
        stop = self.rng.choice(["4", "3", "4", "len(x)"])
        start = "0, " if self.rng.random() < 0.8 else "1, "
        self.add(depth, f"for {name} in range({start}{stop}):")
        self.loop_body(depth, name)

    def while_loop(self, depth: int) -> None:
        name = f"n{self.whiles}"
        self.whiles += 1
        self.add(depth, f"{name} = 0")
        self.add(depth, f"while {name} < 5 and {self.test()}:")
        self.add(depth + 1, f"{name} += 1")
        self.loop_body(depth, None)

    def loop_body(self, depth: int, counter: str | None) -> None:
        self.in_loop += 1
        if counter:
            self.counters.append(counter)
        self.block(depth + 1)
        if counter:
            self.counters.pop()
        self.in_loop -= 1

    def leave(self, depth: int) -> None:
        self.add(depth, f"if {self.test()}:")
        self.add(depth + 1, self.rng.choice(["break", "continue"]))

    def give_back(self, depth: int) -> None:
        self.add(depth, f"return {self.rng.choice(['a * b', 'np.sum(v) + c', 'u[1] + a'])}")


def program(seed: int) -> tuple[str, Callable[[Any], Any]]:
    """The source of random program number `seed`, and the function."""
    source = Writer(seed).write()
    name = f"<random program {seed}>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    scope: dict[str, Any] = {"np": np}
    exec(compile(source, name, "exec"), scope)
    return source, scope["program"]


def complex_source(source: str) -> Callable[[Any], Any]:
    """The same program over complex numbers, whose order is that of the real parts."""
    scope: dict[str, Any] = {"np": np}
    exec(source.replace("np.zeros(4)", "np.zeros(4, complex)"), scope)
    found: Callable[[Any], Any] = scope["program"]
    return found

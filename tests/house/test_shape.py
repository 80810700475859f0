"""The shape of the code: sizes, circles of imports, names of classes, exceptions that decide.

Every rule is a function of a source tree, so that each test also sees it find a planted fault.
"""

from __future__ import annotations

import ast
import functools
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import networkx as nx

PACKAGE = Path(__file__).parents[2] / "tapec"
LONGEST_FILE = 300
MEDIAN_FUNCTION = 6
LARGEST_ROOM = 0.25
# Two rooms of tracing that are one pair: arrays are what NumPy's functions work on.
PAIR = ("tapec.trace.arrays.", "tapec.trace.numpy.")
# Rooms with rooms in them, which count one by one.
HALLS = ("trace", "backends")
# What takes hold of any exception, and why that decides nothing: it is raised again, or is what
# the caller asked for.
ANY_EXCEPTION = {
    "backends/llvm/pycalls.py": "kept for the thread that called, which raises it",
    "bench/verify.py": "a contender that fails is reported with its error",
    "trace/entry.py": "told again with the user's line",
}


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def files(root: Path) -> list[Path]:
    return sorted(root.rglob("*.py"))


def module(path: Path, root: Path) -> str:
    parts = path.relative_to(root.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


# --- sizes ----------------------------------------------------------------------------------------


def long_files(root: Path) -> list[str]:
    lengths = {p: len(p.read_text().splitlines()) for p in files(root)}
    return [f"{p.relative_to(root)}: {n} lines" for p, n in lengths.items() if n > LONGEST_FILE]


def room(path: Path, root: Path) -> str:
    """`trace/numpy/linalg.py` -> `trace/numpy`; `ad/tape.py` -> `ad`."""
    parts = path.relative_to(root).parts[:-1]
    return "/".join(parts[: 2 if parts[:1] and parts[0] in HALLS else 1])


def large_rooms(root: Path) -> list[str]:
    lines: dict[str, int] = defaultdict(int)
    for p in files(root):
        lines[room(p, root)] += len(p.read_text().splitlines())
    total = sum(lines.values())
    return [f"{name}: {n} of {total}" for name, n in lines.items() if n > LARGEST_ROOM * total]


def lengths(root: Path) -> list[int]:
    """Lines of every function, its signature and docstring included."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = (n for p in files(root) for n in ast.walk(parsed(p)) if isinstance(n, kinds))
    return [(n.end_lineno or 0) - n.lineno + 1 for n in nodes]


def long_functions(root: Path) -> list[str]:
    found = median(lengths(root))
    return [f"the median function has {found} lines"] if found > MEDIAN_FUNCTION else []


# --- circles --------------------------------------------------------------------------------------


def imports(path: Path, modules: set[str]) -> Iterator[str]:
    """The modules of the package that one imports as it is loaded, or for type checkers."""
    for node in statements(parsed(path)):
        if isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{a.name}" for a in node.names} & modules
            yield from inner
            if len(inner) < len(node.names) and node.module in modules:
                yield node.module
        elif isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name in modules)


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """What runs as a module is loaded, both branches of its conditions: no bodies of functions."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from statements(child)


def import_graph(root: Path) -> nx.DiGraph:
    modules = {module(p, root): p for p in files(root)}
    return nx.DiGraph(
        (m, other) for m, p in modules.items() for other in imports(p, {*modules}) if other != m
    )


def circles(root: Path) -> list[str]:
    """Modules that need each other, but for the pair of rooms that is one."""
    found = [c for c in nx.strongly_connected_components(import_graph(root)) if len(c) > 1]
    return [f"a circle: {sorted(c)}" for c in found if not all(m.startswith(PAIR) for m in c)]


# --- names ----------------------------------------------------------------------------------------


def classes(root: Path) -> Iterator[tuple[str, Path]]:
    for p in files(root):
        yield from ((n.name, p) for n in ast.walk(parsed(p)) if isinstance(n, ast.ClassDef))


def shared_names(root: Path) -> list[str]:
    where: dict[str, list[Path]] = defaultdict(list)
    for name, path in classes(root):
        where[name].append(path)
    return [f"{name}: {', '.join(str(p.relative_to(root)) for p in paths)}"
            for name, paths in where.items() if len(paths) > 1]  # fmt: skip

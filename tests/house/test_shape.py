"""The shape of the code: sizes, circles of imports, names of classes, exceptions that decide.

Every rule is a function of a source tree, so that each test also sees it find a planted fault.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import networkx as nx
import pytest
from support.sources import nodes, parsed

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
    "bench/gradbench/protocol.py": "the suite is told what failed, and goes on",
    "bench/verify.py": "a contender that fails is reported with its error",
    "call/cached.py": "what cannot be kept or read back is compiled, whatever the reason",
    "call/tracing.py": "code that fails on inputs may take constants: what fails then is raised",
    "tools/surface.py": "arguments are tried, and what fails is the answer",
    "trace/staging/attempts.py": "says that this way of tracing is none; our mistakes are raised",
    "trace/staging/branch.py": "what the user's code raises on a traced condition, no error of ours",
}


def all_nodes(path: Path) -> tuple[ast.AST, ...]:
    return nodes(path.read_text())


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
    found = (n for p in files(root) for n in all_nodes(p) if isinstance(n, kinds))
    return [(n.end_lineno or 0) - n.lineno + 1 for n in found]


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
        yield from ((n.name, p) for n in all_nodes(p) if isinstance(n, ast.ClassDef))


def shared_names(root: Path) -> list[str]:
    where: dict[str, list[Path]] = defaultdict(list)
    for name, path in classes(root):
        where[name].append(path)
    return [f"{name}: {', '.join(str(p.relative_to(root)) for p in paths)}"
            for name, paths in where.items() if len(paths) > 1]  # fmt: skip


# --- exceptions -----------------------------------------------------------------------------------


def any_exception(root: Path) -> list[str]:
    """Handlers of whatever is raised that do not raise in turn: they would hide faults of ours."""
    return [
        f"{p.relative_to(root)}:{n.lineno} takes any exception for an answer"
        for p in files(root)
        for n in all_nodes(p)
        if isinstance(n, ast.ExceptHandler) and _takes_all(n) and not _raises(n.body)
        if str(p.relative_to(root)) not in ANY_EXCEPTION
    ]


def _takes_all(handler: ast.ExceptHandler) -> bool:
    names = {"Exception", "BaseException"}
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(k is None or ast.unparse(k).split(".")[-1] in names for k in kinds)


def _raises(body: list[ast.stmt]) -> bool:
    """Whether a block ends by raising, whichever way it goes."""
    match body[-1]:
        case ast.Raise():
            return True
        case ast.If(body=then, orelse=other):
            return bool(other) and _raises(then) and _raises(other)
        case ast.With(body=inner):
            return _raises(inner)
    return False


# --- one algebra each -----------------------------------------------------------------------------


def written_again(root: Path) -> list[str]:
    """Where counts of a region's parameters are read, or whole places written, by hand."""
    return [
        f"{p.relative_to(root)}:{node.lineno} {said}"
        for p in files(root)
        if p.relative_to(root).parts[0] != "ir"
        for node in all_nodes(p)
        for said in [_again(node)]
        if said
    ]


def _again(node: ast.AST) -> str:
    match node:
        case ast.Subscript(
            value=ast.Attribute(attr="attrs"), slice=ast.Constant(value="consts" | "carry")
        ):
            return "reads the layout of regions: that is tapec.ir.regions"
        case ast.GeneratorExp(
            elt=ast.Tuple(elts=[ast.Constant(value=0), ast.Name(), ast.Constant(value=1)])
        ):
            return "writes a whole place: that is tapec.ir.places"
        case ast.FunctionDef(name=name) if name.strip("_") in ALGEBRA:
            return f"defines {name}: that is in tapec.ir.{ALGEBRA[name.strip('_')]}"
    return ""


ALGEBRA = {
    "compose": "places", "disjoint": "places", "relative": "places", "of_slice": "places",
    "to_slice": "places", "in_a_row": "places", "is_run": "places",
    "contiguous": "affine", "unravel": "affine", "affine_sum": "affine",
    "region_op": "regions", "with_consts": "regions",
}  # fmt: skip


# --- the rules on this package, and on faults -----------------------------------------------------

RULES = [long_files, large_rooms, long_functions, circles, shared_names, any_exception,
         written_again]  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_package_keeps_the_rule(rule: Callable[[Path], list[str]]) -> None:
    found = rule(PACKAGE)
    assert not found, "\n".join(found)


def test_places_where_any_exception_is_taken_are_few() -> None:
    for name in ANY_EXCEPTION:
        assert any(isinstance(n, ast.ExceptHandler) and _takes_all(n) and not _raises(n.body)
                   for n in all_nodes(PACKAGE / name)), name  # fmt: skip


FAULTS: dict[Callable[[Path], list[str]], list[dict[str, str]]] = {
    long_files: [{"ad/one.py": "x = 1\n" * 301}],
    large_rooms: [{"ad/one.py": "x = 1\n" * 90}],
    long_functions: [{"ad/one.py": "\n".join(f"def f{k}():\n" + "    x = 1\n" * 9 for k in range(9))}],
    circles: [
        {"ad/one.py": "from tapec.ir.one import f", "ir/one.py": "from tapec.ad.one import f"},
        {
            "ad/one.py": "from tapec.ir import one",
            "ir/one.py": "from typing import TYPE_CHECKING\n"
            "if TYPE_CHECKING:\n    import tapec.ad.one",
        },
    ],
    shared_names: [{"ad/one.py": "class A: ...", "ir/one.py": "class A: ..."}],
    any_exception: [
        {"ad/one.py": f"try:\n    f()\nexcept{kind}:\n    {body}\n"}
        for kind in ("", " Exception", " BaseException as e", " (ValueError, Exception)")
        for body in ("pass", "if x:\n        raise")
    ],
    written_again: [
        {"ad/one.py": 'n = op.attrs["consts"]'},
        {"ad/one.py": "at = tuple((0, n, 1) for n in shape)"},
        {"ad/one.py": "def _disjoint(a, b): ..."},
    ],
}  # fmt: skip


def small_package(root: Path, faults: dict[str, str]) -> Path:
    """A package that keeps all rules, but for the faults."""
    good = "def f():\n    try:\n        g()\n    except ValueError:\n        return 1\n"
    names = ("ad", "ir", "lower", "passes", "trace/arrays", "trace/numpy")
    for path in [f"{name}/one.py" for name in names]:
        file = root / "tapec" / path
        file.parent.mkdir(parents=True)
        file.write_text(faults.get(path, good))
    return root / "tapec"


@pytest.mark.parametrize(
    ("rule", "faults"), [(rule, faults) for rule in RULES for faults in FAULTS[rule]]
)
def test_planted_faults_are_found(
    rule: Callable[[Path], list[str]], faults: dict[str, str], tmp_path: Path
) -> None:
    assert not rule(small_package(tmp_path / "good", {}))
    assert rule(small_package(tmp_path / "bad", faults))


def test_the_pair_of_rooms_may_be_a_circle(tmp_path: Path) -> None:
    pair = {
        "trace/arrays/one.py": "from tapec.trace.numpy.one import f",
        "trace/numpy/one.py": "from tapec.trace.arrays.one import f",
    }
    assert not circles(small_package(tmp_path, pair))

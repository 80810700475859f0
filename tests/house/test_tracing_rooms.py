"""The rooms of tracing: each imports, and looks up in the table, only what lies below it."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
import scipy.fft
import scipy.linalg
import scipy.signal
import scipy.special
import scipy.stats
from support.sources import nodes

from tapec.trace import TABLE

ROOT = Path(__file__).parents[2]
TRACE = ROOT / "tapec" / "trace"
# From the bottom up. Arrays and NumPy's functions on them are one pair of rooms.
ORDER = [
    {"tuning"},
    {"source"},
    {"arrays", "numpy"},
    {"parts"},
    {"complex"},
    {"staging"},
    {"python"},
    {""},
]
PAIR = {"arrays", "numpy"}

Sources = Mapping[str, str]


def sources() -> Sources:
    """The text of every module of the rooms, by its name."""
    names = {p: ".".join(p.relative_to(ROOT).with_suffix("").parts) for p in TRACE.rglob("*.py")}
    return {name.removesuffix(".__init__"): path.read_text() for path, name in names.items()}


def room(module: str) -> str:
    """`tapec.trace.arrays.views` -> `arrays`; "" for the modules at the top."""
    parts = module.split(".")
    return parts[2] if len(parts) > 3 or parts[2:] in ([r] for r in _rooms()) else ""


def _rooms() -> set[str]:
    return set().union(*ORDER)


def imports(text: str, modules: Sources) -> Iterator[str]:
    """The modules of tracing that one imports, those for type checkers included."""
    for node in nodes(text):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield from (m for m in (inner, node.module) if m in modules)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)


def look_ups(text: str) -> Iterator[str]:
    """The names that a module looks up as ``TABLE["name"]`` or ``np_("name", ...)``."""
    for node in nodes(text):
        match node:
            case ast.Subscript(value=ast.Name("TABLE"), slice=ast.Constant(name), ctx=ast.Load()):
                yield name
            case ast.Call(func=ast.Name("np_"), args=[ast.Constant(name), *_]):
                yield name


def entries(text: str) -> Iterator[str]:
    """The names that a module enters by ``@implements`` or ``TABLE["name"] = ...``."""
    for node in nodes(text):
        match node:
            case ast.Call(func=ast.Name("implements"), args=args):
                yield from (a.value for a in args if isinstance(a, ast.Constant))
            case ast.Subscript(value=ast.Name("TABLE"), slice=ast.Constant(name), ctx=ast.Store()):
                yield name


def graph(modules: Sources, tables: bool) -> nx.DiGraph:
    """Which module needs which, by imports and, where asked, by look-ups in the table."""
    made = nx.DiGraph((m, other) for m, text in modules.items() for other in imports(text, modules))
    if tables:
        owners = {name: m for m, text in modules.items() for name in entries(text)}
        made.add_edges_from(
            (m, owners[name])
            for m, text in modules.items()
            for name in look_ups(text)
            if name in owners and owners[name] != m
        )
    return made


def faults(modules: Sources) -> list[str]:
    """What breaks the order of the rooms."""
    level = {r: k for k, rooms in enumerate(ORDER) for r in rooms}
    found = [
        f"{a} needs {b}, a room above it"
        for a, b in graph(modules, tables=True).edges
        if level[room(a)] < level[room(b)] and b.count(".") > 1
    ]
    circles = [c for c in nx.strongly_connected_components(graph(modules, False)) if len(c) > 1]
    found += [f"a circle of imports: {sorted(c)}" for c in circles]
    wide = [c for c in nx.strongly_connected_components(graph(modules, True)) if len(c) > 1]
    found += [f"a circle by the table: {sorted(c)}" for c in wide if {*map(room, c)} - PAIR]
    return found


def test_rooms_need_only_what_is_below_them() -> None:
    assert not faults(sources())


@pytest.mark.parametrize(
    ("module", "line", "said"),
    [
        ("arrays.views", "from tapec.trace.staging.region import Region", "a room above it"),
        ("staging.region", "made = TABLE['planted']", "a room above it"),
        ("arrays.coercions", "from tapec.trace.arrays.tracer import Tracer", "circle of imports"),
        (
            "source.walk",
            "if TYPE_CHECKING:\n    from tapec.trace.source.scopes import Scope",
            "circle of imports",
        ),
        ("parts.intervals", "made = np_('of_rules', 1)", "a circle by the table"),
    ],
)
def test_planted_faults_are_found(module: str, line: str, said: str) -> None:
    planted = dict(sources())
    planted["tapec.trace.python.clone"] += '\nTABLE["planted"] = clone\n'
    planted["tapec.trace.parts.rules"] += '\nTABLE["of_rules"] = rule\n'
    planted[f"tapec.trace.{module}"] += f"\n{line}\n"
    assert any(said in fault for fault in faults(planted))


# Names that some supported versions of NumPy lack.
OLD = {"round_", "trapz"}
SPACES = (np, np.linalg, np.ndarray, np.lib.stride_tricks, scipy.special)
SPACES += (importlib.import_module("scipy.special._ufuncs"),)  # what scipy.stats calls


SCIPY = {"scipy.linalg": scipy.linalg, "fft": scipy.fft, "scipy.signal": scipy.signal,
         "scipy.stats": scipy.stats}  # fmt: skip
LAZY = ("scipy._lib._util", "scipy._lib.array_api_extra")


def test_the_table_holds_names_of_numpy_and_scipy() -> None:
    def exists(name: str) -> bool:
        if name == "polynomial.polyval":
            return True
        first, _, last = name.rpartition(".")
        if first == "scipy._lib":
            return any(hasattr(importlib.import_module(m), last) for m in LAZY)
        space = SCIPY.get(first) or getattr(np, first, None)
        return hasattr(space, last) if first else any(hasattr(s, name) for s in SPACES)

    assert [name for name in TABLE if name not in OLD and not exists(name)] == []

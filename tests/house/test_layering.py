"""The packages import each other only along the edges of the design, without cycles."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from pathlib import Path

import networkx as nx
import pytest
from support.sources import nodes

ROOT = Path(__file__).parents[2] / "tapec"

# What each room may import from. `errors` and `config` are open to all.
OPEN = {"errors", "config", "lazy"}
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "config": set(),
    "lazy": set(),
    "ir": set(),
    "tree": set(),
    "cache": set(),
    "backends": {"ir", "tree", "lower", "cache"},  # the native backend lowers for itself
    "trace": {"ir", "tree"},
    "ad": {"ir"},
    "passes": {"ir"},
    "lower": {"ir"},
    "pipeline": {"ir", "ad", "passes", "lower", "backends"},
    "look": {"ir", "ad", "pipeline"},
    "export": {"ir", "tree", "trace", "backends"},
    "call": {"cache", "ir", "tree", "trace", "pipeline", "backends", "look", "export"},
    "sparse": {"ir", "ad", "call"},
    "derive": {"ir", "tree", "trace", "ad", "pipeline", "call", "sparse", "cache"},
    "interop": {"tree", "trace", "call", "sparse", "derive"},
    # Tracing finds these translations by the names of SciPy's modules.
    "scipy": {"ir", "tree", "trace", "pipeline", "call", "derive", "interop"},
}
# Nothing below may import what is on top: the package itself, `tools` and `bench`.
LOWER = set(ALLOWED)
TOP = {"__init__", "__main__", "errors", "config", "lazy", "tree", "pipeline"}
# The command line stands on all of it, `bench` included.
COMMANDS = "tapec.tools.cli"
# Heavy libraries, and the only places that may import them.
HEAVY = {
    "llvmlite": ("backends/llvm/",),
    "networkx": ("ir/graph.py", "ad/", "tools/"),
}


@functools.cache
def imports(path: Path) -> set[str]:
    """Modules a file imports, those for type checkers excepted."""
    hidden = {
        inner
        for node in nodes(path.read_text())
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for inner in ast.walk(node)
    }
    found: set[str] = set()
    for node in nodes(path.read_text()):
        if node in hidden:
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            module = node.module or ""
            found.update(f"{module}.{a.name}" if module == "tapec" else module for a in node.names)
        elif isinstance(node, ast.Call) and _defers(node):
            found.update(c.value for c in ast.walk(node) if isinstance(c, ast.Constant) and c.value)
    return {m for m in found if isinstance(m, str)}


def _defers(call: ast.Call) -> bool:
    """Whether this is `deferred(...)`, `map(deferred, ...)` or `exported(...)`."""
    named = [n.id for n in (call.func, *call.args) if isinstance(n, ast.Name)]
    return bool({"deferred", "exported"} & {*named})


def layer(module: str) -> str:
    """The part of tapec a module belongs to: `tapec.ir.core` -> `ir`."""
    if module.startswith(COMMANDS):
        return "cli"
    return module.split(".")[1] if "." in module else ""


def edges() -> set[tuple[str, str, str]]:
    """Importing layer, imported layer, file."""
    found = set()
    for path in ROOT.rglob("*.py"):
        place = path.relative_to(ROOT)
        own = layer(".".join(("tapec", *place.with_suffix("").parts)))
        for module in imports(path):
            if module.startswith("tapec.") and layer(module) != own:
                found.add((own, layer(module), str(place)))
    return found


def test_layers_import_only_what_is_below_them() -> None:
    wrong = [
        f"{file}: {own} imports {other}"
        for own, other, file in sorted(edges())
        if own in LOWER and other not in ALLOWED[own] | OPEN
    ]
    assert not wrong, "\n".join(wrong)


def test_top_holds_what_all_rooms_share() -> None:
    assert {path.stem for path in ROOT.glob("*.py")} == TOP


def test_no_cycles_between_packages() -> None:
    graph = nx.DiGraph(
        (own, other) for own, other, _ in edges() if own not in ("__init__", "__main__")
    )
    cycles = list(nx.simple_cycles(graph))
    assert not cycles, cycles


def test_heavy_libraries_stay_in_their_places() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in sorted(ROOT.rglob("*.py"))
        for module in imports(path)
        for places in [HEAVY.get(module.split(".")[0])]
        if places and not str(path.relative_to(ROOT)).startswith(places)
    ]
    assert not wrong, "\n".join(wrong)


def after_import(code: str) -> set[str]:
    """Modules loaded by `code` in a process of its own."""
    out = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"],
        capture_output=True, text=True, check=True, cwd=ROOT.parent,
    )  # fmt: skip
    return set(out.stdout.split())


# What the decorator needs, and the look whether native code is there for a call.
FOR_A_CALL = """
    backends backends.fastcall backends.locks
    call call.api call.derivatives call.engine call.entries call.foreign call.kernel call.method
    call.quick call.signature call.tuning call.values call.variants
    config errors ir ir.pauses ir.types lazy trace trace.arrays trace.arrays.integers
    trace.arrays.layout trace.python trace.python.edges trace.python.plan trace.tuning tree
"""
HEAVY_ROOTS = {"llvmlite", "networkx", "scipy", "matplotlib", "rich", "click", "jax", "torch"}
# What may be loaded that NumPy does not load itself.
BESIDE_NUMPY = (
    "bisect", "copy", "dataclasses", "gc", "sysconfig", "threading", "traceback",
)  # fmt: skip
RARE = {"tempfile", "html", "doctest", "pydoc", "tapec.ir.parser"}


def test_import_is_light() -> None:
    loaded = after_import("import tapec")
    assert {m.partition(".")[0] for m in loaded} & HEAVY_ROOTS == set()
    assert loaded & RARE == set()


def test_import_loads_little_beside_numpy() -> None:
    loaded = {m for m in after_import("import tapec") if m.partition(".")[0] != "tapec"}
    assert loaded <= after_import(f"import numpy, {', '.join(BESIDE_NUMPY)}")


def of_ours(loaded: set[str]) -> set[str]:
    return {m.removeprefix("tapec.") for m in loaded if m.startswith("tapec.")}


def test_import_loads_what_a_call_needs() -> None:
    assert of_ours(after_import("import tapec")) == {*FOR_A_CALL.split()}


def test_compilers_are_loaded_by_the_first_compilation() -> None:
    define = "import tapec\nf = tapec.grad(tapec.compile(lambda x: x * 2.0))\n"
    transforms = {"derive", *(f"derive.{m}" for m in ("derived", "kept", "mapped", "transforms"))}
    transforms |= {"derive.holomorphic", "derive.tuning", "pipeline", "trace.arrays.frames"}
    transforms |= {"trace.markers", "trace.python.classes"}
    assert of_ours(after_import(define)) == {*FOR_A_CALL.split()} | transforms
    rooms = {"tapec.trace.entry", "tapec.ad", "tapec.passes", "tapec.lower", "llvmlite.binding"}
    assert rooms <= after_import(f"{define}f(1.0)")


def test_public_names_are_there_when_asked_for() -> None:
    loaded = after_import("import tapec\nassert {*tapec.__all__} <= {*dir(tapec)}\ntapec.grad")
    assert "tapec.derive.transforms" in loaded
    assert "tapec.bench" not in loaded


def test_every_public_name_leads_somewhere() -> None:
    import tapec

    assert [name for name in tapec.__all__ if getattr(tapec, name, None) is None] == []
    with pytest.raises(AttributeError, match="no attribute 'sparsity'"):
        tapec.sparsity  # noqa: B018

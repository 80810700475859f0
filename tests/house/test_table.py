"""What an op is like is said in the table of primitives, and asked there: nowhere else by name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.sources import nodes, tree

from tapec.ir import PRIMITIVES

ROOT = Path(__file__).parents[2] / "tapec"
TABLE = ROOT / "ir" / "ops"
SOURCES = sorted(p for p in ROOT.rglob("*.py") if not p.is_relative_to(TABLE))
# Rule tables of the emitters: LLVM's instructions, the C library's names.
EMITTERS = ROOT / "backends" / "llvm"
# These two speak NumPy's, PyTorch's and Python's names, some of which are ours too.
OTHER_NAMES = (ROOT / "trace", ROOT / "bench")


def names_in(node: ast.expr) -> list[str]:
    """The op names that an expression is, or lists; empty where it has others too."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
        return names_in(node.args[0]) if node.func.id in ("frozenset", "set", "tuple") else []
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        found = [names_in(e) for e in node.elts if not isinstance(e, ast.Starred)]
        return [n for names in found for n in names] if all(found) else []
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value] if node.value in PRIMITIVES else []
    return []


def compared(module: ast.Module) -> Iterator[ast.expr]:
    """`op.name == "add"`, `op.name in ("add", "sub")`."""
    for node in ast.walk(module):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            named = any(isinstance(s, ast.Attribute) and s.attr == "name" for s in sides)
            if named and any(map(names_in, sides)):
                yield node


def listed(module: ast.Module) -> Iterator[ast.expr]:
    """Sets of op names, and what a mapping says of ops other than a rule, in a module's body."""
    for node in module.body:
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if isinstance(value, ast.Dict):
            keys = [k for k in value.keys if k is not None and names_in(k)]
            if keys and all(isinstance(v, ast.Constant) for v in value.values):
                yield value
        elif value is not None and not isinstance(value, ast.Constant) and names_in(value):
            yield value


def by_name(source: str, *, sets: bool = True) -> list[str]:
    """Where a module asks for properties of ops by their names."""
    found = [*compared(tree(source)), *(listed(tree(source)) if sets else ())]
    return [f"line {node.lineno}: {ast.unparse(node)}" for node in found]


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_properties_are_asked_of_the_table(path: Path) -> None:
    sets = not any(path.is_relative_to(p) for p in (EMITTERS, *OTHER_NAMES))
    assert by_name(path.read_text(), sets=sets) == []


@pytest.mark.parametrize(
    "fault",
    [
        'if op.name == "add": pass',
        'if op.primitive.name != "const": pass',
        'if "scan" == op.name: pass',
        'if op.name in ("cond", "switch"): pass',
        'if op.name not in {"solve"}: pass',
        'VIEWS = frozenset(["index", "reshape"])',
        'VIEWS: frozenset[str] = frozenset({"index"})',
        'ALONE = ("cumsum", "argsort")',
        'FIXED = {"dynamic_index": 1, "dynamic_update": 2}',
        'READS = {"update": "index"}',
    ],
)
def test_a_planted_fault_is_found(fault: str) -> None:
    assert by_name(fault)


@pytest.mark.parametrize(
    "allowed",
    [
        'RULES = {"add": _add, "sub": _sub}',
        '@rule("add", "mul")\ndef f(op): pass',
        "if op.primitive is ADD: pass",
        'value = emit("reshape", x)',
        'MODES = ("value", "raw")',
        'if op.attrs["kind"] == "index": pass',
    ],
)
def test_rules_and_building_may_name_ops(allowed: str) -> None:
    assert not by_name(allowed)


def declares(source: str) -> bool:
    """Whether a module makes primitives."""
    made = {"Primitive", "register", "elementwise", "linear", "structured"}
    calls = (n.func for n in nodes(source) if isinstance(n, ast.Call))
    return any(isinstance(f, ast.Name) and f.id in made for f in calls)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_all_ops_are_declared_in_the_table(path: Path) -> None:
    imports = "tapec.ir.primitive import" in path.read_text()
    assert not (imports and declares(path.read_text()))


def test_a_private_op_is_found() -> None:
    assert declares('SECRET = Primitive(name="secret", kind="structured", infer=f)')
    assert declares('x = elementwise("secret", f)')

"""Numbers that decide speed live in one file per room, each with its unit and its source."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from support.sources import parsed

PACKAGE = Path(__file__).parents[2] / "tapec"
ROOMS = (
    "ad",
    "passes",
    "ir",
    "backends",
    "call",
    "derive",
    "bench",
    "trace",
    "lower",
    "sparse",
    "export",
    "cache",
)
NOTE = re.compile(r"\[[a-z0-9 -]+; (estimated|measured: [^\]]+)\]")
# What is given from outside and cannot be tuned: formats, mathematics, the problem itself.
GIVEN = {
    "ad/network.py": {"INFINITE"},
    "ir/patterns.py": {"EXACT", "LARGE"},
    "ir/places.py": {"RUN"},
    "ir/ops/loop.py": {"SINGULAR", "NEGATIVE_POWER", "NOT_POSITIVE", "RAISED", "NO_EIGENVALUES",
                       "NO_SVD"},
    "ir/ops/rules.py": {"ANY", "POSITIVE", "UNIT"},
    "ir/ops/special.py": {"BERNOULLI", "_SHIFT"},
    "ir/ops/shape_slopes.py": {"_SHIFT", "_LARGE"},
    "ir/ops/called_bessel.py": {"_ORDERS", "_POINTS"},
    "ir/ops/called_elliptic.py": {"_ITERATIONS", "_M", "_X"},
    "ir/ops/called_gamma.py": {"_SHAPES", "_UNIT"},
    "ir/ops/called_equations.py": {"_APART", "_M", "_N", "_Q", "_C"},
    "ir/ops/called_hypergeometric.py": {"_P", "_Z"},
    "ir/ops/called_integrals.py": {"_TERMS"},
    "ir/ops/called_integrated.py": {"_COUNTS"},
    "ir/ops/called_inverses.py": {"_DF", "_P", "_NC", "_TAIL"},
    "ir/ops/called_noncentral.py": {"_DF"},
    "ir/ops/called_polynomials.py": {"_X", "_SHAPE", "_DEGREES"},
    "ir/ops/called_tests.py": {"_DF", "_P"},
    "ir/ops/stencils.py": {"_HALF"},
    "call/tokens.py": {"_MADE_BY_PYTHON"},
    "cache/digests.py": {"DIGEST"},
    "backends/llvm/abi.py": {"WORK_ALIGNMENT", "INTERRUPTED"},
    "backends/llvm/c_face.py": {"USER_ERRORS"},
    "backends/llvm/capi.py": {
        "C_CONTIGUOUS", "ALIGNED", "WRITEABLE",
    },
    "backends/llvm/emit.py": {"_ADDRESSES"},
    "backends/llvm/emit_control.py": {"_MOST"},
    "backends/llvm/emit_function.py": {"OUT_OF_BOUNDS", "OUT_OF_MEMORY"},
    "backends/llvm/emit_place.py": {"SLOT"},
    "backends/llvm/entry_nesting.py": {"SIZE_MASK"},
    "backends/llvm/runtime_arrays.py": {"_ORDER_OF_AXES"},
    "backends/fastcall.py": {
        "_HAVE_VECTORCALL", "_BASETYPE", "_DEFAULT", "_MEMBERS_SLOT", "_CALL_SLOT", "_T_PYSSIZET",
        "_READONLY",
    },
    "backends/llvm/lapack.py": {"_INTEGER"},
    "backends/llvm/layout.py": {"_ALIGN"},
    "backends/llvm/runtime_memory.py": {"_HEAD"},
    "backends/llvm/dispatch.py": {"FACTOR", "_WORD"},
    "backends/llvm/watch.py": {"HEADER", "_KIND", "_ENTRIES", "_INDICES", "_LAYOUT", "_MEMBER",
                               "_GENERAL", "_SPLIT"},
    "bench/c_calls.py": {"CALLS", "RUNS", "RUN_SECONDS"},
    "bench/calibrate.py": {"OPS", "LENGTH", "RUNS"},
    "bench/records.py": {"SCHEMA"},
    "bench/user.py": {"RTOL"},
    "lower/products.py": {"_LONGEST"},
    "lower/row_rules.py": {"SUMMED"},
    "lower/wave.py": {"_BEFORE", "_INSIDE", "_AFTER"},
    "trace/arrays/storage.py": {"MANY"},
    "trace/numpy/continuous_integrals.py": {"_FALL", "_NORMAL"},
    "trace/numpy/multivariate.py": {"_SINGULAR"},
    "trace/numpy/quantile_search.py": {"_GROWTHS", "_HALVINGS", "_DOUBLINGS"},
    "trace/numpy/special_formulas.py": {"_TERMS"},
    "trace/source/reading.py": {"_GENERATED"},
    "trace/staging/heap.py": {"VARIABLE"},
    "trace/staging/overflow.py": {"_LARGEST", "_SMALLEST"},
}  # fmt: skip
GIVEN_FOLDERS = ("backends/llvm/vmath/", "bench/cases/", "bench/gradbench/", "bench/suites/")


def is_number(node: ast.expr | None) -> bool:
    match node:
        case ast.Constant(value=value):
            return type(value) in (int, float)
        case ast.UnaryOp(operand=inner):
            return is_number(inner)
        case ast.BinOp(left=left, right=right):
            return is_number(left) and is_number(right)
        case ast.Tuple(elts=elts):
            return bool(elts) and all(map(is_number, elts))
    return False


def numbers(path: Path) -> list[tuple[str, int]]:
    """The numeric constants of a module, with their lines."""
    found = []
    for node in parsed(path).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and is_number(node.value):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)]
            found += [(name, node.lineno) for name in names]
    return found


def loose_numbers(root: Path) -> list[str]:
    """Constants elsewhere than in the file of their room."""
    found = []
    for path in (p for room in ROOMS for p in sorted((root / room).rglob("*.py"))):
        place = path.relative_to(root).as_posix()
        if path.name == "tuning.py" or place.startswith(GIVEN_FOLDERS):
            continue
        found += [f"{place}:{line} {name} is a number to tune: it belongs to tuning.py"
                  for name, line in numbers(path) if name not in GIVEN.get(place, ())]  # fmt: skip
    return found


def untold_numbers(root: Path) -> list[str]:
    """Numbers whose comment lacks `[unit; estimated]` or `[unit; measured: command]`."""
    found = []
    for path in sorted(root.rglob("tuning.py")):
        at, comment = {line: name for name, line in numbers(path)}, ""
        for k, line in enumerate(path.read_text().splitlines(), 1):
            if line.startswith("#"):
                comment = line if k - 1 in at else f"{comment} {line}"
            elif k not in at:
                comment = ""
            elif not NOTE.search(comment.replace(" # ", " ")):
                found.append(f"{path.relative_to(root)}:{k} {at[k]}: which unit, measured how?")
    return found


RULES = [loose_numbers, untold_numbers]
FAULTS = [
    (loose_numbers, {"ad/one.py": "SMALL = 64\n"}),
    (loose_numbers, {"passes/one.py": "FEW, MANY = 2, -3.0 * 4\n"}),
    (loose_numbers, {"backends/llvm/emit.py": "_ADDRESSES: int = 2**62\nMANY: int = 2**8\n"}),
    (untold_numbers, {"ad/tuning.py": "# Small.\nSMALL = 64\n"}),
    (untold_numbers, {"ad/tuning.py": "# Small. [elements; guessed]\nSMALL = 64\n"}),
    (untold_numbers, {"ad/tuning.py": "# Small. [bytes; estimated]\nSMALL = 64\n\nLARGE = 65\n"}),
]


@pytest.mark.parametrize("rule", RULES)
def test_numbers_are_in_their_places(rule) -> None:  # type: ignore[no-untyped-def]
    assert not rule(PACKAGE)


@pytest.mark.parametrize(("rule", "faults"), FAULTS)
def test_planted_faults_are_found(rule, faults, tmp_path) -> None:  # type: ignore[no-untyped-def]
    assert not rule(tmp_path)
    for name, text in faults.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert len(rule(tmp_path)) >= 1


def test_what_is_given_is_there() -> None:
    for place, names in GIVEN.items():
        assert names <= {name for name, _ in numbers(PACKAGE / place)}, place

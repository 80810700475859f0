"""What `TAPEC_DEBUG` prints and `TAPEC_DUMP` writes when a program has been compiled."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tapec.config import SETTINGS
from tapec.look.stages import stage_text

# Level from which a stage is printed; level 1 names the program, level 2 adds the pass table.
LEVELS = {"optimized": 3, "loops": 4, "llvm": 5, "asm": 6}


def report(special: Any) -> None:
    """Print and write as the settings say (to stderr, and to numbered files)."""
    name = f"{special.face.name}{special}"
    if SETTINGS.debug >= 1:
        print(f"tapec: {_done(special, name)}", file=sys.stderr)
    if SETTINGS.debug >= 2:
        print(special.explain(), file=sys.stderr)
    for stage, level in LEVELS.items():
        if SETTINGS.debug >= level and _exists(special, stage):
            print(stage_text(special, stage), file=sys.stderr)
    if SETTINGS.dump is not None:
        _write(special, SETTINGS.dump)


def _done(special: Any, name: str) -> str:
    if special.program.kept.startswith("from disk"):
        return f"{name} {special.program.kept}"
    total = sum(step.seconds for step in special.program.journal.steps)
    return f"compiled {name} in {total * 1e3:.1f} ms"


def _exists(special: Any, stage: str) -> bool:
    return stage == "optimized" or special.compiled is not None


def _write(special: Any, folder: Path) -> None:
    import tempfile

    folder.mkdir(parents=True, exist_ok=True)
    target = Path(tempfile.mkdtemp(prefix=f"{special.face.name}-", dir=folder))
    for number, stage in enumerate(("trace", *LEVELS)):
        if stage == "trace" or _exists(special, stage):
            (target / f"{number:02}-{stage}.tape").write_text(stage_text(special, stage))

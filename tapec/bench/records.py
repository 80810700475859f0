"""The results of a run: one record per case, task and contender, and their JSON file."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tapec.bench.case import Task
from tapec.bench.timing import Protocol, Timing

SCHEMA = 1
PACKAGES = ("tapec", "numpy", "scipy", "llvmlite", "jax", "autograd", "torch", "casadi", "numba")
BAD = ("wrong", "failed")


@dataclass(frozen=True)
class Measurement:
    """One contender at one task.

    ``status`` is "ok", "wrong", "failed" or "absent" (see ``verify.Verdict``); ``first`` the
    seconds of the first call, compiling included; ``compiling`` those of compiling alone, if known;
    ``error`` the deviation from the reference.
    """

    case: str
    task: Task
    contender: str
    subject: bool
    status: str
    timing: Timing | None = None
    first: float | None = None
    error: float | None = None
    note: str = ""
    compiling: float | None = None

    @property
    def compile_time(self) -> float | None:
        """Seconds of compiling; where unknown, the first call less the median call."""
        if self.compiling is not None:
            return self.compiling
        if self.first is None or self.timing is None:
            return None
        return max(0.0, self.first - self.timing.median)

    @property
    def bad(self) -> bool:
        """Whether this record fails the run: any wrong result, or a failure of tapec."""
        return self.status == "wrong" or (self.subject and self.status == "failed")

    @classmethod
    def of(cls, plain: dict[str, Any], subject: str) -> Measurement:
        """The record that such plain data was made of; `subject` is tapec's name."""
        timing = plain["timing"]
        return cls(
            case=plain["case"],
            task=Task(plain["task"]),
            contender=plain["contender"],
            subject=plain["contender"] == subject,
            status=plain["status"],
            timing=Timing(**timing) if timing else None,
            first=plain["first_call"],
            error=plain["error"],
            note=plain["note"],
            compiling=plain["compiling"],
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain data for the JSON report."""
        return {
            "case": self.case,
            "task": self.task.value,
            "contender": self.contender,
            "status": self.status,
            "timing": self.timing.as_dict() if self.timing else None,
            "first_call": self.first,
            "compiling": self.compiling,
            "error": self.error,
            "note": self.note,
        }


class Measurements:
    """Records addressed by case, task and contender."""

    def __init__(self, records: Iterable[Measurement]) -> None:
        self.records = tuple(records)
        self._index = {(r.case, r.task, r.contender): r for r in self.records}

    def get(self, case: str, task: Task, contender: str) -> Measurement | None:
        """The record, if there is one."""
        return self._index.get((case, task, contender))

    def median(self, case: str, task: Task, contender: str) -> float | None:
        """Median seconds per call, if timed."""
        record = self.get(case, task, contender)
        return record.timing.median if record and record.timing else None

    def rows(self) -> list[tuple[str, Task]]:
        """Every (case, task), in the order of the run."""
        return list(dict.fromkeys((r.case, r.task) for r in self.records))

    def contenders(self) -> list[str]:
        """Everyone who was timed or tried at least once, in the order of the run."""
        return list(dict.fromkeys(r.contender for r in self.records if r.status != "absent"))


def machine() -> dict[str, Any]:
    """Processor, system and Python of this run."""
    return {
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": sys.version.split()[0],
    }


def cpu_name() -> str:
    """Model name of the processor, as far as the system tells."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    """Versions of the packages concerned that are installed."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def write_json(path: Path, records: Sequence[Measurement], protocol: Protocol) -> None:
    """Write all records to ``path``, atomically."""
    document = {
        "schema": SCHEMA,
        "machine": machine(),
        "versions": versions(),
        "protocol": vars(protocol),
        "results": [record.as_dict() for record in records],
    }
    replace_file(path, (json.dumps(document, indent=1) + "\n").encode())


def read_json(path: Path) -> list[Measurement]:
    """The records that `write_json` wrote. Raises ValueError for any other file."""
    try:
        document = json.loads(path.read_text())
        if document["schema"] != SCHEMA:
            raise ValueError(f"{path} has schema {document['schema']}, not {SCHEMA}")
        return [Measurement.of(plain, "tapec") for plain in document["results"]]
    except (KeyError, TypeError, UnicodeDecodeError, json.JSONDecodeError):
        raise ValueError(f"{path} holds no figures of tapec bench --json") from None


def replace_file(path: Path, content: bytes) -> None:
    """Replace ``path`` in one step, so that a reader never sees half a file."""
    handle, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise

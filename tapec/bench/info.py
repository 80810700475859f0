"""Facts about this installation, for ``tapec info``."""

from __future__ import annotations

import os
import platform
import sys

from tapec.bench.records import cpu_name, versions


def facts() -> list[tuple[str, str]]:
    """Names and values, in the order shown."""
    found = [("python", f"{platform.python_implementation()} {sys.version.split()[0]}")]
    found += list(versions().items())
    found += _native()
    found += [("cpu", cpu_name()), ("system", platform.platform())]
    found += [
        (name, value) for name, value in sorted(os.environ.items()) if name.startswith("TAPEC_")
    ]
    return found


def _native() -> list[tuple[str, str]]:
    from tapec.backends.llvm.target import available

    usable, reason = available()
    if not usable:
        return [("native backend", f"not available: {reason}"), ("interpreter", "available")]
    return [("native backend", "available"), ("interpreter", "available"), *_target()]


def _target() -> list[tuple[str, str]]:
    from tapec.backends.llvm.target import host, vector_width

    target = host()
    return [("target", target.triple), ("vector width", f"{vector_width('f64')} x float64")]

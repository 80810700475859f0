"""What happens to a function on its way to machine code: the same program at every stage."""

from __future__ import annotations

import numpy as np

import tapec


@tapec.compile
def f(x, y):
    """sum(sin(x y) + y^2)."""
    return np.sum(np.sin(x * y) + y**2)


def main() -> None:
    """Print the program at each stage; the machine code in part."""
    x, y = np.linspace(0.0, 1.0, 1000), np.linspace(1.0, 2.0, 1000)
    for stage in ("trace", "optimized", "tangent", "adjoint", "loops", "llvm", "asm"):
        text = str(f.ir(stage, x, y))
        lines = text.splitlines()
        print(f"--- {stage}: {len(lines)} lines")
        print("\n".join(lines[:30]))
        assert lines, stage
    assert "sin" in str(f.ir("trace", x, y))
    assert "cos" in str(f.ir("adjoint", x, y))
    assert " x double>" in str(f.ir("llvm", x, y)), "the loop is vectorised"


if __name__ == "__main__":
    main()

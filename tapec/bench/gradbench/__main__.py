"""Answer the suite's messages from standard input on standard output."""

from __future__ import annotations

import sys

from tapec.bench.gradbench.protocol import serve
from tapec.bench.threads import single_thread


def main() -> None:
    """Until the input ends; one thread, as the suite asks of tools."""
    with single_thread():
        for line in serve(sys.stdin):
            print(line, flush=True)


if __name__ == "__main__":
    main()

"""A loop over a table, as blocks of a function that is written as text."""

from __future__ import annotations


def each(label: str, before: str, count: str, done: str, body: str, holds: str) -> str:
    """Blocks that run `body` for `%label.i` from 0 to below `count`, while `holds` is true.

    They are entered from the block `before`; then go on with `done`, or where it is not true with
    the block `no`.
    """
    return f"""\
{label}:
  %{label}.i = phi i64 [ 0, %{before} ], [ %{label}.after, %{label}.each ]
  %{label}.done = icmp eq i64 %{label}.i, {count}
  br i1 %{label}.done, label %{done}, label %{label}.each
{label}.each:
{body.rstrip()}
  %{label}.after = add i64 %{label}.i, 1
  br i1 {holds}, label %{label}, label %no
"""

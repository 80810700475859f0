"""Programs as text, cut into tokens that know their line."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tapec.errors import ParseError

_TOKEN = re.compile(
    r"""(?P<skip>[ \t\r]+|\#[^\n]*)
      | (?P<newline>\n)
      | (?P<value>%[A-Za-z0-9_.]+)
      | (?P<name>@[^\s(]+)
      | (?P<string>"(?:[^"\\]|\\.)*")
      | (?P<float>-?\d+(?:\.\d*(?:[eE][+-]?\d+)?|[eE][+-]?\d+)|-(?:inf|nan)\b)
      | (?P<int>-?\d+)
      | (?P<word>[A-Za-z_][A-Za-z0-9_.]*)
      | (?P<mark>->|[{}()\[\]:,=?])""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of text: its kind, itself and its line."""

    kind: str
    text: str
    line: int


def position(file: str, line: int) -> str:
    """How messages name a line: of a file, or of a text without one."""
    return f"{file}:{line}" if file else f"line {line}"


def tokens(text: str, file: str = "") -> list[Token]:
    """All tokens, then one of kind ``end``; raises ParseError at a character of no token."""
    found, at, line = [], 0, 1
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ParseError(f"{position(file, line)}: unexpected character {text[at]!r}")
        kind = match.lastgroup or ""
        if kind not in ("skip", "newline"):
            found.append(Token(kind, match.group(), line))
        line += match.group().count("\n")
        at = match.end()
    return [*found, Token("end", "end of text", line)]

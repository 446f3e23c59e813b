"""A small reader of waves (VCD): names from the header, and values over time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

VARIABLE = re.compile(r"\$var \w+ +(?P<width>\d+) (?P<code>\S+) (?P<name>\S+)")


@dataclass(frozen=True)
class Waveform:
    """What a file holds.

    Attributes
    ----------
    codes : dict of str to str
        Code of each signal by its path.
    changes : dict of int to dict
        New values by code, at each time in ps.
    """

    codes: dict[str, str]
    changes: dict[int, dict[str, str]]

    @staticmethod
    def read(path: Path) -> Waveform:
        """Read a file whose time unit is 1 ps."""
        text = path.read_text(encoding="utf-8")
        header, end, body = text.partition("$enddefinitions $end")
        assert end, "the header has an end"
        assert "$timescale 1ps $end" in " ".join(header.split())
        codes, scopes = {}, []
        for line in header.splitlines():
            words = line.split()
            if words[:1] == ["$scope"]:
                scopes.append(words[2])
            elif words[:1] == ["$upscope"]:
                scopes.pop()
            elif match := VARIABLE.search(line):
                codes[".".join([*scopes, match["name"]])] = match["code"]
        changes: dict[int, dict[str, str]] = {}
        for line in body.splitlines():
            if line.startswith("#"):
                now = changes.setdefault(int(line[1:]), {})
            elif line.startswith("b"):
                value, code = line[1:].split()
                now[code] = value
            elif line[:1] in ("0", "1"):
                now[line[1:]] = line[0]
        return Waveform(codes, changes)

    def value(self, path: str, time: int) -> int:
        """Return what a signal is at a time."""
        (code,) = {code for name, code in self.codes.items() if name.endswith(path)}
        values = [now[code] for at, now in sorted(self.changes.items()) if at <= time and code in now]
        return int(values[-1], 2)

"""Symptoms from messages: of an assertion, a hang, a simulator that died, counters that differ."""

from __future__ import annotations

import re
from collections.abc import Callable

from regressions.triage.symptom import Symptom

_ASSERTION = re.compile(r"(?P<file>[\w.-]+)\.svh?:\d+: Assertion failed in (?P<path>[\w.$\[\]]+?)(?::|\s|$)")
_COUNTER = re.compile(r"(?P<name>\w+) (?P<rtl>\d+) instead of (?P<model>\d+)")
_PLACED = re.compile(r"results out of place: (\d+) outside their block, (\d+) came twice, (\d+) half rows")
_MEMORY = re.compile(r"bytes of memory differ .*? of line \d+, (?P<region>.*?): RTL")


def message_symptom(message: str) -> Symptom:
    """Return the symptom of a replay whose results say less than its message."""
    first = (message.splitlines() or [""])[0]
    for pattern, make in _RULES:
        if match := pattern.search(first):
            return make(match)
    text = plain(first)
    return Symptom("error", text, text)


def plain(text: str) -> str:
    """Return a message without what differs between replays: numbers, codes and folders."""
    text = re.sub(r"(/[\w.@+-]+)+/", "", text)
    text = re.sub(r"\b(0x)?[0-9A-F]*\d[0-9A-Fa-f,.]*\b", "#", text)
    return " ".join(text.split())


def _assertion(match: re.Match[str]) -> Symptom:
    module, label = match["file"].removesuffix("_checks"), match["path"].rpartition(".")[2]
    return Symptom("assertion", f"{module}.{label}", f"assertion {label} of {module} fails")


def _counters(match: re.Match[str]) -> Symptom:
    found = sorted(
        f"{one['name']} {'above' if int(one['rtl']) > int(one['model']) else 'below'}"
        for one in _COUNTER.finditer(match.string)
    )
    return Symptom("counters", "-".join(found), f"counters differ from the golden model: {', '.join(found)}")


def _placed(match: re.Match[str]) -> Symptom:
    names = ("outside their block", "twice", "never")
    found = [name for name, number in zip(names, match.groups(), strict=True) if int(number)]
    return Symptom("results", "-".join(found), f"results come {', '.join(found)}")


def _memory(match: re.Match[str]) -> Symptom:
    region = plain(match["region"])
    return Symptom("memory", region, f"memory differs beside the results: {region}")


def _fixed(kind: str, name: str, words: str) -> Callable[[re.Match[str]], Symptom]:
    return lambda match: Symptom(kind, match.expand(name), match.expand(words))


_RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Symptom]], ...] = (
    (_ASSERTION, _assertion),
    (re.compile(r"the core hung"), _fixed("hang", "core", "the core hangs")),
    (re.compile(r"the chip hung"), _fixed("hang", "chip", "the chip hangs")),
    (
        re.compile(r"the chip stopped with cause (\w+)"),
        _fixed("stopped", r"\1", r"the chip stops with cause \1"),
    ),
    (
        re.compile(r"the load balancer gave"),
        _fixed("balancer", "lines", "the load balancer gives wrong lines"),
    ),
    (_PLACED, _placed),
    (
        re.compile(r"finished without taking all"),
        _fixed("unread", "operands", "the core finishes without taking all it is given"),
    ),
    (re.compile(r"counters differ from the golden model"), _counters),
    (_MEMORY, _memory),
    (
        re.compile(r"results cannot be read back"),
        _fixed("records", "unreadable", "records in memory contradict the results"),
    ),
    (
        re.compile(r"the simulator was killed by (\w+)"),
        _fixed("simulator", r"\1", r"the simulator dies of \1"),
    ),
    (re.compile(r"the simulator hung"), _fixed("simulator", "hung", "the simulator does not end")),
)

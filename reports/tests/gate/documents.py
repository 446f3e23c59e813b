"""Made-up documents of a run, consistent, that tests change in one place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Json = dict[str, Any]
TOOLS = {"verilator": "5.048", "python": "3.11.7"}
COMMIT = "8e645ed1c0ffee0123456789abcdef0123456789"


def count(hit: int, total: int, excluded: int = 0) -> Json:
    """Return the count of a kind of coverage."""
    return {"hit": hit, "total": total, "excluded": excluded}


def coverage() -> Json:
    """Return a likely ``coverage.json`` of the nightly suite."""
    modules = {
        "pe": {"line": count(24, 24), "branch": count(31, 32, 1), "toggle": count(190, 200, 2)},
        "pe_line": {"line": count(57, 58), "branch": count(20, 20), "expression": count(8, 9)},
        "pe_checks": {"user": count(15, 15), "assertion": count(9, 9)},
        "sparse_core_checks": {"user": count(40, 41, 1), "assertion": count(17, 17)},
    }
    kinds: Json = {}
    for one in modules.values():
        for kind, part in one.items():
            whole = kinds.setdefault(kind, count(0, 0))
            kinds[kind] = {name: whole[name] + part[name] for name in whole}
    return {
        "schema": 3,
        "suite": "nightly",
        "seed": 1,
        "git": COMMIT,
        "tools": TOOLS,
        "started": "2025-01-01T02:15:00+00:00",
        "wall_s": 912.5,
        "rerun": "./run coverage --nightly",
        "tests": {"passed": 1204, "failed": 0},
        "kinds": kinds,
        "modules": modules,
        "plan": {
            "features": 3,
            "points": 700,
            "hit": 698,
            "excused": 2,
            "missed": [],
            "by_level": {"block": {"points": 700, "hit": 698, "excused": 2}},
            "by_feature": {
                "pe.products": {"points": 400, "cases": 600},
                "pe.sums": {"points": 310, "cases": 500},
                "pe_line.segments": {"points": 20, "cases": 204},
            },
        },
        "unmet": [],
        "problems": [],
    }


def quick(nightly: Json) -> Json:
    """Return the quick suite's coverage of the same tests: it counts fewer kinds."""

    def fewer(counts: Json) -> Json:
        return {kind: one for kind, one in counts.items() if kind not in ("expression", "toggle")}

    modules = {name: fewer(counts) for name, counts in nightly["modules"].items()}
    return {**nightly, "suite": "quick", "kinds": fewer(nightly["kinds"]), "modules": modules}


def faults() -> Json:
    """Return a likely ``faults.json``."""
    survivor = {
        "key": "pe.sv:9f3a",
        "file": "rtl/pe/pe.sv",
        "line": 71,
        "operator": "condition",
        "right": "a_valid && b_valid",
        "faulty": "a_valid",
        "nearest": ["tb/pe/test_pe.py::test_pe"],
        "met_suite": True,
    }
    common = ("file", "line", "operator", "right", "faulty")
    equivalents = [
        {
            **{name: survivor[name] for name in common},
            "key": f"pe.sv:{at:04x}",
            "reason": "a is never negative",
        }
        for at in range(20)
    ]
    parts = {"mutants": 1000, "caught": 979, "equivalent": 20}
    document = {
        "schema": 2,
        "seed": 1,
        "budget_s": 10.0,
        "git": COMMIT,
        "tools": TOOLS,
        "started": "2025-01-01T03:15:00+00:00",
        "wall_s": 3011.0,
        "rerun": "./run faults",
        **parts,
        "survived": 1,
        "score": 979 / 980,
        "files": {"rtl/pe/pe.sv": parts},
        "operators": {"condition": parts},
        "survivors": [survivor],
        "equivalents": equivalents,
        "problems": [],
    }
    return with_verdicts(document)


def with_verdicts(document: Json) -> Json:
    """Return a campaign with as many verdicts as its counts say; up to nine crashed, up to nine hung."""
    caught, survived = document["caught"], document["survived"]
    few = min(caught // 3, 9)
    verdicts = {"caught": caught - 2 * few, "crashed": few, "hung": few}
    hows = [how for how, number in verdicts.items() for _ in range(number)] + ["survived"] * survived
    test = "tb/pe/test_pe.py::test_pe"
    judged = [[f"m{at:04x}", how, "" if how == "survived" else test] for at, how in enumerate(hows)]
    return {**document, "verdicts": verdicts, "judged": judged}


def changed(document: Json, path: str, change: Callable[[Any], Any]) -> Json:
    """Return `document` with the value at `path`, keys and indices joined by ``/``, changed."""
    copy: Json = json.loads(json.dumps(document))
    *way, last = [int(word) if word.isdecimal() else word for word in path.split("/")]
    place: Any = copy
    for word in way:
        place = place[word]
    place[last] = change(place[last])
    return copy


def without(document: Json, path: str) -> Json:
    """Return `document` without the field at `path`."""
    copy: Json = json.loads(json.dumps(document))
    *way, last = path.split("/")
    place: Any = copy
    for word in way:
        place = place[word]
    del place[last]
    return copy


def write(path: Path, document: object) -> Path:
    """Write a document; NaN and infinities as Python spells them."""
    path.write_text(json.dumps(document), encoding="utf-8")
    return path

"""The process that runs cases: ``python -m regressions.triage.worker SETTINGS`` (JSON).

A line of JSON in is a run, a line of JSON out is its finding; what the simulator prints goes to a log. It may
die of what a faulty design does; `regressions.triage.bench` then starts another one.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from regressions.problems import explain
from regressions.triage.case import Case
from regressions.triage.finding import Finding, Window
from regressions.triage.symptom import Symptom
from regressions.triage.trial import make_bench

UNFIT = "unfit"
"""Kind of the symptom of a case that the golden model or its compiler refuses: no failure of the RTL."""


def main() -> None:
    """Run cases until the input ends."""
    settings = json.loads(sys.argv[1])
    log = Path(settings["log"])
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o666)
    os.dup2(output, 1)
    bench = make_bench(
        Path(settings["library"]),
        settings["preset"],
        settings["gated"],
        settings["chip"],
        lambda: log.read_text(encoding="utf-8", errors="replace"),
    )
    for line in sys.stdin:
        request = json.loads(line)
        os.ftruncate(output, 0)
        window = Window(**request["window"]) if request["window"] else None
        try:
            finding = bench.run(Case.load(Path(request["case"])), window)
        except Exception as error:
            text = explain(error)
            finding = Finding(Symptom(UNFIT, "", "the case cannot be run"), text)
        answers.write(json.dumps(finding.to_json()) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()

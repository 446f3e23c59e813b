"""The main job as tests call it: started as a user does, and its latest report read back."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tb.toolchain import REPO_ROOT

Json = dict[str, Any]


def start(words: list[str], limit: int | None = None, **env: str) -> subprocess.Popen[str]:
    """Start the command line; with `limit`, no file of it may grow beyond so many bytes."""

    def prepare() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a job in the background would ignore it
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.Popen(
        [sys.executable, "-B", "-m", "reports.regress", *words],
        cwd=REPO_ROOT,
        env={**os.environ, **env},
        preexec_fn=prepare,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def regress_command(words: list[str], limit: int | None = None, **env: str) -> tuple[int, str, str]:
    """Run the command line to its end; return exit status, output and errors."""
    process = start(words, limit, **env)
    out, err = process.communicate()
    return process.returncode, out, err


def report(folder: Path) -> Json:
    """Return the latest results below `folder`; all files of the report are there, those of triage aside."""
    latest = folder / "out" / "latest"
    assert {path.name for path in latest.iterdir()} - {"triage"} == {
        "index.html",
        "junit.xml",
        "replays.csv",
        "results.json",
    }
    document: Json = json.loads((latest / "results.json").read_text(encoding="utf-8"))
    return document


def statuses(document: Json) -> dict[str, str]:
    """Return the status of each replay."""
    return {f"{one['layer']}-{one['step']}": one["status"] for one in document["replays"]}

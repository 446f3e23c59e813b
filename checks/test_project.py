"""Pins are complete and exact, and README, CI, `run` and noxfile speak of the same tasks."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tb.toolchain import REPO_ROOT

PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[0-9][0-9A-Za-z.]*)")
PINS_FILE = REPO_ROOT / "requirements" / "pins.txt"


def pins() -> dict[str, str]:
    """Read the pinned versions; every line must be a plain ``name==version``."""
    found = {}
    for line in PINS_FILE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            match = PIN.fullmatch(line)
            assert match, f"requirements/pins.txt: '{line}' is not of the form name==version"
            found[match["name"]] = match["version"]
    return found


def group(name: str) -> list[str]:
    """Return the names in a dependency group, other groups included."""
    groups = tomllib.loads((REPO_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    names: list[str] = []
    for entry in groups[name]:
        names += group(entry["include-group"]) if isinstance(entry, dict) else [entry]
    return names


def installed_closure(names: list[str]) -> dict[str, str]:
    """Return the installed versions of these packages and of all that they pull in on this machine."""
    found: dict[str, str] = {}
    waiting = [str(canonicalize_name(name)) for name in names]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = importlib.metadata.version(name).split("+")[0]
            for line in importlib.metadata.requires(name) or []:
                requirement = Requirement(line)
                if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                    waiting.append(str(canonicalize_name(requirement.name)))
    return found


@pytest.mark.parametrize("name", ["runner", "regress", "tests", "format", "lint", "capture", "capture_tests"])
def test_each_package_asked_for_is_pinned(name: str) -> None:
    missing = [package for package in group(name) if canonicalize_name(package) not in pins()]
    assert not missing, f"pyproject.toml, group {name}: no pin for {', '.join(missing)}"


def test_what_is_installed_is_what_is_pinned() -> None:
    """The environment of this very run holds the pinned versions, those that others pull in included."""
    wrong = {
        name: f"installed {version}, pinned {pins().get(name)}"
        for name, version in installed_closure(group("lint")).items()
        if pins().get(name) != version
    }
    assert not wrong


def test_sessions_are_the_tasks_of_run() -> None:
    listing = subprocess.run(
        [sys.executable, "-m", "nox", "--list"],
        cwd=REPO_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    sessions = set(re.findall(r"^[*-] (\w+)", listing.stdout, re.MULTILINE))
    text = (REPO_ROOT / "run").read_text(encoding="utf-8")
    tasks = set(re.findall(r'"(\w+)"', text.split("TASKS = (")[1].split(")")[0]))
    assert sessions == tasks
    described = set(re.findall(r"^    (\w+)  ", text.split("Tasks:")[1].split('"""')[0], re.MULTILINE))
    assert described == tasks


def test_ci_calls_the_test_command_of_the_readme() -> None:
    readme = (REPO_ROOT / "README.md").read_text(encoding="utf-8")
    commands = [line.split("#")[0].strip() for line in readme.splitlines() if line.startswith("    ./run ")]
    assert commands[:2] == ["./run regress", "./run tests"]
    script = (REPO_ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert script.splitlines()[-1] == commands[1]


def test_links_between_documents_lead_somewhere() -> None:
    for document in [*REPO_ROOT.glob("*.md"), *(REPO_ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
            assert (document.parent / Path(target)).exists(), f"{document.name}: {target} does not exist"

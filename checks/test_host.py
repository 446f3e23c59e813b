"""What the machine lacks is the first thing that a user hears, with the packages that bring it."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from tb import host
from tb.toolchain import REPO_ROOT

COMMANDS = {
    "run": ["run", "tests"],
    "run with arguments": ["run", "regress", "--", "--layers", "conv1"],
    "nox": ["-m", "nox", "-s", "regress"],
    "nox, default sessions": ["-m", "nox"],
}


CLONED = [".ci/run", "run", "noxfile.py", "pyproject.toml", "requirements/pins.txt"]
CLONED += ["tb/__init__.py", "tb/host.py"]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Fresh copy of the files that take part before anything is installed."""
    for name in CLONED:
        target = tmp_path / "clone" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPO_ROOT / name, target)
    return tmp_path / "clone"


def make_tool(folder: Path, name: str, body: str) -> None:
    """Put a shell script on the path that `folder` stands for."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{body}\n")
    (folder / name).chmod(0o755)


def start(clone: Path, path: Path, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """Run the command with nothing but `path` on the search path."""
    path.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=clone,
        env={"PATH": str(path), "HOME": str(clone)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_missing_compiler_and_make_are_reported_before_anything_else(
    command: str, clone: Path, tmp_path: Path
) -> None:
    before = sorted(clone.rglob("*"))
    done = start(clone, tmp_path / "bin", COMMANDS[command])
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "error: this machine lacks what the project cannot install by itself:",
        "  - a C++20 compiler (looked for c++, g++, clang++ on PATH)",
        "  - make",
        "Install it, then try again:",
        "  Debian, Ubuntu:  apt install g++ make",
        "  Fedora:          dnf install gcc-c++ make",
    ]
    assert [path for path in sorted(clone.rglob("*")) if "__pycache__" not in path.parts] == before


@pytest.mark.parametrize("command", ["run", "nox"])
def test_old_compiler_is_reported(command: str, clone: Path, tmp_path: Path) -> None:
    make_tool(tmp_path / "bin", "c++", "echo unknown option >&2; exit 1")
    make_tool(tmp_path / "bin", "make", "exit 0")
    done = start(clone, tmp_path / "bin", COMMANDS[command])
    assert done.returncode == 1
    assert (
        "a C++20 compiler ('c++' fails on -std=c++20; GCC 11 and Clang 14 and later take it)" in done.stderr
    )
    assert "apt install g++\n" in done.stderr
    assert "dnf install gcc-c++\n" in done.stderr
    assert "make" not in done.stderr


def test_compiler_is_the_one_the_user_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    make_tool(tmp_path / "bin", "my-c++", "exit 0")
    make_tool(tmp_path / "bin", "g++", "exit 1")
    make_tool(tmp_path / "bin", "make", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("CXX", "my-c++ -m64")
    assert host.find_compiler() == "my-c++ -m64"
    assert host.compiler_problems() == []
    monkeypatch.setenv("CXX", "absent-c++")
    assert "looked for absent-c++ on PATH" in host.compiler_problems()[0].what
    monkeypatch.delenv("CXX")
    assert host.find_compiler() == "g++"


Version = namedtuple("Version", "major minor micro releaselevel serial")


@pytest.mark.parametrize(("minor", "fits"), [(10, False), (11, True), (14, True), (15, False)])
def test_python_version(minor: int, fits: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", Version(3, minor, 0, "final", 0))
    monkeypatch.setattr(host, "_has_shared_library", lambda version: True)
    problems = host.python_problems()
    assert (problems == []) == fits
    if not fits:
        assert f"Python 3.11 to 3.14 (this is 3.{minor}, {sys.executable})" in host.describe(problems)


def test_python_without_its_library_venv_or_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "_has_shared_library", lambda version: False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    message = host.describe(host.python_problems())
    assert f"apt install python{version}-venv libpython{version}-stdlib libpython{version}\n" in message


def test_this_machine_has_what_it_needs() -> None:
    assert host.find_problems() == []


def test_continuous_integration_is_told_the_packages(clone: Path, tmp_path: Path) -> None:
    make_tool(tmp_path / "bin", "c++", "exit 0")
    done = start(clone, tmp_path / "bin", ["-m", "tb.host"])
    assert (done.returncode, done.stdout, done.stderr) == (0, "make\n", "")


def start_ci(clone: Path, path: Path, ci: str) -> list[str]:
    """Run ``.ci/run`` with apt-get and `run` replaced by scripts that note how they are called."""
    notes = clone.parent / "notes"
    note = f'echo "$(basename "$0") $*" >> {notes}'
    make_tool(clone, "run", note)
    make_tool(path, "apt-get", note)
    make_tool(path, "sudo", 'exec "$@"')
    make_tool(path, "python3", f'exec {sys.executable} "$@"')
    for name in ("basename", "dirname"):
        make_tool(path, name, f'exec {shutil.which(name)} "$@"')
    environment = {"PATH": str(path), "CI": ci}
    subprocess.run([shutil.which("bash") or "bash", ".ci/run"], cwd=clone, env=environment, check=True)
    return notes.read_text().splitlines()


def test_continuous_integration_installs_what_is_missing_then_tests(clone: Path, tmp_path: Path) -> None:
    assert start_ci(clone, tmp_path / "bin", "true") == [
        "apt-get update -qq",
        "apt-get install -qq --no-install-recommends g++ make",
        "run tests",
    ]


def test_continuous_integration_installs_nothing_if_all_is_there(clone: Path, tmp_path: Path) -> None:
    make_tool(tmp_path / "bin", "c++", "exit 0")
    make_tool(tmp_path / "bin", "make", "exit 0")
    assert start_ci(clone, tmp_path / "bin", "true") == ["run tests"]


def test_nothing_is_installed_outside_of_continuous_integration(clone: Path, tmp_path: Path) -> None:
    assert start_ci(clone, tmp_path / "bin", "") == ["run tests"]


def test_unknown_task_is_refused(clone: Path, tmp_path: Path) -> None:
    done = start(clone, tmp_path / "bin", ["run", "regres"])
    assert done.returncode == 1
    assert done.stderr.startswith("error: unknown task 'regres': choose one of regress, iteration, ")

"""What this machine itself must offer: a Python, a C++20 compiler and make. All else comes as packages.

Only the standard library is used, and nothing newer than Python 3.7: this runs before anything is installed,
on whatever Python the user happens to call.
"""

from __future__ import annotations

import ctypes.util
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple

OLDEST_PYTHON = (3, 11)
NEWEST_PYTHON = (3, 14)
"""The pinned packages have binaries for these and those between."""

CXX_STANDARD = "-std=c++20"
COMPILERS = ("c++", "g++", "clang++")
"""Tried in this order if the environment variable CXX names none."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""Tried in this order if the environment variable CHROMIUM names none; for page_tests alone."""

_PROBE = "#include <coroutine>\n#include <concepts>\nint main() { return 0; }\n"


class Problem(NamedTuple):
    """Something that is missing, and the packages that bring it."""

    what: str
    debian: str
    fedora: str


def python_problems() -> list[Problem]:
    """Return what this interpreter lacks: its version, venv, sqlite3, its shared library."""
    version = "{}.{}".format(*sys.version_info[:2])
    if not OLDEST_PYTHON <= sys.version_info[:2] <= NEWEST_PYTHON:
        wanted = "{}.{} to {}.{}".format(*OLDEST_PYTHON, *NEWEST_PYTHON)
        return [
            Problem(
                f"Python {wanted} (this is {version}, {sys.executable})", "python3 python3-venv", "python3.13"
            )
        ]
    problems = []
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        what = f"Python's venv module, for {sys.executable}"
        problems.append(Problem(what, f"python{version}-venv", "python3"))
    if importlib.util.find_spec("_sqlite3") is None:
        what = f"Python's sqlite3 module, for {sys.executable}"
        problems.append(Problem(what, f"libpython{version}-stdlib", "python3-libs"))
    if sys.platform.startswith("linux") and not _has_shared_library(version):
        what = f"the shared library of Python {version}, which the simulator loads"
        problems.append(Problem(what, f"libpython{version}", "python3-libs"))
    return problems


def compiler_problems() -> list[Problem]:
    """Return what a build of the simulator's models lacks: the compiler, C++20, make."""
    problems = []
    compiler = find_compiler()
    if compiler is None:
        wanted = os.environ.get("CXX", "").strip() or ", ".join(COMPILERS)
        problems.append(Problem(f"a C++20 compiler (looked for {wanted} on PATH)", "g++", "gcc-c++"))
    elif not _compiles_cxx20(compiler):
        what = (
            f"a C++20 compiler ('{compiler}' fails on {CXX_STANDARD}; GCC 11 and Clang 14 and later take it)"
        )
        problems.append(Problem(what, "g++", "gcc-c++"))
    if shutil.which("make") is None:
        problems.append(Problem("make", "make", "make"))
    return problems


def find_compiler() -> str | None:
    """Return the command of the C++ compiler (the environment variable CXX, or the first found), or None."""
    wanted = os.environ.get("CXX", "").strip()
    candidates = [wanted] if wanted else list(COMPILERS)
    return next((command for command in candidates if shutil.which(command.split()[0])), None)


def browser_problems() -> list[Problem]:
    """Return what the tests of the report's pages lack: a browser of the Chromium family."""
    if find_browser() is not None:
        return []
    wanted = os.environ.get("CHROMIUM", "").strip() or ", ".join(BROWSERS)
    what = f"Chromium or Chrome (looked for {wanted}; the environment variable CHROMIUM names another)"
    return [Problem(what, "chromium", "chromium")]


def find_browser() -> str | None:
    """Return the browser's program (the environment variable CHROMIUM, or the first found), or None."""
    wanted = os.environ.get("CHROMIUM", "").strip()
    return next(filter(None, map(shutil.which, [wanted] if wanted else BROWSERS)), None)


def debian_packages(problems: list[Problem]) -> str:
    """Return the Debian packages that mend these problems, as arguments of ``apt-get install``."""
    return " ".join(dict.fromkeys(problem.debian for problem in problems))


def describe(problems: list[Problem]) -> str:
    """Return the one message that tells what is missing and how to get it on Debian and on Fedora."""
    fedora = " ".join(dict.fromkeys(problem.fedora for problem in problems))
    lines = ["this machine lacks what the project cannot install by itself:"]
    lines += [f"  - {problem.what}" for problem in problems]
    lines += ["Install it, then try again:"]
    lines += [
        f"  Debian, Ubuntu:  apt install {debian_packages(problems)}",
        f"  Fedora:          dnf install {fedora}",
    ]
    return "\n".join(lines)


def find_problems() -> list[Problem]:
    """Return all that is missing."""
    return python_problems() + compiler_problems()


def require() -> None:
    """End the program with that message if anything is missing."""
    problems = find_problems()
    if problems:
        sys.exit("error: " + describe(problems))


def _compiles_cxx20(compiler: str) -> bool:
    command = [*compiler.split(), CXX_STANDARD, "-fsyntax-only", "-x", "c++", "-"]
    done = subprocess.run(command, input=_PROBE.encode(), capture_output=True, check=False)
    return done.returncode == 0


def _has_shared_library(version: str) -> bool:
    """Tell whether cocotb will find libpython; Debian's interpreter itself runs without it."""
    folders = [sysconfig.get_config_var(name) for name in ("LIBDIR", "LIBPL")]
    names = [sysconfig.get_config_var(name) for name in ("INSTSONAME", "LDLIBRARY")]
    for folder in filter(None, folders):
        for name in filter(None, names):
            if ".so" in name and (Path(folder) / name).exists():
                return True
    return ctypes.util.find_library("python" + version) is not None


if __name__ == "__main__":
    print(debian_packages(find_problems()))  # for CI, which may install them

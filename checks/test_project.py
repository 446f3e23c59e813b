"""Pins are complete and exact, and README, CI, `run` and noxfile speak of the same tasks."""

from __future__ import annotations

import ast
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


@pytest.mark.parametrize(
    "name",
    [
        "runner",
        "regress",
        "tests",
        "format",
        "lint",
        "power",
        "capture",
        "accuracy",
        "fidelity",
        "capture_tests",
        "page_tests",
    ],
)
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


IMPORT_NAMES = {
    "cocotb_tools": "cocotb",
    "cocotbext": "cocotbext-axi",
    "ruamel": "ruamel-yaml",
    "PIL": "pillow",
    "sklearn": "scikit-learn",
}
"""Distributions whose import name is not their own."""

TB_OF_REGRESS = (
    "__init__",
    "build_cache",
    "chip",
    "cocotb_simulation",
    "core",
    "host",
    "register_map",
    "toolchain",
)
"""Parts of tb that a regression uses as well; the rest are testbenches of blocks."""

USERS_OF_TORCH = (("regressions", "capture"), ("regressions", "networks"), ("regressions", "training"))
"""Parts of the project that run where PyTorch is installed."""

ROOMS = ("golden", "tb", "regressions", "reports", "benchmarks", "checks")


def group_of(path: Path) -> str:
    """Name the dependency group in whose environment a file runs."""
    parts = path.relative_to(REPO_ROOT).parts
    if path.name == "noxfile.py":
        return "runner"
    if path.name.startswith("test_torch_"):
        return "capture_tests"
    if parts[:3] == ("reports", "tests", "browser"):
        return "page_tests"
    if parts[0] == "checks":
        return "lint"
    if path.name == "conftest.py" or path.name.startswith("test_"):
        return "tests"
    if "tests" in parts:
        return "capture_tests"  # helpers, some of them for the tests of capture alone
    if parts[:3] == ("tb", "chip", "protocol"):
        return "tests"
    if parts[0] == "tb" and parts[1].removesuffix(".py") not in TB_OF_REGRESS:
        return "tests"
    if parts[1:2] == ("accuracy",):
        return "accuracy"
    return "capture" if parts[:2] in USERS_OF_TORCH else "regress"


def imported_packages(path: Path) -> set[str]:
    """Name the distributions that a file imports, those of Python and of this project left out."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            modules.add(node.module.split(".")[0])
    foreign = modules - sys.stdlib_module_names - set(ROOMS)
    return {str(canonicalize_name(IMPORT_NAMES.get(name, name))) for name in foreign}


PYTHON_FILES = sorted(
    [REPO_ROOT / "conftest.py", REPO_ROOT / "noxfile.py"]
    + [path for room in ROOMS for path in (REPO_ROOT / room).rglob("*.py")]
)


@pytest.mark.parametrize("path", PYTHON_FILES, ids=lambda path: path.relative_to(REPO_ROOT).as_posix())
def test_imports_are_in_the_sessions_group(path: Path) -> None:
    """Nothing works only because another package happened to bring it; PyTorch stays where it is."""
    missing = imported_packages(path) - set(group(group_of(path)))
    assert not missing, f"pyproject.toml, group {group_of(path)}: lacks {', '.join(sorted(missing))}"


def module_file(name: str) -> Path | None:
    """Return the file of a module or package of this project; None if it is none."""
    path = REPO_ROOT.joinpath(*name.split("."))
    return next((one for one in (path.with_suffix(".py"), path / "__init__.py") if one.is_file()), None)


def imported_at_once(path: Path) -> set[str]:
    """Name the modules that a file imports as it is imported itself, not when a function of it is called."""
    modules: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module)
            modules.update(f"{node.module}.{alias.name}" for alias in node.names)
    return modules


def packages_of_program(program: str) -> set[str]:
    """Name the distributions that ``python -m PROGRAM`` imports before it reads its options."""
    left, seen, packages = [program, f"{program}.__main__"], set[str](), set[str]()
    while left:
        name = left.pop()
        if name in seen:
            continue
        seen.add(name)
        if name.split(".")[0] not in ROOMS:
            packages.add(name.split(".")[0])
            continue
        left += [name.rpartition(".")[0]] * ("." in name)
        if path := module_file(name):
            left += imported_at_once(path)
    foreign = packages - sys.stdlib_module_names
    return {str(canonicalize_name(IMPORT_NAMES.get(name, name))) for name in foreign}


def programs_of_sessions() -> list[tuple[str, str]]:
    """Return each dependency group that noxfile.py installs, with each program that it runs in it."""
    found = []
    for task in ast.parse((REPO_ROOT / "noxfile.py").read_text(encoding="utf-8")).body:
        if not isinstance(task, ast.FunctionDef):
            continue
        words = [node.value for node in ast.walk(task) if isinstance(node, ast.Constant)]
        calls = [node for node in ast.walk(task) if isinstance(node, ast.Call)]
        installs = [one for one in calls if isinstance(one.func, ast.Name) and one.func.id == "install"]
        groups = {
            node.value for one in installs for node in ast.walk(one.args[1]) if isinstance(node, ast.Constant)
        }
        after = [str(words[at + 1]) for at, word in enumerate(words) if word == "-m"]
        programs = {word for word in after if word.split(".")[0] in ROOMS}
        found += [(str(name), program) for name in groups for program in programs]
    return sorted(found)


@pytest.mark.parametrize(("name", "program"), programs_of_sessions())
def test_a_session_installs_all_that_its_program_imports(name: str, program: str) -> None:
    """A program may begin in the smallest environment that its session makes."""
    missing = packages_of_program(program) - set(group(name))
    assert not missing, f"pyproject.toml, group {name}: {program} imports {', '.join(sorted(missing))}"


def test_programs_of_sessions_are_found() -> None:
    assert {("studies", "reports.fidelity"), ("regress", "reports.regress")} <= set(programs_of_sessions())


ROOM_MAY_IMPORT = {
    "golden": {"golden"},
    "tb": {"golden", "tb"},
    "regressions": {"golden", "tb", "regressions"},
    "reports": {"golden", "tb", "regressions", "reports"},
}


@pytest.mark.parametrize("room", ROOM_MAY_IMPORT)
def test_dependence_goes_one_way(room: str) -> None:
    for path in sorted((REPO_ROOT / room).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        used = set(re.findall(r"^\s*(?:from|import) (\w+)", text, re.MULTILINE)) & set(ROOMS)
        wrong = used - ROOM_MAY_IMPORT[room]
        assert not wrong, (
            f"{path.relative_to(REPO_ROOT)}: {room} may not depend on {', '.join(sorted(wrong))}"
        )


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

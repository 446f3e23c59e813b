"""The rules of the root conftest hold: seeds by name, one rerun command a failure, no skipping."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

import pytest

from tb.toolchain import REPO_ROOT

DRAWS = """
import pytest

def show(name, rng):
    with open(f"{name}.txt", "a") as out:
        out.write(f"{rng.integers(1 << 62)} ")

def test_one(rng):
    show("one", rng)

@pytest.mark.parametrize("value", [1, 2])
def test_two(rng, value):
    show(f"two{value}", rng)

@pytest.mark.xdist_group("shared")
def test_three(rng):
    show("three", rng)
"""
NAMES = ("one", "two1", "two2", "three")


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Empty project under this project's root conftest, started outside of any nox session."""
    pytester.makeconftest((REPO_ROOT / "conftest.py").read_text(encoding="utf-8"))
    monkeypatch.setenv("PYTHONPATH", str(REPO_ROOT))
    monkeypatch.delenv("NOX_CURRENT_SESSION", raising=False)
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    return pytester


def draws(project: pytest.Pytester, *arguments: str) -> dict[str, str]:
    """Run the drawing tests and return what each that ran has drawn."""
    for name in NAMES:
        (project.path / f"{name}.txt").unlink(missing_ok=True)
    assert project.runpytest_subprocess("-p", "no:cacheprovider", *arguments).ret == 0
    files = {name: project.path / f"{name}.txt" for name in NAMES}
    return {name: path.read_text(encoding="utf-8") for name, path in files.items() if path.exists()}


def test_draws_depend_on_name_and_master_seed_alone(project: pytest.Pytester) -> None:
    project.makepyfile(test_draws=DRAWS)
    plain = draws(project)
    assert len(set(plain.values())) == len(NAMES), "two tests draw the same numbers"
    assert draws(project, "--seed", "1") == plain, "the default master seed is 1"
    for arguments in (["-n", "2"], ["-n", "2", "--dist", "loadgroup"], ["-n", "1", "--dist", "worksteal"]):
        assert draws(project, *arguments) == plain
    backwards = ["test_draws.py::test_three", "test_draws.py::test_two", "test_draws.py::test_one"]
    assert draws(project, *backwards) == plain
    assert draws(project, "test_draws.py::test_three") == {"three": plain["three"]}
    other = draws(project, "--seed", "2")
    assert not set(other.values()) & set(plain.values()), "the master seed changes nothing"


FAILURES = """
import pytest

@pytest.mark.parametrize("value", [3, 4])
@pytest.mark.xdist_group("shared")
def test_some(rng, value):
    assert value == 3, f"drew {rng.integers(1 << 62)}"

@pytest.fixture
def broken():
    raise OSError("no set-up")

def test_other(broken):
    pass

def test_fine(rng):
    pass
"""


def rerun_commands(lines: Sequence[str]) -> list[str]:
    """Return the commands that the summary prints."""
    start = next(number for number, line in enumerate(lines) if "rerun one failed test" in line)
    return [line for line in lines[start + 1 :] if line.startswith(("./run ", "python "))]


@pytest.mark.parametrize("distribution", [[], ["-n", "2", "--dist", "loadgroup"]], ids=["here", "spread"])
def test_a_failure_prints_the_command_that_reruns_it_alone(
    project: pytest.Pytester, distribution: list[str]
) -> None:
    project.makepyfile(test_failures=FAILURES)
    result = project.runpytest_subprocess("--seed", "77", *distribution)
    result.assert_outcomes(passed=2, failed=1, errors=1)
    commands = rerun_commands(result.outlines)
    assert sorted(commands) == [
        "python -m pytest 'test_failures.py::test_some[4]' --seed 77",
        "python -m pytest test_failures.py::test_other --seed 77",
    ]
    drawn = re.findall(r"AssertionError: (drew \d+)", result.stdout.str())[0]
    again = project.runpytest_subprocess(*shlex.split(max(commands, key=len))[3:])
    again.assert_outcomes(failed=1)
    again.stdout.fnmatch_lines([f"*{drawn}*"])


def test_the_command_names_the_nox_session(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOX_CURRENT_SESSION", "tests")
    project.makepyfile(test_failures="def test_some():\n    assert False\n")
    commands = rerun_commands(project.runpytest_subprocess().outlines)
    assert commands == ["./run tests -- test_failures.py::test_some --seed 1"]


@pytest.mark.parametrize(
    "body",
    [
        "import pytest\ndef test_some():\n    pytest.skip('not today')\n",
        "import pytest\n@pytest.mark.skipif(True, reason='not today')\ndef test_some():\n    pass\n",
        "import pytest\n@pytest.mark.xfail\ndef test_some():\n    assert False\n",
        "import pytest\n@pytest.mark.xfail\ndef test_some():\n    pass\n",
        "import pytest\npytest.importorskip('not_a_module_at_all')\ndef test_some():\n    pass\n",
    ],
    ids=["skip", "skipif", "xfail", "xpass", "importorskip"],
)
def test_skipping_fails(project: pytest.Pytester, body: str) -> None:
    project.makepyfile(test_skipping=body)
    result = project.runpytest_subprocess()
    assert result.ret != 0
    result.stdout.fnmatch_lines(["*may not be skipped or expected to fail*"])
    outcomes = result.parseoutcomes()
    assert outcomes.get("failed", 0) + outcomes.get("errors", 0) == 1
    assert not set(outcomes) & {"skipped", "xfailed", "xpassed"}


@pytest.mark.parametrize(("option", "prefix"), [("--torch", "test_torch_"), ("--browser", "test_browser_")])
def test_tests_with_needs_of_their_own_run_apart(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, option: str, prefix: str
) -> None:
    """The files that import what not every session has are not even read by a session without it."""
    monkeypatch.setenv("CHROMIUM", "true")  # any program: nothing here starts a browser
    files = {"test_plain": "def test_plain():\n    pass\n"}
    for start in ("test_torch_", "test_browser_"):
        files[f"{start}thing"] = f"import no_such_{start}\ndef test_thing():\n    pass\n"
    project.makepyfile(**files)
    project.runpytest_subprocess().assert_outcomes(passed=1)
    result = project.runpytest_subprocess(option)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*No module named 'no_such_{prefix}'*"])


def test_without_a_browser_its_tests_say_so_at_once(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHROMIUM", "no-such-browser")
    project.makepyfile(test_browser_thing="def test_thing():\n    pass\n")
    result = project.runpytest_subprocess("--browser")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*no-such-browser; the environment variable CHROMIUM names another*"])
    result.stderr.fnmatch_lines(["*apt install chromium*", "*dnf install chromium*"])


def test_the_rerun_command_names_the_option(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHROMIUM", "true")
    project.makepyfile(test_browser_thing="def test_thing():\n    assert False\n")
    commands = rerun_commands(project.runpytest_subprocess("--browser").outlines)
    assert commands == ["python -m pytest test_browser_thing.py::test_thing --seed 1 --browser"]

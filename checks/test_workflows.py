"""The workflows of GitHub and GitLab follow their schemas, and call the tasks that there are."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ruamel.yaml import YAML

from tb.toolchain import REPO_ROOT

GITHUB = sorted((REPO_ROOT / ".github" / "workflows").glob("*.yml"))
GITLAB = REPO_ROOT / ".gitlab-ci.yml"
SCHEMAS = {
    "github": ("vendor.github-workflows", "custom.github-workflows-require-timeout"),
    "gitlab": ("vendor.gitlab-ci",),
}
OFFICIAL = re.compile(r"actions/[a-z-]+(/[a-z-]+)?@v[0-9]+")
"""Actions that GitHub itself keeps, by major version."""
TASK = re.compile(r"(?:- |run: )\./run (\w+)")
SMOKE_LIMIT = 20
"""Minutes that a job of the smoke tier gets: twice what it may take on two cores."""


def kind_of(path: Path) -> str:
    """Return whose workflow a file is."""
    return "gitlab" if path == GITLAB else "github"


def schema_errors(path: Path, schema: str) -> str:
    """Return what the schema says against a file; nothing is fetched, the schemas come with the package."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, "--color", "never"]
    done = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def read(path: Path) -> Any:
    """Return a workflow as plain values."""
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


def github_steps(path: Path) -> list[dict[str, Any]]:
    """Return all steps of a workflow of GitHub."""
    return [step for job in read(path)["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize(
    ("path", "schema"),
    [(path, schema) for path in [*GITHUB, GITLAB] for schema in SCHEMAS[kind_of(path)]],
    ids=lambda value: value.name if isinstance(value, Path) else value,
)
def test_a_workflow_follows_its_schema(path: Path, schema: str) -> None:
    assert schema_errors(path, schema) == ""


@pytest.mark.parametrize(
    ("text", "schema"),
    [
        ("on: push\njobs: {one: {steps: [{run: ls}]}}\n", "vendor.github-workflows"),
        (
            "on: push\njobs: {one: {runs-on: x, steps: [{run: ls}]}}\n",
            "custom.github-workflows-require-timeout",
        ),
        ("job: {script: ls, artifact: {paths: [a]}}\n", "vendor.gitlab-ci"),
    ],
    ids=["no machine", "no time limit", "unknown word"],
)
def test_a_faulty_workflow_is_told(tmp_path: Path, text: str, schema: str) -> None:
    path = tmp_path / "workflow.yml"
    path.write_text(text, encoding="utf-8")
    assert schema_errors(path, schema)


def test_both_run_the_same_tasks() -> None:
    """What a change and a night must pass is the same on both."""
    github = {task for path in GITHUB for task in TASK.findall(path.read_text(encoding="utf-8"))}
    gitlab = set(TASK.findall(GITLAB.read_text(encoding="utf-8")))
    assert github == gitlab == {"lint", "smoke", "nightly"}


def test_only_official_actions_by_major_version() -> None:
    used = [step["uses"] for path in GITHUB for step in github_steps(path) if "uses" in step]
    assert used
    assert [name for name in used if not OFFICIAL.fullmatch(name)] == []


def test_the_smoke_tier_has_a_time_limit() -> None:
    (change,) = [read(path) for path in GITHUB if path.name == "change.yml"]
    assert change["jobs"]["smoke"]["timeout-minutes"] <= SMOKE_LIMIT
    assert read(GITLAB)["smoke"]["timeout"] == f"{SMOKE_LIMIT} minutes"


@pytest.mark.parametrize("path", GITHUB, ids=lambda path: path.name)
def test_what_takes_too_long_on_github_leaves_its_report(path: Path) -> None:
    """A job at its limit is cancelled with all that follows; a step at its own limit fails."""
    for name, job in read(path)["jobs"].items():
        uploads = [step for step in job["steps"] if "upload-artifact" in step.get("uses", "")]
        tasks = [step for step in job["steps"] if step.get("run", "").startswith("./run ")]
        for step in tasks if uploads else ():
            assert step.get("timeout-minutes", job["timeout-minutes"]) < job["timeout-minutes"], name


@pytest.mark.parametrize("name", ["smoke", "nightly"])
def test_what_takes_too_long_on_gitlab_leaves_its_report(name: str) -> None:
    job = read(GITLAB)[name]
    assert minutes(job["variables"]["RUNNER_SCRIPT_TIMEOUT"]) < minutes(job["timeout"])


def minutes(time: str) -> int:
    """Return a time of GitLab in minutes: ``20 minutes``, ``5h30m``."""
    factors = {"h": 60, "m": 1}
    return sum(int(number) * factors[unit] for number, unit in re.findall(r"([0-9]+) ?([hm])", time))


@pytest.mark.parametrize("path", GITHUB, ids=lambda path: path.name)
def test_what_a_cache_leaves_out_lies_as_deep_as_what_it_takes(path: Path) -> None:
    """GitHub takes a folder whole: it leaves something out only of what patterns list one by one."""
    for step in github_steps(path):
        paths = str(step.get("with", {}).get("path", "")).split()
        for left_out in (one[1:] for one in paths if one.startswith("!")):
            assert any(Path(left_out).match(one) for one in paths if not one.startswith("!")), left_out


BEFORE = {"known": "{first}", "none": "0" * 40, "no push": ""}
"""What CI says was there before a push, of a repository's first commit."""


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_the_gate_sees_the_baseline_that_a_change_goes_on_top_of(
    tmp_path: Path, forge: str, before: str
) -> None:
    """A change that commits a worse baseline, or commits on top of that, must not hide it."""

    def do(*words: str, **more: str) -> str:
        env = {name: value for name, value in os.environ.items() if not name.startswith("CI_")} | more
        done = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    do("git", "init", "-q")
    for at in range(3):
        who = ("-c", "user.name=a", "-c", "user.email=a@b")
        do("git", *who, "commit", "-q", "--allow-empty", "-m", str(at))
    first = do("git", "rev-parse", "HEAD~2")
    (tmp_path / "run").write_text('#!/bin/sh\necho "$3"\n', encoding="utf-8")
    (tmp_path / "run").chmod(0o755)
    given = BEFORE[before].format(first=first)
    if forge == "github":
        (change,) = [read(path) for path in GITHUB if path.name == "change.yml"]
        steps = change["jobs"]["smoke"]["steps"]
        assert [one["with"]["fetch-depth"] for one in steps if "checkout" in one.get("uses", "")] == [0]
        (since,) = [one for one in steps if one.get("id") == "since"]
        assert [one for one in steps if "--since ${{ steps.since.outputs.ref }}" in one.get("run", "")]
        do("bash", "-e", "-c", since["run"], BEFORE=given, GITHUB_OUTPUT="output")
        told = (tmp_path / "output").read_text(encoding="utf-8").strip().removeprefix("ref=")
    else:
        smoke = read(GITLAB)["smoke"]
        assert smoke["variables"]["GIT_DEPTH"] == "0"
        told = do("bash", "-e", "-c", "\n".join(smoke["script"]), CI_COMMIT_BEFORE_SHA=given)
    assert told == (first if before == "known" else "HEAD^1")


def test_what_caches_models_prunes_them() -> None:
    """Or the cache grows from change to change, until it is too large to be kept."""
    for path in GITHUB:
        for job in read(path)["jobs"].values():
            steps = job["steps"]
            if any("build/" in str(step.get("with", {}).get("path", "")) for step in steps):
                assert any("--prune" in step.get("run", "") for step in steps), path.name
    jobs = [job for job in read(GITLAB).values() if isinstance(job, dict) and "cache" in job]
    cached = [job for job in jobs if "build/" in job["cache"]["paths"]]
    assert cached
    assert all(any("--prune" in line for line in job["script"]) for job in cached)


def test_a_lost_history_is_told() -> None:
    (night,) = [read(path) for path in GITHUB if path.name == "night.yml"]
    steps = night["jobs"]["nightly"]["steps"]
    (restore,) = [step for step in steps if "cache/restore" in step.get("uses", "")]
    (told,) = [step for step in steps if "::warning" in step.get("run", "")]
    assert f"steps.{restore['id']}.outputs.cache-matched-key == ''" in told["if"]


@cache
def noxfile() -> ModuleType:
    """Return noxfile.py as a module."""
    spec = importlib.util.spec_from_file_location("project_noxfile", REPO_ROOT / "noxfile.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tests_leave_what_both_publish() -> None:
    module = noxfile()
    written = [str(path) for path in module.JUNIT.values()]
    night = {word.partition("=")[2] for task in module.NIGHTLY for word in task if "--junitxml" in word}
    assert night == set(written)
    patterns = read(GITLAB)[".report"]["artifacts"]["reports"]["junit"]
    assert all(any(fnmatch(one, pattern) for pattern in patterns) for one in written)
    for path in GITHUB:
        uploaded = [
            step["with"]["path"] for step in github_steps(path) if "upload-artifact" in step.get("uses", "")
        ]
        assert uploaded == [f"{module.REPORTS}/"], path.name


def test_the_baseline_holds_the_runs_of_a_night() -> None:
    """Of each preset one at least: else the gate of each night ends with an error, whatever was measured."""
    held = json.loads((REPO_ROOT / "reports" / "baseline.json").read_text(encoding="utf-8"))
    presets = {key.split()[1] for key in held["runs"] if key.startswith("replay ")}
    assert set(noxfile().NIGHTLY_PRESETS) <= presets


@pytest.mark.parametrize("passes", [True, False])
def test_what_smoke_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, passes: bool) -> None:
    """Its own arguments are taken out, the others are the regression's; a run that failed prunes nothing."""
    module = noxfile()
    commands: list[tuple[str, ...]] = []

    class Session:
        posargs = ("--since", "HEAD^1", "--layers", "fc", "--prune")

        def run(self, *command: str, **_: object) -> None:
            commands.append(command)
            if command[0] == "pytest" and not passes:
                raise module.nox.command.CommandFailed

        def error(self, *words: object) -> None:
            raise AssertionError(words)

    monkeypatch.setattr(module, "install", lambda session, group: None)
    monkeypatch.setattr(module, "forget_latest", lambda: None)
    monkeypatch.setattr(module, "JUNIT", {name: tmp_path / f"{name}.xml" for name in module.JUNIT})
    (tmp_path / "tests.xml").touch()
    if passes:
        module.smoke(Session())
    else:
        with pytest.raises(AssertionError, match="pytest"):
            module.smoke(Session())
    regress, gate, tests, *prune = commands
    assert regress[2:] == ("reports.regress", "--triage-seconds", "15", "--layers", "fc")
    assert gate[-1] == "--since=HEAD^1"
    assert f"--junitxml={tmp_path / 'tests.xml'}" in tests
    assert not (tmp_path / "tests.xml").exists(), "one of earlier tests must not pass for this one"
    assert [one[2] for one in prune] == ["regressions.unused_models"] * passes


def test_the_smoke_tier_names_tests_that_there_are() -> None:
    lines = (REPO_ROOT / "tb" / "smoke.txt").read_text(encoding="utf-8").splitlines()
    chosen = [line for line in lines if line and not line.startswith("#")]
    assert chosen
    missing = []
    for line in chosen:
        name = line.removeprefix("--ignore=").removeprefix("--deselect=")
        path, _, test = name.partition("::")
        file = REPO_ROOT / path
        known = file.exists() and (not test or f"def {test.partition('[')[0]}(" in file.read_text("utf-8"))
        missing += [] if known else [line]
    assert not missing, f"tb/smoke.txt: no such test: {', '.join(missing)}"


def test_a_night_runs_tasks_that_there_are() -> None:
    text = (REPO_ROOT / "noxfile.py").read_text(encoding="utf-8")
    table = text.split("NIGHTLY: ")[1].split('"""')[0]
    tasks = set(re.findall(r'\("(\w+)"', table))
    listed = (REPO_ROOT / "run").read_text(encoding="utf-8").split("TASKS = (")[1].split(")")[0]
    assert tasks
    assert tasks <= set(re.findall(r'"(\w+)"', listed))

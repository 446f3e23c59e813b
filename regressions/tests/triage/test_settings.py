"""The options of triage, and the commands that carry them."""

from __future__ import annotations

import re

import pytest

from golden.geometry import Step
from regressions.iteration import parse_iteration
from regressions.option_error import OptionError
from regressions.options import parse, rerun_command
from regressions.triage.settings import TriageSettings


def test_triage_is_on_by_default() -> None:
    assert parse([]).triage == TriageSettings(seconds=90, trials=600, before=200, after=50)
    assert parse_iteration([]).triage == TriageSettings()
    assert parse(["--no-triage"]).triage is None


@pytest.mark.parametrize("words", [[], ["--no-triage"], ["--triage-seconds", "7.5", "--window", "10:0"]])
def test_a_rerun_keeps_the_options(words: list[str]) -> None:
    options = parse(words)
    command = rerun_command(options, "fc", Step.FP)
    assert parse(command.split()[2:]).triage == options.triage
    assert all(word in command for word in words)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--window", "200"], "--window 200: give cycles before and after the first mismatch, as in 200:50"),
        (["--window", "a:b"], "--window a:b: give cycles before and after"),
        (["--triage-seconds", "0"], "--triage-seconds 0: give more than 0"),
        (["--triage-seconds", "nan"], "--triage-seconds nan: give more than 0"),
    ],
)
def test_values_out_of_place(words: list[str], message: str) -> None:
    with pytest.raises(OptionError, match=re.escape(message)):
        parse(words)

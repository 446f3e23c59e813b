"""The row about training accuracy, from the accuracy study's document in the same folder of reports."""

from __future__ import annotations

import json
from pathlib import Path

from regressions.accuracy.records import AccuracyStudy, Comparison
from regressions.run import shown
from reports import published
from reports.accuracy import document
from reports.accuracy.figures import chip_row
from reports.fidelity.row import RESNET, SSCL, Row, Standing
from reports.text import MISSING, percent, signed_percent

COMMAND = "./run accuracy"
DIGITS = 2


def accuracy_row(out: Path) -> Row:
    """Return the row; `out` is the folder of reports. A document that cannot be read measures nothing."""
    path = out / document.FOLDER / document.DOCUMENT
    try:
        study = document.read(json.loads(path.read_text(encoding="utf-8")), str(shown(path)))
    except FileNotFoundError:
        return _unmeasured(f"{COMMAND} measures it")
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        return _unmeasured(f"{shown(path)}: is no JSON: {error}; make it anew with {COMMAND}")
    except (OSError, ValueError) as error:
        return _unmeasured(str(error))
    return _row(study)


def _row(study: AccuracyStudy) -> Row:
    chip = chip_row(study)
    found = chip.comparison if chip is not None else None
    if chip is None or found is None or found.difference is None:
        return _unmeasured(f"no pair of runs in the chip's own format and in FP32 came to its end: {COMMAND}")
    model = study.run.settings.get("model", "unknown network")
    data = study.run.settings.get("dataset", "unknown data")
    width = study.run.settings.get("width", "unknown")
    interval = (
        MISSING
        if found.low is None or found.high is None
        else f"{signed_percent(found.low, DIGITS)} to {signed_percent(found.high, DIGITS)}"
    )
    return _made(
        [
            ("test accuracy less FP32's, mean", signed_percent(found.difference, DIGITS)),
            ("its 95\u202f% interval", interval),
            ("p", MISSING if found.p is None else f"{found.p:.2g}"),
            ("pairs of runs", str(len(found.seeds))),
        ],
        f"{chip.info.label} against FP32 by seed, {model} of width {width} on {data}; the study began "
        f"{study.run.started[:10]}",
        *_judge(found, chip.summary.diverged, model),
    )


def _judge(found: Comparison, diverged: int, model: str) -> tuple[Standing, str]:
    """Return how the finding stands: a loss is one that the interval holds no zero of."""
    assert found.difference is not None
    if diverged:
        return Standing.OPEN, f"{diverged} of its runs diverged"
    if model != RESNET:
        return Standing.PARTIAL, f"published of ResNet-18; these runs are of {model}"
    if len(found.seeds) < 2:
        return Standing.PARTIAL, "one pair of runs has no spread: no difference can be told from chance"
    most = found.difference if found.high is None else found.high
    if most < 0:
        return Standing.OPEN, "accuracy is lost: the interval lies below zero"
    if found.low is None or found.low >= 0:
        return Standing.AGREES, ""
    return (
        Standing.AGREES,
        f"no loss beyond chance; one of up to {percent(-found.low, DIGITS)} would fit, too",
    )


def _unmeasured(reason: str) -> Row:
    return _made([], "paired trainings in the chip's own format and in FP32", Standing.UNMEASURED, reason)


def _made(ours: list[tuple[str, str]], how: str, standing: Standing, reason: str) -> Row:
    return Row("Training accuracy with FGMP", published.ACCURACY, SSCL, ours, how, COMMAND, standing, reason)

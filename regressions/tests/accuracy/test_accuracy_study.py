"""The study over made-up trainings: runs are kept, never mixed, and compared pair by pair."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from regressions.accuracy import runs, workers
from regressions.accuracy.options import AccuracyOptions, parse_accuracy
from regressions.accuracy.records import AccuracyStudy, Ending, Metric, Outcome, Place
from regressions.accuracy.runs import code_digest, held, home_of, key, units
from regressions.accuracy.study import run
from regressions.accuracy.workers import TrainingFailedError
from regressions.option_error import OptionError
from regressions.tests.accuracy import fake_training
from regressions.tests.accuracy.fake_training import WILL, made_up
from regressions.training.options import OPTIMIZERS
from regressions.training.record import NAME
from tb.toolchain import REPO_ROOT

FORMATS = ["--formats", "fp16", "fgmp"]


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs end at once."""
    monkeypatch.setattr(workers, "PROGRAM", fake_training.__name__)
    monkeypatch.setattr(runs, "torch_version", lambda: "none")
    monkeypatch.setattr("regressions.accuracy.study.torch_version", lambda: "none")


def options_of(folder: Path, *more: str) -> AccuracyOptions:
    return parse_accuracy(["--runs", str(folder / "runs"), "--out", str(folder), "--seeds", "1", "2", *more])


def put(options: AccuracyOptions, diverged: tuple[str, int] | None = None) -> None:
    """Store all runs of a study without training them."""
    for unit in units(options, home_of(options, key(options.training))):
        unit.folder.mkdir(parents=True, exist_ok=True)
        record = made_up(unit.options, (unit.format.name, unit.seed) == diverged)
        (unit.folder / NAME).write_text(record.to_json(), encoding="utf-8")


def study_of(options: AccuracyOptions) -> tuple[AccuracyStudy, list[str]]:
    said: list[str] = []
    return run(options, said.append), said


def figures(study: AccuracyStudy) -> AccuracyStudy:
    """All of a study but when and how long."""
    return replace(study, run=replace(study.run, started="", wall_s=0.0, command=""))


def test_what_was_stopped_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One worker and a failure in the middle, then two: the same study as in one go, no run trained twice."""
    options = options_of(tmp_path, *FORMATS, "--workers", "1")
    monkeypatch.setenv(WILL, "fgmp=fail")
    with pytest.raises(TrainingFailedError) as caught:
        run(options, lambda _: None)
    message = str(caught.value)
    assert message.startswith("fgmp:share=0.2, seed 1: --dataset nothing: is not a known data set. Remedy:")
    assert "what has ended is kept: the same command goes on" in message
    monkeypatch.delenv(WILL)
    kept = sorted((tmp_path / "runs").rglob(NAME))
    assert len(kept) == 2
    times = [path.stat().st_mtime_ns for path in kept]
    two, said = study_of(replace(options, workers=2))
    assert [path.stat().st_mtime_ns for path in kept] == times
    assert said[0].startswith("6 runs, 2 of them in ")
    assert len([line for line in said if line.startswith("[")]) == 4
    assert said.count("note: the files are few") == 1
    shutil.rmtree(tmp_path / "runs")
    put(options)
    assert figures(run(replace(options, train=False), lambda _: None)) == figures(two)


def test_a_diverged_run_is_a_result(tmp_path: Path) -> None:
    options = options_of(tmp_path, *FORMATS, "--no-training")
    put(options, diverged=("fgmp:share=0.2", 2))
    study = run(options, lambda _: None)
    assert study.missing == []
    one = study.of("fgmp:share=0.2")[1]
    assert (one.ending, one.accuracy, one.loss) == (Ending.DIVERGED, None, None)
    assert one.message == "the loss is nan in iteration 16"
    assert len(one.losses) == 15
    summary = next(found for found in study.summaries if found.format == "fgmp:share=0.2")
    assert (summary.finished, summary.diverged, summary.deviation) == (1, 1, None)
    compared = next(found for found in study.comparisons if found.format == "fgmp:share=0.2")
    assert (compared.seeds, compared.p, compared.p_signs, compared.place) == ([1], None, 1.0, None)
    assert study.verdict.outcome is Outcome.FAIL


def test_runs_of_other_settings_are_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = options_of(tmp_path, *FORMATS)
    put(options)
    assert study_of(options)[1] == [
        f"6 runs, 6 of them in {home_of(options, key(options.training))} already; {options.workers} at a time"
    ]
    for other in (["--batch", "8"], ["--width", "32"], ["--epochs", "9"]):
        with pytest.raises(OptionError, match=r"--no-training: .* holds none of these runs"):
            run(options_of(tmp_path, *FORMATS, "--no-training", *other), lambda _: None)
    before = key(options.training)
    monkeypatch.setitem(OPTIMIZERS, "sgd", 0.07)  # a default that is in no code that counts
    assert key(options.training) != before
    monkeypatch.setitem(OPTIMIZERS, "sgd", 0.05)
    assert key(options_of(tmp_path, "--learning-rate", "0.05").training) == before
    monkeypatch.setattr(runs, "torch_version", lambda: "other")
    assert key(options.training) != before
    monkeypatch.setattr(runs, "torch_version", lambda: "none")
    monkeypatch.setattr(runs, "code_digest", lambda: "other")
    assert key(options.training) != before


def test_more_seeds_and_formats_cost_their_own_runs(tmp_path: Path) -> None:
    put(options_of(tmp_path, *FORMATS))
    more = options_of(tmp_path, "--formats", "fp8-e4m3", "fgmp", "--seeds", "1", "2", "3", "--no-training")
    study = run(more, lambda _: None)
    assert study.missing == ["fp8-e4m3, seed 1", "fp8-e4m3, seed 2"] + [
        f"{name}, seed 3" for name in ("fp32", "fp8-e4m3", "fgmp:share=0.2")
    ]
    assert [one.format for one in study.results] == ["fp32"] * 2 + ["fgmp:share=0.2"] * 2
    assert study.verdict.outcome is Outcome.FAIL
    assert study.verdict.reason == "fgmp:share=0.2: 2 runs of it or of FP32 not there"


def test_comparisons_by_hand(tmp_path: Path) -> None:
    options = options_of(tmp_path, "--formats", "fp8-e4m3", "fgmp", "--no-training")
    put(options)
    study = run(options, lambda _: None)
    by_name = {one.format: one for one in study.comparisons if one.metric is Metric.ACCURACY}
    fp8 = by_name["fp8-e4m3"]
    assert fp8.difference == pytest.approx(-0.02, abs=1e-6)
    assert (fp8.seeds, fp8.place) == ([1, 2], Place.BELOW)
    assert by_name["fgmp:share=0.2"].place is Place.WITHIN
    assert study.verdict.outcome is Outcome.PASS
    runs_ = study.of("fp32")
    assert runs_[0].loss == pytest.approx(sum(runs_[0].losses[-5:]) / 5), "the last epoch: 80 images by 16"
    assert runs_[0].accuracy == runs_[0].tests[-1].accuracy
    assert study.run.iterations == 30
    assert [point.fp16 for point in study.of("fgmp:share=0.2")[0].shares if point.tensor == "W"] == [
        81,
        90,
        100,
        110,
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "is damaged (TrainingError)"),
        ("cut", "is damaged (TrainingError)"),
        (None, "is a run of other options; delete its folder, or train with --fresh"),
    ],
)
def test_damaged_and_foreign_runs_are_named(tmp_path: Path, text: str | None, message: str) -> None:
    options = options_of(tmp_path, *FORMATS)
    put(options)
    unit = units(options, home_of(options, key(options.training)))[1]
    path = unit.folder / NAME
    if text is None:
        record = json.loads(path.read_text(encoding="utf-8"))
        record["recipe"]["batch"] = 99
        text = json.dumps(record)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(OptionError) as caught:
        run(options, lambda _: None)
    assert str(caught.value).startswith(f"{path}: {message}")


def test_fresh_runs_forget_the_old(tmp_path: Path) -> None:
    options = options_of(tmp_path, "--formats", "fp16", "--seeds", "3")
    put(options, diverged=("fp16", 3))
    assert [one.ending for one in study_of(options)[0].results] == [Ending.FINISHED, Ending.DIVERGED]
    fresh, said = study_of(replace(options, fresh=True))
    assert said[0].startswith("2 runs, 0 of them")
    assert [one.ending for one in fresh.results] == [Ending.FINISHED] * 2


def test_two_studies_keep_out_of_each_others_way(tmp_path: Path) -> None:
    options = options_of(tmp_path, *FORMATS)
    home = home_of(options, key(options.training))
    with held(home, options.training), pytest.raises(OptionError, match="another study of these settings"):
        run(options, lambda _: None)
    put(options)
    assert run(options, lambda _: None).missing == []


def test_an_interruption_ends_the_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first run ends; at that moment the user stops the study, in which another one runs."""
    monkeypatch.setenv(WILL, "fp16=sleep")
    started: list[int] = []
    start = workers._start

    def noted(unit: runs.Unit) -> workers._Running:
        running = start(unit)
        started.append(running.process.pid)
        return running

    def stop(line: str) -> None:
        if line.startswith("["):
            raise KeyboardInterrupt

    monkeypatch.setattr(workers, "_start", noted)
    with pytest.raises(KeyboardInterrupt):
        run(options_of(tmp_path, *FORMATS, "--workers", "2"), stop)
    assert len(started) == 2
    assert not any(Path(f"/proc/{process}").exists() for process in started)


def test_without_pytorch_nothing_is_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regressions.accuracy.study.torch_version", lambda: None)
    with pytest.raises(OptionError, match=r"PyTorch is not installed .* \./run accuracy, which installs it"):
        run(options_of(tmp_path, *FORMATS), lambda _: None)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("", encoding="utf-8")
    with pytest.raises(RuntimeError, match=r"runs/\w+: cannot be written: .*--runs"):
        run(options_of(tmp_path, *FORMATS), lambda _: None)


def test_runs_of_other_images_are_not_taken(tmp_path: Path) -> None:
    """The folder's path is the same, its files are not."""
    (tmp_path / "cifar").mkdir()
    for name in ("data_batch_1.bin", "test_batch.bin"):
        (tmp_path / "cifar" / name).write_bytes(bytes(3073))
    options = options_of(tmp_path, "--formats", "fp16", "--dataset", "cifar10", str(tmp_path / "cifar"))
    put(options)
    assert run(replace(options, train=False), lambda _: None).missing == []
    (tmp_path / "cifar" / "test_batch.bin").write_bytes(bytes(3072) + b"1")
    with pytest.raises(OptionError, match=r"--no-training: .* holds none of these runs"):
        run(replace(options, train=False), lambda _: None)
    (tmp_path / "cifar" / "test_batch.bin").unlink()
    with pytest.raises(OptionError, match=r"cifar: has no test_batch\.bin"):
        run(options, lambda _: None)


def test_code_counts_comments_do_not(tmp_path: Path) -> None:
    for place in runs.CODE:
        source = REPO_ROOT / place
        if source.is_file():
            (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, tmp_path / place)
        else:
            shutil.copytree(source, tmp_path / place)
    same = code_digest()
    assert code_digest(tmp_path) == same
    program = tmp_path / "regressions" / "training" / "emulation.py"
    text = program.read_text(encoding="utf-8")
    program.write_text(
        f"# A remark.\n{text.replace('Products by PyTorch', 'PRODUCTS by PyTorch')}", encoding="utf-8"
    )
    assert code_digest(tmp_path) == same
    (tmp_path / "regressions" / "training" / "cli.py").write_text("pass\n", encoding="utf-8")
    assert code_digest(tmp_path) == same
    program.write_text(text.replace("torch.float16", "torch.bfloat16"), encoding="utf-8")
    assert code_digest(tmp_path) != same
    program.write_text(text, encoding="utf-8")
    network = tmp_path / "regressions" / "networks" / "vgg.py"
    network.write_text(f"{network.read_text(encoding='utf-8')}\nMORE = 1\n", encoding="utf-8")
    assert code_digest(tmp_path) != same

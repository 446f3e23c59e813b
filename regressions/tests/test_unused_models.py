"""What a run did not use leaves the cache of models, and nothing else does."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from regressions import unused_models
from regressions.unused_models import delete_unused_since
from tb.build_cache import LOG, OBJECTS, STAMP, UNUSED_DAYS

NOW = 1_700_000_000.0
BEFORE, AFTER = NOW - 60, NOW + 60


def build(folder: Path, *, built: float, used: float | None) -> Path:
    """Make a build; None: it failed."""
    folder.mkdir(parents=True)
    (folder / "model.so").write_bytes(bytes(100))
    for name, moment in ((LOG, built), (STAMP, used)):
        if moment is not None:
            (folder / name).touch()
            os.utime(folder / name, (moment, moment))
    return folder


def test_only_what_was_not_used_goes(tmp_path: Path) -> None:
    kept = [
        build(tmp_path / "found", built=BEFORE, used=AFTER),
        build(tmp_path / "made", built=AFTER, used=AFTER),
        build(tmp_path / "generated" / "registers", built=BEFORE, used=AFTER),
        build(tmp_path / "failed-now", built=AFTER, used=None),
    ]
    gone = [
        build(tmp_path / "old", built=BEFORE, used=BEFORE),
        build(tmp_path / "failed", built=BEFORE, used=None),
        build(tmp_path / "generated" / "old-registers", built=BEFORE, used=BEFORE),
    ]
    traces = tmp_path / "traces" / "sample.safetensors"
    traces.parent.mkdir()
    traces.touch()
    os.utime(traces, (BEFORE, BEFORE))
    assert delete_unused_since(tmp_path, NOW) == (3, 300)
    assert all(folder.exists() for folder in kept)
    assert not any(folder.exists() for folder in gone)
    assert traces.exists()
    assert delete_unused_since(tmp_path, NOW) == (0, 0)


def test_shared_objects_go_by_age(tmp_path: Path) -> None:
    old, new = (tmp_path / OBJECTS / name for name in ("old", "new"))
    for folder, age in ((old, UNUSED_DAYS + 1), (new, 1)):
        folder.mkdir(parents=True)
        os.utime(folder, (NOW - age * 86400, NOW - age * 86400))
    assert delete_unused_since(tmp_path, NOW)[0] == 1
    assert new.exists()
    assert not old.exists()


def test_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(unused_models, "BUILD_ROOT", tmp_path)
    build(tmp_path / "old", built=BEFORE, used=BEFORE)
    unused_models.main(["--since", str(NOW)])
    assert capsys.readouterr().out == "build: 1 models that this run did not use are deleted, 0.0 MiB\n"
    with pytest.raises(SystemExit):
        unused_models.main(["--since", str(time.time() + 3600)])

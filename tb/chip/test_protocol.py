"""The chip at its pins, against the bus models of cocotbext-axi."""

from __future__ import annotations

from pathlib import Path

from tb.chip.build import run_bench


def test_chip_between_foreign_models(tmp_path: Path, seed: int) -> None:
    run_bench("chip_bench", "tb.chip.protocol.chip_cases", tmp_path, seed)

"""The memory model and the rules of its link, against the master of cocotbext-axi."""

from __future__ import annotations

from pathlib import Path

from tb.chip.build import run_bench


def test_memory_model(tmp_path: Path, seed: int) -> None:
    run_bench("axi_memory_bench", "tb.chip.protocol.memory_cases", tmp_path, seed)

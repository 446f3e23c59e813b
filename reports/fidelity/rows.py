"""All rows: each published figure beside ours, how it was measured, and why the two differ."""

from __future__ import annotations

from pathlib import Path

from regressions.fidelity.records import FidelityStudy
from reports.fidelity import core_rows, network_rows
from reports.fidelity.accuracy_row import accuracy_row
from reports.fidelity.row import Row


def rows(study: FidelityStudy, out: Path) -> list[Row]:
    """Return all rows; `out` is the folder of reports, in which the accuracy study may lie."""
    return [
        network_rows.zero_macs_row(study),
        network_rows.input_sparsity_row(study),
        network_rows.fp8_share_row(study),
        network_rows.data_share_row(study),
        network_rows.saved_row(study),
        core_rows.over_dense_row(study),
        core_rows.over_sparse_row(study),
        core_rows.over_no_balancer_row(study),
        core_rows.fp8_energy_row(study),
        core_rows.efficiency_row(study),
        core_rows.power_row(study),
        core_rows.sram_row(),
        core_rows.peak_row(study),
        core_rows.clock_row(),
        core_rows.die_row(),
        accuracy_row(out),
    ]

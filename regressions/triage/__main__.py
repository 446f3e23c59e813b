"""Rerun one reproducer that triage wrote (`./run triage FILE`).

Exit status: 1 while the case fails, 0 when it no longer does, 2 if it could not be run.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from golden.presets import find_preset
from regressions.problems import KNOWN
from regressions.triage.bench import Bench, build
from regressions.triage.case import Case, CaseError
from regressions.triage.examine import FIRST_RUN_S, write_waves
from regressions.triage.finding import Finding
from regressions.triage.records import Waves
from regressions.triage.settings import TriageSettings, add_window_option, parse_window
from regressions.triage.worker import UNFIT
from tb.toolchain import RTL_ROOT

DESCRIPTION = """\
Run one failing case again, which a regression has shrunk and kept: its operands and settings are in the
file, what is right is computed anew. Exit status: 1 while it fails, 0 when it no longer does, 2 if it could
not be run.
"""
NOT_RUN = 2
PERIOD_NS = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    values = _make_parser().parse_args(arguments)
    try:
        before, after = parse_window(values.window)
        settings = TriageSettings(before=before, after=after)
        case = Case.load(values.case)
        finding, waves = _run(case, values.rtl.resolve(), settings, values.waves)
    except (*KNOWN, CaseError) as error:
        print(f"error: {error}", file=sys.stderr)
        return NOT_RUN
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return NOT_RUN
    if finding.symptom is not None and finding.symptom.kind == UNFIT:
        print(f"error: {values.case}: cannot be run: {finding.message}", file=sys.stderr)
        return NOT_RUN
    for line in lines(case, finding, waves):
        print(line)
    return 0 if finding.symptom is None else 1


def _run(case: Case, rtl: Path, settings: TriageSettings, path: Path | None) -> tuple[Finding, Waves | None]:
    preset = find_preset(case.source.preset)
    chip, gated = case.chip is not None, case.chip is not None and case.chip.slow_core is not None
    print(f"triage: building preset {preset.name}, unless it is built already", file=sys.stderr, flush=True)
    library = build(preset, chip=chip, gated=gated, rtl=rtl).artifact
    with (
        tempfile.TemporaryDirectory(prefix="triage-") as folder,
        Bench(library, preset.name, chip=chip, gated=gated, folder=Path(folder)) as bench,
    ):
        finding = bench.run(case, FIRST_RUN_S)
        waves = None
        if path is not None and finding.symptom is not None:
            waves = write_waves(case, finding, bench, settings, path.resolve())
        return finding, waves


def lines(case: Case, finding: Finding, waves: Waves | None) -> list[str]:
    """Say what came of a case."""
    source, geometry = case.source, case.source.geometry
    shape = (
        f"{source.step} of {geometry.batch} x {geometry.in_channels}x{geometry.in_height}x"
        f"{geometry.in_width} to {geometry.out_channels} channels, {geometry.kernel}x{geometry.kernel} kernel"
    )
    text = [f"{case.origin}, bucket {case.bucket}: {shape}, on preset {source.preset}"]
    if finding.symptom is None:
        return [*text, f"PASS  every bit and every counter is the golden model's ({finding.cycles:,} cycles)"]
    alike = case.symptom.joined(finding.symptom) is not None
    text.append(f"FAIL  {finding.message.splitlines()[0] if finding.message else finding.symptom.reason}")
    text.append(f"      {'as in its bucket' if alike else f'not as in its bucket: {finding.symptom.reason}'}")
    if finding.at:
        launch = f" of launch {finding.launch}" if finding.launch else ""
        text.append(f"      cycle {finding.at:,}{launch} ({finding.at * PERIOD_NS:,} ns): {finding.event}")
    if waves is not None:
        text.append(f"waves: {waves.file} (cycles {waves.first:,} to {waves.last:,})")
    return text


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./run triage", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "case", type=Path, metavar="FILE", help="reproducer, as a report of failures names it"
    )
    parser.add_argument(
        "--rtl", type=Path, default=RTL_ROOT, metavar="FOLDER", help="design to run it on (default: rtl/)"
    )
    parser.add_argument("--waves", type=Path, metavar="FILE", help="write waves (VCD) around the mismatch")
    add_window_option(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
